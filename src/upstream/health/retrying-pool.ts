/** A pool that sends failed requests again: to another target first, within the budget of the upstream. */
import type { Pool } from '../http/pool.ts';
import type { ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { retryReason } from './outcome.ts';
import { RetriedRequest } from './retried-request.ts';
import { RetryBudget } from './retry-budget.ts';
import type { RetryPolicy, RetryReason, RetrySettings, TryPosition } from './retry-settings.ts';

type RetryStatus = Extract<RetryReason, number>;

const isRetryStatus = (status: number): status is RetryStatus => [500, 502, 503, 504].includes(status);

export interface RetryingPoolParts {
  readonly pool: Pool;
  readonly settings: RetrySettings;
  /** Time limit of the head of a response without retries; 0 is none. */
  readonly headTimeout: number;
  /** Time limit of all tries until the head of the response; 0 is none. */
  readonly total: number;
  readonly clock: () => number;
  /** A retry is sent, or would have been if the budget were not exhausted. */
  onRetry(reason: RetryReason, outcome: 'sent' | 'over_budget'): void;
}

/** Decides on the retries of all requests of one upstream. */
export class RetryingPool implements Pool, RetryPolicy {
  readonly #parts: RetryingPoolParts;
  readonly #on: ReadonlySet<RetryReason>;
  readonly #budget: RetryBudget;

  constructor(parts: RetryingPoolParts) {
    this.#parts = parts;
    this.#on = new Set(parts.settings.on);
    this.#budget = new RetryBudget(parts.settings.budget);
  }

  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    const now = this.#parts.clock();
    this.#budget.onRequest(now);
    new RetriedRequest(this, request, handler, now).send();
  }

  destroy(): void {
    this.#parts.pool.destroy();
  }

  sendTry(request: UpstreamRequest, handler: ResponseHandler, { startedAt, retries }: TryPosition): void {
    const headTimeout = this.#headTimeout(request, startedAt, retries);
    this.#parts.pool.dispatch(headTimeout === undefined ? request : { ...request, headTimeout }, handler);
  }

  reasonAfterError(
    error: Error,
    sent: boolean,
    request: UpstreamRequest,
    position: TryPosition,
  ): RetryReason | undefined {
    const reason = retryReason(error, sent);
    return reason === undefined || (sent && !request.repeatable) ? undefined : this.#takeRetry(reason, position);
  }

  reasonAfterHead({ status }: ResponseHead, request: UpstreamRequest, position: TryPosition): RetryReason | undefined {
    return request.repeatable && isRetryStatus(status) ? this.#takeRetry(status, position) : undefined;
  }

  #takeRetry(reason: RetryReason, { startedAt, retries }: TryPosition): RetryReason | undefined {
    const { settings, total, clock, onRetry } = this.#parts;
    const now = clock();
    if (!this.#on.has(reason) || retries >= settings.attempts) return undefined;
    if (total > 0 && now - startedAt >= total) return undefined;
    const taken = this.#budget.tryTake(now);
    onRetry(reason, taken ? 'sent' : 'over_budget');
    return taken ? reason : undefined;
  }

  /** The limit of a try; undefined if it is the limit of the route. What cannot be retried is not cut early. */
  #headTimeout({ repeatable }: UpstreamRequest, startedAt: number, retries: number): number | undefined {
    const { settings, headTimeout, total, clock } = this.#parts;
    const now = clock();
    const limits = [headTimeout];
    const mayRepeat = repeatable && retries < settings.attempts && this.#on.has('timeout') && this.#budget.allows(now);
    if (settings.tryTimeout !== undefined && mayRepeat) limits.push(settings.tryTimeout);
    if (total > 0) limits.push(Math.max(1, startedAt + total - now));
    const lowest = Math.min(...limits.filter((limit) => limit > 0));
    return lowest === headTimeout || !Number.isFinite(lowest) ? undefined : lowest;
  }
}

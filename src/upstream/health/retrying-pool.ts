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

/** The last try ends this much before the request, so that its target is held responsible. */
const TOTAL_MARGIN_MS = 100;

export interface RetryingPoolParts {
  readonly pool: Pool;
  readonly settings: RetrySettings;
  /** Time limit of the head of a response without retries. */
  readonly headTimeout: number;
  /** Time limit of all tries until the head of the response. */
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

  retriesError(error: Error, sent: boolean, request: UpstreamRequest, position: TryPosition): boolean {
    const reason = retryReason(error, sent);
    return reason !== undefined && (!sent || request.repeatable) && this.#takeRetry(reason, request, position);
  }

  retriesHead({ status }: ResponseHead, request: UpstreamRequest, position: TryPosition): boolean {
    return request.repeatable && isRetryStatus(status) && this.#takeRetry(status, request, position);
  }

  #takeRetry(reason: RetryReason, { choice }: UpstreamRequest, { startedAt, retries }: TryPosition): boolean {
    const { settings, total, clock, onRetry } = this.#parts;
    const now = clock();
    if (!this.#on.has(reason) || retries >= settings.attempts || now - startedAt >= total) return false;
    const taken = this.#budget.tryTake(now);
    if (!taken && choice) choice.isOverBudget = true;
    onRetry(reason, taken ? 'sent' : 'over_budget');
    return taken;
  }

  /** The limit of a try; undefined if it is the limit of the route. What cannot be retried is not cut early. */
  #headTimeout({ repeatable }: UpstreamRequest, startedAt: number, retries: number): number | undefined {
    const { settings, headTimeout, total, clock } = this.#parts;
    const now = clock();
    const mayRepeat = repeatable && retries < settings.attempts && this.#on.has('timeout') && this.#budget.allows(now);
    const ofTry = mayRepeat ? (settings.tryTimeout ?? headTimeout) : headTimeout;
    const ofAll = Math.max(1, startedAt + total - now - TOTAL_MARGIN_MS);
    const lowest = Math.min(ofTry, ofAll, headTimeout);
    return lowest === headTimeout ? undefined : lowest;
  }
}

/** Limits retries to a part of the requests, so that retries do not multiply the load of an upstream that is failing. */
import { SlidingCounter } from './sliding-counter.ts';

const WINDOW_MS = 10_000;
/** Retries that an upstream with few requests gets as well: an average of ten per second. */
const FLOOR = 100;

export class RetryBudget {
  readonly #percentage: number;
  readonly #requests = new SlidingCounter(WINDOW_MS);
  readonly #retries = new SlidingCounter(WINDOW_MS);

  constructor(percentage: number) {
    this.#percentage = percentage;
  }

  /** Counts a request: its first try. */
  onRequest(now: number): void {
    this.#requests.add(now);
  }

  /** Whether a retry is within the budget. */
  allows(now: number): boolean {
    const allowed = Math.max(FLOOR, (this.#requests.sum(now) * this.#percentage) / 100);
    return this.#percentage > 0 && this.#retries.sum(now) < allowed;
  }

  /** Takes one retry from the budget; false if it is exhausted. */
  tryTake(now: number): boolean {
    if (!this.allows(now)) return false;
    this.#retries.add(now);
    return true;
  }
}

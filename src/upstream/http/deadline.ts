/** A time limit that its owner checks at an interval, so that no packet starts a timer. */
export class Deadline {
  /** On the scale of performance.now(). */
  #at = Number.POSITIVE_INFINITY;

  /** Starts the time again; 0 is no limit. */
  start(timeoutMs: number): void {
    this.#at = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  }

  stop(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  passed(now: number): boolean {
    return now >= this.#at;
  }
}

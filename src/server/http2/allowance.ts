/** A budget that refills with time: how much of something one client may do at once, and per second. */

export class Allowance {
  readonly #capacity: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** `now` is on the scale of performance.now(). */
  constructor(capacity: number, perSecond: number, now: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#left = capacity;
    this.#at = now;
  }

  /** Takes an amount; a negative one is given back. Returns whether there was enough. */
  take(amount: number, now: number): boolean {
    const refilled = this.#left + ((now - this.#at) / 1_000) * this.#perSecond;
    this.#at = now;
    this.#left = Math.min(this.#capacity, refilled - amount);
    return this.#left >= 0;
  }
}

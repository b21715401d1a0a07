/** Counts events within a window that slides over time, in a fixed number of steps. */

const STEPS = 10;

export class SlidingCounter {
  readonly #stepMs: number;
  readonly #counts = new Array<number>(STEPS).fill(0);
  /** Number of the latest step, counted from time zero. */
  #step = 0;
  #sum = 0;

  constructor(windowMs: number) {
    this.#stepMs = windowMs / STEPS;
  }

  /** Counts one event. */
  add(now: number): void {
    this.#moveTo(now);
    const index = this.#step % STEPS;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += 1;
  }

  /** Events within the window. */
  sum(now: number): number {
    this.#moveTo(now);
    return this.#sum;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }

  #moveTo(now: number): void {
    const step = Math.floor(now / this.#stepMs);
    if (step - this.#step >= STEPS) this.clear();
    else
      for (let passed = this.#step + 1; passed <= step; passed += 1) {
        this.#sum -= this.#counts[passed % STEPS] ?? 0;
        this.#counts[passed % STEPS] = 0;
      }
    this.#step = Math.max(this.#step, step);
  }
}

/** Whether something that is kept until a certain time still counts, also when the clock was set back meanwhile. */
export interface Lifetime {
  /** Milliseconds since the epoch, both. */
  readonly since: number;
  readonly until: number;
}

/** Clocks are nudged by a little all the time. */
const CLOCK_STEP_MS = 1_000;

/** What seems to come from the future was kept before the clock was set back, and nobody knows how old it is. */
export function isCurrent({ since, until }: Lifetime, now: number): boolean {
  return now < until && now >= since - CLOCK_STEP_MS;
}

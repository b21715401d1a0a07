/** Expiry check for cached data that is safe against a clock that is set back. */
export interface Lifetime {
  /** When the data was stored, in milliseconds since the epoch. */
  readonly since: number;
  /** When it expires, in milliseconds since the epoch. */
  readonly until: number;
}

/** Tolerated backward step: NTP adjusts clocks by small amounts all the time. */
const CLOCK_STEP_MS = 1_000;

/** False also for data from the future: it was stored before the clock was set back, so its age is unknown. */
export function isCurrent({ since, until }: Lifetime, now: number): boolean {
  return now < until && now >= since - CLOCK_STEP_MS;
}

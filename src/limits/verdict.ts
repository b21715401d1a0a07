/** What a limit says of one request. */
import { slotAt, WINDOW_SLOTS, type WindowCounts } from '../store/port/window-counts.ts';

export interface Verdict {
  readonly allowed: boolean;
  /** How many more requests are allowed now. */
  readonly remaining: number;
  /** Milliseconds until the first of the counted requests no longer counts. */
  readonly reset: number;
  /** Whether the store is unavailable, so that this process decided alone. */
  readonly local: boolean;
}

/** Milliseconds until the first of the counted requests no longer counts. */
export function resetAfter(counts: WindowCounts, window: number, now: number): number {
  const oldest = counts.oldest(slotAt(now, window));
  return oldest === undefined ? window : Math.max(0, ((oldest + WINDOW_SLOTS) * window) / WINDOW_SLOTS - now);
}

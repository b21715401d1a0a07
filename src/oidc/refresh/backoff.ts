/** Refresh backoff: after an outage of the provider all sessions wait, after a refusal only the refused session. */
import { createLruCache } from '../../base/lru.ts';

export interface Backoff {
  /** Returns the milliseconds until this session may be refreshed again; 0 means now. */
  delayFor(key: string): number;
  /** The provider did not respond: all sessions wait, longer after each outage, up to `MAX_DELAY_MS`. */
  recordOutage(): void;
  /** The provider refused the refresh of this session for a reason that does not end the session. */
  recordRefusal(key: string): void;
  recordSuccess(key: string): void;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
const REFUSAL_DELAY_MS = 5_000;

/** Creates the backoff of one process. */
export function createBackoff(clock: () => number): Backoff {
  const refusedUntil = createLruCache<number>(10_000);
  let outages = 0;
  let outageUntil = 0;

  /** Milliseconds until `end`. More than the maximum means that the clock was set back: then the delay is over. */
  function remaining(end: number): number {
    const left = end - clock();
    return left > MAX_DELAY_MS ? 0 : left;
  }

  return {
    delayFor: (key) => Math.max(0, remaining(outageUntil), remaining(refusedUntil.get(key) ?? 0)),
    recordOutage() {
      // Requests that were in progress when the outage began all report it; it counts once.
      if (remaining(outageUntil) > 0) return;
      outageUntil = clock() + Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(outages, 10));
      outages += 1;
    },
    recordRefusal: (key) => void refusedUntil.set(key, clock() + REFUSAL_DELAY_MS),
    recordSuccess(key) {
      refusedUntil.delete(key);
      outages = 0;
      outageUntil = 0;
    },
  };
}

/** Refresh backoff: after an outage of the provider all sessions wait, after a refusal only the refused session. */
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';

export interface Backoff {
  /** Returns the milliseconds until this session may be refreshed again; 0 means now. */
  delayFor(key: string): number;
  /**
   * The provider did not respond: all sessions wait, longer after each outage, up to `MAX_DELAY_MS`, or for the
   * milliseconds that the provider requested, if that is longer.
   */
  recordOutage(requested?: number): void;
  /** The provider refused the refresh of this session for a reason that does not end the session. */
  recordRefusal(key: string): void;
  recordSuccess(key: string): void;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
const REFUSAL_DELAY_MS = 5_000;

const NONE: Lifetime = { since: 0, until: 0 };

/** Creates the backoff of one process. */
export function createBackoff(clock: () => number): Backoff {
  const refusals = createLruCache<Lifetime>(10_000);
  let outages = 0;
  let pause = NONE;

  const lasting = (ms: number): Lifetime => ({ since: clock(), until: clock() + ms });
  /** Milliseconds until the end. After the clock was set back, the delay is over. */
  const remaining = (delay: Lifetime) => (isCurrent(delay, clock()) ? delay.until - clock() : 0);

  return {
    delayFor: (key) => Math.max(remaining(pause), remaining(refusals.get(key) ?? NONE)),
    recordOutage(requested = 0) {
      const left = remaining(pause);
      // Requests that were in progress when the outage began all report it; it counts once.
      const delay = left > 0 ? left : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(outages, 10));
      if (left === 0) outages += 1;
      if (left === 0 || requested > left) pause = lasting(Math.max(delay, requested));
    },
    recordRefusal: (key) => void refusals.set(key, lasting(REFUSAL_DELAY_MS)),
    recordSuccess(key) {
      refusals.delete(key);
      outages = 0;
      pause = NONE;
    },
  };
}

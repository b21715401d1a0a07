/** When to leave the provider alone: after an outage nobody asks again for a while, after a refusal only that session waits. */
import { createLruCache } from '../../base/lru.ts';

export interface Backoff {
  /** Milliseconds until a renewal for this session may be tried again; 0 is now. */
  delayFor(key: string): number;
  /** The provider did not answer: everybody waits, longer each time, 10 s at most. */
  recordOutage(): void;
  /** The provider refused this session's request for a reason that does not end the session. */
  recordRefusal(key: string): void;
  recordSuccess(key: string): void;
}

const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const REFUSAL_MS = 5_000;

export function createBackoff(clock: () => number): Backoff {
  const refused = createLruCache<number>(10_000);
  let failures = 0;
  let until = 0;
  /** More than was ever asked for is left when the clock was set back: then the wait is over. */
  const left = (end: number) => (end - clock() > LONGEST_MS ? 0 : end - clock());
  return {
    delayFor: (key) => Math.max(0, left(until), left(refused.get(key) ?? 0)),
    recordOutage() {
      // Calls that were under way when the outage began report it together; that counts once.
      if (left(until) > 0) return;
      until = clock() + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
      failures += 1;
    },
    recordRefusal: (key) => void refused.set(key, clock() + REFUSAL_MS),
    recordSuccess(key) {
      refused.delete(key);
      failures = 0;
      until = 0;
    },
  };
}

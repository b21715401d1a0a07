/** Counts the requests of callers without credentials, in the memory of this process: they write nothing to the store. */
import { createLruCache } from '../base/lru.ts';
import { MAX_CALLERS } from '../store/port/memory-limits.ts';
import { slotAt, WindowCounts } from '../store/port/window-counts.ts';
import { resetAfter, type Verdict } from './verdict.ts';

/** Counts one request of a caller, if its limit allows it. */
export type CountLocally = (caller: string) => Verdict;

/** Creates the counter of a limit; `window` in milliseconds. */
export function createLocalCounter(requests: number, window: number, clock: () => number): CountLocally {
  const callers = createLruCache<WindowCounts>(MAX_CALLERS);
  return function countLocally(caller) {
    const now = clock();
    const slot = slotAt(now, window);
    const counts = callers.get(caller) ?? new WindowCounts();
    callers.set(caller, counts);
    counts.prune(slot);
    const used = counts.total(slot);
    const allowed = used < requests;
    if (allowed) counts.add(slot, 1);
    const remaining = requests - used - (allowed ? 1 : 0);
    return { allowed, remaining, reset: resetAfter(counts, window, now), local: false };
  };
}

/** Forced refresh limit: at most one forced refresh per session and interval over all replicas. */
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import type { Store } from '../../store/port/store.ts';

/** An API that refuses every token must not cause a refresh per request. */
const FORCED_REFRESH_INTERVAL_MS = 30_000;

export interface ForcedRefreshLimit {
  /** Milliseconds until the next forced refresh, as far as this process knows; 0 means now. No store request. */
  delayFor(key: string): number;
  /** Claims the forced refresh of a session; true for one replica per interval. */
  claim(key: string): Promise<boolean>;
}

/** Creates the limit on forced refreshes. */
export function createForcedRefreshLimit(store: Pick<Store, 'markOnce'>, clock: () => number): ForcedRefreshLimit {
  const recentForcedRefreshes = createLruCache<Lifetime>(10_000);
  return {
    delayFor(key) {
      const recent = recentForcedRefreshes.get(key);
      return recent !== undefined && isCurrent(recent, clock()) ? recent.until - clock() : 0;
    },
    async claim(key) {
      const since = clock();
      recentForcedRefreshes.set(key, { since, until: since + FORCED_REFRESH_INTERVAL_MS });
      return await store.markOnce(`refused:${key}`, FORCED_REFRESH_INTERVAL_MS);
    },
  };
}

/** Refresher: keeps the access tokens of sessions usable, with one refresh per session over all tabs and replicas. */
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { RequestSession } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import { createBackoff } from './backoff.ts';
import { createEnsureUsableToken } from './ensure-usable-token.ts';
import { createForceRefresh } from './force-refresh.ts';
import { createForcedRefreshLimit } from './forced-refresh-limit.ts';
import { createRefreshGrant, type RefreshGrantOptions } from './refresh-grant.ts';
import { createRefreshOnDemand } from './refresh-on-demand.ts';
import type { EnsureUsableToken, ForceRefresh, RefreshOnDemand } from './refresh-result.ts';
import { createRefreshUnderLease } from './refresh-under-lease.ts';
import { refreshUrgency } from './refresh-urgency.ts';
import { createSharedRefreshes } from './shared-refreshes.ts';

export type RefresherOptions = Omit<RefreshGrantOptions, 'backoff'> & {
  store: Store;
  metrics?: Pick<Metrics, 'observeRefreshWait'> | undefined;
};

export interface Refresher {
  readonly ensureUsable: EnsureUsableToken;
  readonly forceRefresh: ForceRefresh;
  readonly refreshOnDemand: RefreshOnDemand;
  /** Waits for the refreshes in progress and stores their tokens, because the old ones no longer work. Bounded; never rejects. */
  close(): Promise<void>;
}

/** Creates the refresher of one process. */
export function createRefresher(options: RefresherOptions): Refresher {
  const { config, provider, sessions, store, log, audit, sessionHooks, metrics, clock } = options;
  const backoff = createBackoff(clock);
  const grant = createRefreshGrant({ ...options, backoff });
  const limit = createForcedRefreshLimit(store, clock);
  const urgencyOf = ({ tokens }: RequestSession) => refreshUrgency(tokens, config.refreshBefore, provider.now());
  // The provider's timeout plus headroom for the store.
  const maxWait = config.timeout + 5_000;
  const refresh = createRefreshUnderLease({ sessions, store, log, grant, forcedLimit: limit, urgencyOf, maxWait });
  const refreshes = createSharedRefreshes(refresh, metrics);

  return {
    ensureUsable: createEnsureUsableToken({ sessions, backoff, audit, sessionHooks, urgencyOf, refreshes }),
    forceRefresh: createForceRefresh({ sessions, backoff, limit, refreshes }),
    refreshOnDemand: createRefreshOnDemand({ backoff, limit, urgencyOf, refreshes }),
    async close() {
      await refreshes.settle(maxWait);
      await grant.close();
    },
  };
}

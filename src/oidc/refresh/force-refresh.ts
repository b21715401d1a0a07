/** Forced refresh: replaces an access token that its API refused although it has not expired. */
import type { Sessions } from '../../session/session-types.ts';
import type { Backoff } from './backoff.ts';
import type { ForcedRefreshLimit } from './forced-refresh-limit.ts';
import type { ForceRefresh } from './refresh-result.ts';
import type { SharedRefreshes } from './shared-refreshes.ts';

export interface ForceRefreshOptions {
  sessions: Pick<Sessions, 'load'>;
  backoff: Backoff;
  limit: ForcedRefreshLimit;
  refreshes: Pick<SharedRefreshes, 'get' | 'run'>;
}

/** Creates the refresh for access tokens that an API refused. */
export function createForceRefresh({ sessions, backoff, limit, refreshes }: ForceRefreshOptions): ForceRefresh {
  return async function forceRefresh(session) {
    try {
      const current = await sessions.load(session.key);
      if (!current) return { kind: 'ended' };
      if (current.version !== session.version) return { kind: 'refreshed', session: current };
      const inProgress = refreshes.get(session.key);
      if (inProgress) return await inProgress;
      const paused = limit.delayFor(session.key) > 0 || backoff.delayFor(session.key) > 0;
      if (paused || !current.refreshable) return { kind: 'active', session };
      return await refreshes.run(current, true);
    } catch {
      // The cause is already logged; for this request it means that there is no better token.
      return { kind: 'active', session };
    }
  };
}

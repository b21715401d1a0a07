/** Refreshes a session under its lease, or waits for the replica that holds the lease. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../observe/log.ts';
import type { RequestSession, Sessions } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import type { ForcedRefreshLimit } from './forced-refresh-limit.ts';
import { acquireLease } from './lease.ts';
import type { RefreshGrant } from './refresh-grant.ts';
import type { RefreshResult } from './refresh-result.ts';
import type { RefreshUrgency } from './refresh-urgency.ts';

/** How often a waiting replica checks whether the holder of the lease has finished. */
const POLL_INTERVAL_MS = 40;

export interface RefreshUnderLeaseOptions {
  sessions: Pick<Sessions, 'load'>;
  store: Store;
  log: Pick<Logger, 'warn'>;
  grant: Pick<RefreshGrant, 'refresh'>;
  forcedLimit: Pick<ForcedRefreshLimit, 'claim'>;
  urgencyOf: (session: RequestSession) => RefreshUrgency;
  /** Maximum milliseconds to wait for another replica. */
  maxWait: number;
}

/** `forced`: the current token must be replaced although it is valid. */
export type RefreshUnderLease = (session: RequestSession, forced: boolean) => Promise<RefreshResult>;

/** Creates the refresh of one process; the process is the owner of all its leases. */
export function createRefreshUnderLease(options: RefreshUnderLeaseOptions): RefreshUnderLease {
  const { sessions, store, log, grant, forcedLimit, urgencyOf, maxWait } = options;
  const owner = randomUUID();

  /** Loads the session again first, because another replica may have refreshed it. */
  async function refreshIfStillNeeded(seen: RequestSession, forced: boolean): Promise<RefreshResult> {
    const session = await sessions.load(seen.key);
    if (!session) return { kind: 'ended' };
    if (session.version !== seen.version && urgencyOf(session) === 'none') return { kind: 'refreshed', session };
    const limited = forced && urgencyOf(session) === 'none' && !(await forcedLimit.claim(session.key));
    return limited ? { kind: 'active', session } : await grant.refresh(session);
  }

  return async function refreshUnderLease(session, forced) {
    const deadline = performance.now() + maxWait;
    for (;;) {
      const lease = await acquireLease(store, session.key, owner, log);
      if (lease) return await refreshIfStillNeeded(session, forced).finally(() => lease.release());
      // Another replica refreshes the session. While the current token is good, the request does not wait.
      if (!forced && urgencyOf(session) !== 'now') return { kind: 'active', session };
      await sleep(POLL_INTERVAL_MS);
      const current = await sessions.load(session.key);
      if (!current) return { kind: 'ended' };
      if (current.version !== session.version) return { kind: 'refreshed', session: current };
      if (performance.now() > deadline)
        throw new GatewayError('refresh_pending', { detail: 'another replica did not finish a refresh in time' });
    }
  };
}

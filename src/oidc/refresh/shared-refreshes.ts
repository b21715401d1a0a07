/** Refreshes in progress: one per session at a time in this process; all requests of the session share its result. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { RequestSession } from '../../session/session-types.ts';
import { traced } from '../../tracing/traced.ts';
import type { RefreshResult } from './refresh-result.ts';
import type { RefreshUnderLease } from './refresh-under-lease.ts';

export interface SharedRefreshes {
  /** Returns the refresh in progress of a session. */
  get(key: string): Promise<RefreshResult> | undefined;
  /** Starts a refresh, or joins the one in progress. `forced`: the current token must be replaced although it is valid. */
  run(session: RequestSession, forced?: boolean): Promise<RefreshResult>;
  /** Waits for all refreshes in progress, up to `timeout` milliseconds. Never rejects. */
  settle(timeout: number): Promise<void>;
}

type WaitMetrics = Pick<Metrics, 'observeRefreshWait'>;

/** Measures how long requests wait for a refresh: the lease and the provider together. */
async function measureWait(refresh: Promise<RefreshResult>, metrics?: WaitMetrics): Promise<RefreshResult> {
  const startedAt = performance.now();
  let outcome: RefreshResult['kind'] | 'failed' = 'failed';
  try {
    const result = await refresh;
    outcome = result.kind;
    return result;
  } finally {
    metrics?.observeRefreshWait(outcome, (performance.now() - startedAt) / 1000);
  }
}

/** Creates the list of refreshes of one process. */
export function createSharedRefreshes(refresh: RefreshUnderLease, metrics?: WaitMetrics): SharedRefreshes {
  const inProgress = new Map<string, Promise<RefreshResult>>();
  const tracedRefresh: RefreshUnderLease = (session, forced) =>
    traced('refresh', 'internal', { 'bff.refresh.forced': forced }, async (span) => {
      const result = await refresh(session, forced);
      span?.setAttribute('bff.refresh.result', result.kind);
      return result;
    });
  return {
    get: (key) => inProgress.get(key),
    run(session, forced = false) {
      const { key } = session;
      const shared =
        inProgress.get(key) ??
        measureWait(tracedRefresh(session, forced), metrics).finally(() => inProgress.delete(key));
      inProgress.set(key, shared);
      return shared;
    },
    async settle(timeout) {
      const settled = new AbortController();
      await Promise.race([
        Promise.allSettled(inProgress.values()),
        sleep(timeout, undefined, { signal: settled.signal }).catch(() => undefined),
      ]);
      settled.abort();
    },
  };
}

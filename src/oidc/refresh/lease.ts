/** Refresh lease: a lock in the store that allows one refresh per session at a time over all replicas. */
import { shortKey } from '../../base/tagged-name.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { Store } from '../../store/port/store.ts';

export interface Lease {
  release(): Promise<void>;
}

/**
 * How long a holder that died blocks the other replicas. Not shorter: a holder that a busy machine stops for seconds would lose
 * the lease, and another replica would spend the refresh token a second time.
 */
const LEASE_MS = 4_000;
const RENEWAL_INTERVAL_MS = 1_000;

const LOST = 'failed to renew a refresh lease; another replica may refresh the same session';

/** Acquires the refresh lease of a session and renews it until released; undefined while another replica holds it. */
export async function acquireLease(
  store: Store,
  key: string,
  owner: string,
  log: Pick<Logger, 'warn'>,
): Promise<Lease | undefined> {
  const name = `refresh:${key}`;
  const acquired = await store.acquireLease(name, owner, LEASE_MS);
  // This process may still hold the lease because a release failed. No other refresh of the session runs here, so reuse it.
  if (!acquired && !(await store.renewLease(name, owner, LEASE_MS))) return undefined;
  let lost = false;
  // Losing the lease ends no session: the store compares versions, so only the first of two writers replaces the tokens.
  const report = (cause: object) => {
    if (!lost) log.warn({ session: shortKey(key), ...cause }, LOST);
    lost = true;
  };
  const timer = setInterval(() => {
    store.renewLease(name, owner, LEASE_MS).then(
      (held) => held || report({}),
      (error: unknown) => report({ err: describeError(error) }),
    );
  }, RENEWAL_INTERVAL_MS).unref();
  return {
    async release() {
      clearInterval(timer);
      // A renewal in progress may find the lease released.
      lost = true;
      // If the release fails, the lease expires on its own; the refresh is complete either way.
      await store.releaseLease(name, owner).catch(() => undefined);
    },
  };
}

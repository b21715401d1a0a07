/** One refresh per session at a time over all replicas: a lease in the store, prolonged while the work goes on. */
import type { Store } from '../../store/port/store.ts';

export interface Lease {
  release(): Promise<void>;
}

/** A holder that died blocks others no longer than this. */
const LEASE_MS = 10_000;

/** Takes the lease of a session, or returns undefined while somebody else has it. */
export async function acquireLease(store: Store, key: string, owner: string): Promise<Lease | undefined> {
  const name = `refresh:${key}`;
  const taken = await store.acquireLease(name, owner, LEASE_MS);
  // Ours from an attempt that could not give it back: in this process no other refresh of the session is under way.
  if (!taken && !(await store.renewLease(name, owner, LEASE_MS))) return undefined;
  const renewal = setInterval(() => {
    // A lost lease is harmless: replacing tokens compares versions, so the slower of two writers writes nothing.
    store.renewLease(name, owner, LEASE_MS).catch(() => undefined);
  }, LEASE_MS / 3).unref();
  return {
    async release() {
      clearInterval(renewal);
      // Not given back, it lapses by itself; the refresh is done either way.
      await store.releaseLease(name, owner).catch(() => undefined);
    },
  };
}

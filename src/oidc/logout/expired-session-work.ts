/** Work on expired sessions: finds those of all apps of a process in the store, and passes each to its app. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tagOf } from '../../base/tagged-name.ts';
import type { Store } from '../../store/port/store.ts';
import { createAppHandlers } from './app-handlers.ts';

/** Ends an expired session of an app, given its sealed tokens. Resolves with false if the app cannot open them. */
export type EndExpired = (key: string, sealed: string) => Promise<boolean>;

export interface ExpiredSessionWork {
  /** Works on the expired sessions of the app with this tag, from all replicas. The result stops that. */
  register(tag: string, end: EndExpired): () => void;
}

const INTERVAL_MS = 5_000;
const BATCH_SIZE = 25;
/** One process at a time does the work; another one continues after this time if it dies. */
const LEASE = 'expired-sessions';
const LEASE_MS = 15_000;

/** The store of the process, with the expired sessions of all apps. */
type WorkStore = Pick<Store, 'expired' | 'acquireLease' | 'renewLease' | 'releaseLease'>;

/** Creates the work of one process; it repeats at an interval while an app is registered. */
export function createExpiredSessionWork({ store }: { store: WorkStore }): ExpiredSessionWork {
  const owner = randomUUID();
  const apps = createAppHandlers<EndExpired>(INTERVAL_MS, startRun);
  let running = false;

  async function end(key: string, sealed: string): Promise<void> {
    for (const endExpired of apps.of(tagOf(key))) if (await endExpired(key, sealed)) return;
    // Sealed with a key that is no longer listed, so the tokens can never be read.
  }

  /** Ends the next expired sessions. Resolves with whether there may be more. */
  async function endBatch(): Promise<boolean> {
    const { sessions, more } = await store.expired.list(BATCH_SIZE, apps.tags());
    for (const { key, tokens } of sessions) await end(key, tokens);
    if (sessions.length > 0) await store.expired.remove(sessions.map(({ key }) => key));
    return more && (await store.renewLease(LEASE, owner, LEASE_MS));
  }

  async function run(): Promise<void> {
    if (!(await store.acquireLease(LEASE, owner, LEASE_MS)) && !(await store.renewLease(LEASE, owner, LEASE_MS)))
      return;
    try {
      while (apps.tags().length > 0 && (await endBatch())) await nextTurn();
    } finally {
      await store.releaseLease(LEASE, owner);
    }
  }

  function startRun(): void {
    if (running) return;
    running = true;
    // It fails only if the store is unavailable, and the store logs its own outage.
    run()
      .catch(() => undefined)
      .finally(() => {
        running = false;
      });
  }

  return { register: apps.register };
}

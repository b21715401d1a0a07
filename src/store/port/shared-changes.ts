/** One telling of changes for several listeners that come and go: gateways that take each other's place in a process. */
import type { SessionChanges, Store } from './store.ts';

export interface ChangeFanOut {
  /** The store for one more listener, and how it stops listening. */
  subscribe(): { store: Store; release(): void };
}

/** Builds it; the store itself tells one listener only. */
export function fanOut(store: Store): ChangeFanOut {
  const listeners = new Set<(key?: string) => void>();
  let listening = false;
  const tell = (key?: string) => {
    for (const changed of listeners) changed(key);
  };
  return {
    subscribe() {
      const own = new Set<(key?: string) => void>();
      const changes: SessionChanges = {
        watch(changed) {
          own.add(changed);
          listeners.add(changed);
          if (!listening) store.changes.watch(tell);
          listening = true;
        },
        current: () => store.changes.current(),
      };
      return {
        store: { ...store, changes },
        release() {
          for (const changed of own) listeners.delete(changed);
        },
      };
    },
  };
}

/** Fans out the change notifications of one store to several subscribers, such as gateways that replace each other at a reload. */
import type { SessionChanges, Store } from './store.ts';

export interface ChangeFanOut {
  /** The store for one more subscriber; `release` ends its subscription. */
  subscribe(): { store: Store; release(): void };
}

/** A fan-out over a store, which itself notifies one subscriber only. */
export function fanOut(store: Store): ChangeFanOut {
  const listeners = new Set<(key?: string) => void>();
  let watching = false;
  const notify = (key?: string) => {
    for (const onChange of listeners) onChange(key);
  };
  return {
    subscribe() {
      const own = new Set<(key?: string) => void>();
      const changes: SessionChanges = {
        watch(onChange) {
          own.add(onChange);
          listeners.add(onChange);
          if (!watching) store.changes.watch(notify);
          watching = true;
        },
        current: () => store.changes.current(),
      };
      return {
        store: { ...store, changes },
        release() {
          for (const onChange of own) listeners.delete(onChange);
        },
      };
    },
  };
}

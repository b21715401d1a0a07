/** Instances that several owners share: created for the first owner, closed after the last one. */

export interface SharedInstances<T> {
  /** Returns the instance under a key; creates it if no owner holds it. The returned function gives it back; it is idempotent. */
  acquire(key: string, create: () => T): { instance: T; release(): void };
}

/** Creates an empty set of instances; `close` is called with an instance when its last owner has given it back. */
export function createSharedInstances<T>(close: (instance: T) => void): SharedInstances<T> {
  const held = new Map<string, { instance: T; owners: number }>();
  return {
    acquire(key, create) {
      const entry = held.get(key) ?? { instance: create(), owners: 0 };
      held.set(key, entry);
      entry.owners += 1;
      let released = false;
      return {
        instance: entry.instance,
        release() {
          if (released) return;
          released = true;
          entry.owners -= 1;
          if (entry.owners > 0) return;
          held.delete(key);
          close(entry.instance);
        },
      };
    },
  };
}

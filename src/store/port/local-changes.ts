/** Change notifications of a store that only this process writes to. */
import type { SessionChanges, Store } from './store.ts';

type ChangeOperations = Pick<Store, 'end' | 'replaceTokens'>;

export interface LocalChanges extends SessionChanges {
  /** The same operations, which also notify the watcher. Expiry sends no notification: readers know it in advance. */
  notifying<Operations extends ChangeOperations>(operations: Operations): Operations;
}

/** Change notifications without a watcher yet. */
export function createLocalChanges(): LocalChanges {
  let notify: (key?: string) => void = () => {};
  return {
    watch(onChange) {
      notify = onChange;
    },
    current: () => true,
    notifying: (operations) => ({
      ...operations,
      end: (key) => operations.end(key).finally(() => notify(key)),
      replaceTokens: (key, expected, sealed) =>
        operations.replaceTokens(key, expected, sealed).finally(() => notify(key)),
    }),
  };
}

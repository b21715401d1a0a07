/** Changes of sessions in a store that nobody but this process can write to. */
import type { SessionChanges, Store } from '../port/store.ts';

type Changing = Pick<Store, 'end' | 'replaceTokens'>;

export interface LocalChanges extends SessionChanges {
  /** The same records, which tell when they change a session. A lapse is nothing to tell: it is known beforehand. */
  announcing<T extends Changing>(records: T): T;
}

/** Starts without a listener. */
export function createLocalChanges(): LocalChanges {
  let tell: (key?: string) => void = () => {};
  return {
    watch(changed) {
      tell = changed;
    },
    current: () => true,
    announcing: (records) => ({
      ...records,
      end: (key) => records.end(key).finally(() => tell(key)),
      replaceTokens: (key, expected, sealed) => records.replaceTokens(key, expected, sealed).finally(() => tell(key)),
    }),
  };
}

/** The part of a store that belongs to one app: its names and its listing are kept apart from those of all other apps. */
import { taggedName } from '../../base/tagged-name.ts';
import type { Store } from './store.ts';

/** The operations whose names the gateway chooses. Session keys and job ids are unique to their app already. */
type Named = Pick<Store, 'acquireLease' | 'renewLease' | 'releaseLease' | 'markOnce' | 'index' | 'limits'>;

function namedOperations(store: Store, tag: string): Named {
  const { index, limits } = store;
  const inApp = (name: string) => taggedName(tag, name);
  return {
    acquireLease: (name, owner, ttl) => store.acquireLease(inApp(name), owner, ttl),
    renewLease: (name, owner, ttl) => store.renewLease(inApp(name), owner, ttl),
    releaseLease: (name, owner) => store.releaseLease(inApp(name), owner),
    markOnce: (name, ttl) => store.markOnce(inApp(name), ttl),
    index: {
      add: (name, key, expiresAt) => index.add(inApp(name), key, expiresAt),
      count: (name) => index.count(inApp(name)),
      page: (name, cursor, limit) => index.page(inApp(name), cursor, limit),
      prune: (name, keys) => index.prune(inApp(name), keys),
      remove: (name, keys) => index.remove(inApp(name), keys),
      scan: (cursor, count) => index.scan(cursor, count, tag),
    },
    limits: {
      count: (limit, reports) => limits.count({ ...limit, name: inApp(limit.name) }, reports),
      hold: (name, id, max, now, until) => limits.hold(inApp(name), id, max, now, until),
      keep: (name, ids, until) => limits.keep(inApp(name), ids, until),
      drop: (name, ids) => limits.drop(inApp(name), ids),
      join: (group, member, now, until) => limits.join(inApp(group), member, now, until),
    },
  };
}

/**
 * Returns the store of the app with this tag. Leases, single-use marks, indexes and limits of two apps never meet, whatever their names: a
 * token that was used at one app is new to the other. For `main` it is the store itself.
 */
export function appStore(store: Store, tag: string): Store {
  return tag === '' ? store : { ...store, ...namedOperations(store, tag) };
}

/** express-session's store on Redis: connect-redis on the keys that `load`, `touch` and `end` also use. */
import { RedisStore } from 'connect-redis';
import type { Store as ExpressStore, SessionData } from 'express-session';
import type { SessionEnvelope, Store } from '../port/store.ts';
import type { RunRedis } from './client.ts';
import type { RedisKeys } from './keys.ts';

/** Seconds until the expiry, rounded up, since connect-redis sets expiries in seconds. 0 without an expiry: nothing is stored. */
function secondsLeft(session: SessionData & Partial<SessionEnvelope>, clock: () => number): number {
  return session.expiresAt === undefined ? 0 : Math.ceil((session.expiresAt - clock()) / 1000);
}

/**
 * connect-redis gets a client of four commands. They have the deadline and the errors of every other operation, and
 * destroying a session also removes its tokens. Listing sessions is not offered: it would be incomplete in a Cluster.
 */
export function createRedisExpressStore(
  run: RunRedis,
  keys: RedisKeys,
  records: Pick<Store, 'end' | 'touch'>,
  clock: () => number,
): ExpressStore {
  const client = {
    get: (key: string) => run('read session', (redis) => redis.get(keys.session(key))),
    set: (key: string, value: string, _unit: 'EX', seconds: number) =>
      run('write session', (redis) => redis.set(keys.session(key), value, 'EX', seconds)),
    expire: (key: string, seconds: number) => records.touch(key, seconds * 1000),
    del: (list: string[]) => Promise.all(list.map((key) => records.end(key))),
  };
  return new RedisStore({ client, prefix: '', ttl: (session) => secondsLeft(session, clock) });
}

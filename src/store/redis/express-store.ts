/** connect-redis on our keys: express-session's store, whose records `load`, `touch` and `end` see as well. */
import { RedisStore } from 'connect-redis';
import type { Store as ExpressStore, SessionData } from 'express-session';
import type { SessionEnvelope, Store } from '../port/store.ts';
import type { RedisCall } from './client.ts';
import type { RedisKeys } from './keys.ts';

/** Seconds, rounded up, since connect-redis expires by the second. Without a lapse time there is nothing to store. */
function secondsLeft(session: SessionData & Partial<SessionEnvelope>, clock: () => number): number {
  return session.expiresAt === undefined ? 0 : Math.ceil((session.expiresAt - clock()) / 1000);
}

/**
 * connect-redis sees a client of four commands. They carry the deadline and the errors of every other call, and
 * destroying a session takes its tokens along. Enumerating sessions is not offered: in a Cluster it would be wrong.
 */
export function createRedisExpressStore(
  call: RedisCall,
  keys: RedisKeys,
  records: Pick<Store, 'end' | 'touch'>,
  clock: () => number,
): ExpressStore {
  const client = {
    get: (key: string) => call('read session', (redis) => redis.get(keys.session(key))),
    set: (key: string, value: string, _unit: 'EX', seconds: number) =>
      call('write session', (redis) => redis.set(keys.session(key), value, 'EX', seconds)),
    expire: (key: string, seconds: number) => records.touch(key, seconds * 1000),
    del: (list: string[]) => Promise.all(list.map((key) => records.end(key))),
  };
  return new RedisStore({ client, prefix: '', ttl: (session) => secondsLeft(session, clock) });
}

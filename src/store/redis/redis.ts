/** The storage port on Redis (one server, Sentinel or Cluster): for gateways of more than one node. */
import { parseEnvelope } from '../port/envelope.ts';
import type { Replacement, Store, StoredSession } from '../port/store.ts';
import { createRedisChanges } from './changes.ts';
import { connectRedis, type RedisCall, type RedisClient, type RedisDeps } from './client.ts';
import { createRedisExpressStore } from './express-store.ts';
import { redisJobs } from './jobs.ts';
import { type RedisKeys, redisKeys } from './keys.ts';
import type { RedisConfig } from './options.ts';
import { redisIndex } from './session-index.ts';

/** Keys of one batch of `missing`. */
const BATCH = 500;

/** A token record is its version, a dot, and the sealed tokens. */
function parseTokens(value: string | null | undefined): StoredSession['tokens'] {
  const match = value?.match(/^(\d+)\.(.*)$/s);
  return match ? { version: Number(match[1]), sealed: match[2] ?? '' } : undefined;
}

/** Redis takes whole, positive milliseconds. */
const whole = (ttl: number) => Math.max(1, Math.ceil(ttl));

type Records = Pick<Store, 'load' | 'remaining' | 'touch' | 'end' | 'missing' | 'createTokens' | 'replaceTokens'>;

function sessionRecords(call: RedisCall, keys: RedisKeys): Records {
  return {
    async load(key) {
      const read = (redis: RedisClient) => redis.mget(keys.session(key), keys.tokens(key));
      const [envelope, tokens] = await call('load session', read);
      const session = envelope ? parseEnvelope(envelope)?.sealed : undefined;
      return session === undefined ? undefined : { session, tokens: parseTokens(tokens) };
    },
    async remaining(key) {
      const ttl = await call('session lifetime', (redis) => redis.pttl(keys.session(key)));
      return ttl < 0 ? undefined : ttl;
    },
    async touch(key, ttl) {
      const [session, tokens] = [keys.session(key), keys.tokens(key)];
      return (await call('touch session', (redis) => redis.bffTouch(session, tokens, whole(ttl)))) === 1;
    },
    async end(key) {
      return (await call('end session', (redis) => redis.bffEnd(keys.session(key), keys.tokens(key)))) === 1;
    },
    async missing(list) {
      const gone: string[] = [];
      for (let from = 0; from < list.length; from += BATCH) {
        const batch = list.slice(from, from + BATCH);
        // One EXISTS a key, sent together: keys of different slots cannot share a command in a Cluster.
        const found = await call('look for sessions', (redis) =>
          Promise.all(batch.map((key) => redis.exists(keys.session(key)))),
        );
        gone.push(...batch.filter((_, index) => found[index] === 0));
      }
      return gone;
    },
    async createTokens(key, sealed, ttl) {
      await call('write tokens', (redis) => redis.set(keys.tokens(key), `1.${sealed}`, 'PX', whole(ttl)));
    },
    async replaceTokens(key, expected, sealed) {
      const [session, tokens] = [keys.session(key), keys.tokens(key)];
      const value = `${expected + 1}.${sealed}`;
      const answer = await call('replace tokens', (redis) =>
        redis.bffReplace(session, tokens, String(expected), value),
      );
      return answer as Replacement;
    },
  };
}

type Leases = Pick<Store, 'acquireLease' | 'renewLease' | 'releaseLease' | 'markOnce'>;

function leases(call: RedisCall, keys: RedisKeys): Leases {
  const setOnce = async (what: string, key: string, value: string, ttl: number) =>
    (await call(what, (redis) => redis.set(key, value, 'PX', whole(ttl), 'NX'))) === 'OK';
  return {
    acquireLease: (name, owner, ttl) => setOnce('take lease', keys.lease(name), owner, ttl),
    async renewLease(name, owner, ttl) {
      return (await call('renew lease', (redis) => redis.bffRenew(keys.lease(name), owner, whole(ttl)))) === 1;
    },
    async releaseLease(name, owner) {
      await call('release lease', (redis) => redis.bffRelease(keys.lease(name), owner));
    },
    markOnce: (name, ttl) => setOnce('mark as used', keys.once(name), '1', ttl),
  };
}

/** Opens the store. Redis need not be there yet: calls answer `store_unavailable` until it is. */
export function openRedisStore(config: RedisConfig, deps: RedisDeps): Store {
  const { client, call, close } = connectRedis(config, deps);
  const clock = deps.clock ?? Date.now;
  const keys = redisKeys(config.prefix);
  const records = sessionRecords(call, keys);
  const { records: prefix, keyOf } = keys;
  const changes = createRedisChanges({ config, client, prefix, keyOf, log: deps.log, clock });
  return {
    kind: 'redis',
    sessions: createRedisExpressStore(call, keys, records, clock),
    ...records,
    ...leases(call, keys),
    index: redisIndex(call, keys, clock),
    jobs: redisJobs(call, keys, clock),
    changes,
    async ping() {
      await call('ping', (redis) => redis.ping());
    },
    async close() {
      changes.close();
      await close();
    },
  };
}

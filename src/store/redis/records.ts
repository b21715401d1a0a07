/** The two records of a session in Redis. */
import { parseEnvelope } from '../port/envelope.ts';
import type { Replacement, Store, StoredSession } from '../port/store.ts';
import type { RedisClient, RunRedis } from './client.ts';
import { type RedisKeys, wholeMs } from './keys.ts';

/** Keys per batch of `missing`. */
const BATCH_SIZE = 500;

/** A token record is its version, a dot, and the sealed tokens. */
function parseTokens(value: string | null | undefined): StoredSession['tokens'] {
  const match = value?.match(/^(\d+)\.(.*)$/s);
  return match ? { version: Number(match[1]), sealed: match[2] ?? '' } : undefined;
}

/** The two values that Redis has for a session, parsed; undefined without a session. */
function parseRecords([envelope, tokens]: readonly (string | null)[]): StoredSession | undefined {
  const session = envelope ? parseEnvelope(envelope)?.sealed : undefined;
  return session === undefined ? undefined : { session, tokens: parseTokens(tokens) };
}

/** The keys of a list that have no session. */
async function findMissing(run: RunRedis, keys: RedisKeys, list: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (let from = 0; from < list.length; from += BATCH_SIZE) {
    const batch = list.slice(from, from + BATCH_SIZE);
    // One EXISTS per key in one pipeline: in a Cluster, keys of different slots cannot share a command.
    const found = await run('check sessions', (redis) =>
      Promise.all(batch.map((key) => redis.exists(keys.session(key)))),
    );
    missing.push(...batch.filter((_, index) => found[index] === 0));
  }
  return missing;
}

type Records = Pick<Store, 'load' | 'remaining' | 'touch' | 'end' | 'missing' | 'createTokens' | 'replaceTokens'>;

/** The operations of the port on session records. */
export function sessionRecords(run: RunRedis, keys: RedisKeys): Records {
  return {
    async load(key) {
      const read = (redis: RedisClient) => redis.mget(keys.session(key), keys.tokens(key));
      return parseRecords(await run('load session', read));
    },
    async remaining(key) {
      const ttl = await run('session lifetime', (redis) => redis.pttl(keys.session(key)));
      return ttl < 0 ? undefined : ttl;
    },
    async touch(key, ttl) {
      const [session, tokens] = [keys.session(key), keys.tokens(key)];
      return (await run('touch session', (redis) => redis.bffTouch(session, tokens, wholeMs(ttl)))) === 1;
    },
    async end(key) {
      return parseRecords(await run('end session', (redis) => redis.bffEnd(keys.session(key), keys.tokens(key))));
    },
    missing: (list) => findMissing(run, keys, list),
    async createTokens(key, sealed, ttl) {
      await run('write tokens', (redis) => redis.set(keys.tokens(key), `1.${sealed}`, 'PX', wholeMs(ttl)));
    },
    async replaceTokens(key, expected, sealed) {
      const [session, tokens] = [keys.session(key), keys.tokens(key)];
      const value = `${expected + 1}.${sealed}`;
      const outcome = await run('replace tokens', (redis) =>
        redis.bffReplace(session, tokens, String(expected), value),
      );
      return outcome as Replacement;
    },
  };
}

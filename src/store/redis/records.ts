/** The two records of a session in Redis. */
import { tagOf } from '../../base/tagged-name.ts';
import { parseEnvelope } from '../port/envelope.ts';
import {
  EXPIRED_RETENTION_MS,
  type ExpiredSessions,
  type Replacement,
  type Store,
  type StoredSession,
} from '../port/store.ts';
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
export function sessionRecords(run: RunRedis, keys: RedisKeys, clock: () => number): Records {
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
      return (
        (await run('touch session', (redis) => redis.bffTouch(session, tokens, wholeMs(ttl), EXPIRED_RETENTION_MS))) ===
        1
      );
    },
    async end(key) {
      const records = await run('end session', (redis) => redis.bffEnd(keys.session(key), keys.tokens(key)));
      // An entry that could not be removed is removed when it is due.
      if (records[0])
        await run('end session', (redis) => redis.zrem(keys.expiries(tagOf(key)), key)).catch(() => undefined);
      return parseRecords(records);
    },
    missing: (list) => findMissing(run, keys, list),
    async createTokens(key, sealed, ttl) {
      const expiresAt = Math.ceil(clock() + ttl);
      await run('write tokens', (redis) =>
        Promise.all([
          redis.set(keys.tokens(key), `1.${sealed}`, 'PX', wholeMs(ttl) + EXPIRED_RETENTION_MS),
          redis.bffSchedule(keys.expiries(tagOf(key)), key, expiresAt, EXPIRED_RETENTION_MS),
        ]),
      );
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

/**
 * The operations of the port on expired sessions. Redis removes a session on its own, and its notifications of that can be lost, so
 * a sorted set has the time when each session may have expired. Sessions that were used since then are scheduled again.
 */
export function redisExpired(run: RunRedis, keys: RedisKeys, clock: () => number): ExpiredSessions {
  const unschedule = async (list: readonly string[]) => {
    const sets = [...Map.groupBy(list, (key) => keys.expiries(tagOf(key)))];
    if (sets.length > 0)
      await run('remove expired sessions', (redis) => Promise.all(sets.map(([set, own]) => redis.zrem(set, ...own))));
  };

  /** Up to `limit` keys of each app whose sessions may have expired. */
  const findDue = (tags: readonly string[], now: number, limit: number) =>
    run('find expired sessions', (redis) =>
      Promise.all(tags.map((tag) => redis.zrangebyscore(keys.expiries(tag), '-inf', now, 'LIMIT', 0, limit))),
    );

  async function reschedule(live: readonly { key: string; left: number }[], now: number): Promise<void> {
    const sets = [...Map.groupBy(live, ({ key }) => keys.expiries(tagOf(key)))];
    if (sets.length === 0) return;
    const members = (own: typeof live) => own.flatMap(({ key, left }) => [Math.ceil(now + left) + 1, key]);
    await run('schedule sessions', (redis) =>
      Promise.all(sets.map(([set, own]) => redis.zadd(set, 'XX', ...members(own)))),
    );
  }

  return {
    async list(limit, tags = ['']) {
      const now = clock();
      const due = (await findDue(tags, now, limit)).flat().slice(0, limit);
      const found = await run('read expired sessions', (redis) =>
        Promise.all(
          due.map(async (key) => {
            const [left, tokens] = await Promise.all([redis.pttl(keys.session(key)), redis.get(keys.tokens(key))]);
            return { key, left, tokens: parseTokens(tokens)?.sealed };
          }),
        ),
      );
      await reschedule(
        found.filter(({ left }) => left >= 0),
        now,
      );
      const gone = found.filter(({ left }) => left < 0);
      await unschedule(gone.flatMap(({ key, tokens }) => (tokens === undefined ? [key] : [])));
      const sessions = gone.flatMap(({ key, tokens }) => (tokens === undefined ? [] : [{ key, tokens }]));
      return { sessions, more: due.length === limit };
    },
    async remove(list) {
      await run('remove expired sessions', (redis) => Promise.all(list.map((key) => redis.del(keys.tokens(key)))));
      await unschedule(list);
    },
  };
}

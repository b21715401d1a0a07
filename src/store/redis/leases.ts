/** Leases, single-use marks, and the counts and places of limits in Redis. */
import type { Limits, Store } from '../port/store.ts';
import { ENTRY_SLOTS, WINDOW_SLOTS } from '../port/window-counts.ts';
import type { RunRedis } from './client.ts';
import { type RedisKeys, wholeMs } from './keys.ts';

type Leases = Pick<Store, 'acquireLease' | 'renewLease' | 'releaseLease' | 'markOnce'>;

/** The operations of the port on leases and marks. */
export function redisLeases(run: RunRedis, keys: RedisKeys): Leases {
  const setIfAbsent = async (operation: string, key: string, value: string, ttl: number) =>
    (await run(operation, (redis) => redis.set(key, value, 'PX', wholeMs(ttl), 'NX'))) === 'OK';
  return {
    acquireLease: (name, owner, ttl) => setIfAbsent('acquire lease', keys.lease(name), owner, ttl),
    async renewLease(name, owner, ttl) {
      return (await run('renew lease', (redis) => redis.bffRenew(keys.lease(name), owner, wholeMs(ttl)))) === 1;
    },
    async releaseLease(name, owner) {
      await run('release lease', (redis) => redis.bffRelease(keys.lease(name), owner));
    },
    markOnce: (name, ttl) => setIfAbsent('mark as used', keys.once(name), '1', ttl),
  };
}

/** Periods after which a hash of counts expires. */
const KEPT_PERIODS = 3;

/** The operations of the port on limits. */
export function redisLimits(run: RunRedis, keys: RedisKeys): Limits {
  return {
    async count({ name, window, requests, slot }, reports) {
      const period = Math.floor(slot / WINDOW_SLOTS);
      const expiry = wholeMs(window * KEPT_PERIODS);
      const args = reports.flatMap(({ caller, counts, want }) => [caller, counts, want]);
      const hashes = [period, period - 1, period + 1].map((each) => keys.counts(name, each));
      const reply = await run('count requests', (redis) =>
        redis.bffCount(...hashes, slot, WINDOW_SLOTS, ENTRY_SLOTS, expiry, requests, ...args),
      );
      return reports.map((_, index) => ({
        granted: Number(reply[2 * index]),
        counts: String(reply[2 * index + 1]),
      }));
    },
    hold: async (name, id, max, now, until) =>
      (await run('hold place', (redis) => redis.bffHold(keys.places(name), id, max, now, wholeMs(until)))) === 1,
    async keep(name, ids, until) {
      await run('keep places', (redis) => redis.bffKeep(keys.places(name), wholeMs(until), ...ids));
    },
    async drop(name, ids) {
      await run('give places back', (redis) => redis.zrem(keys.places(name), ...ids));
    },
    join: (group, member, now, until) =>
      run('join group', (redis) => redis.bffJoin(keys.members(group), member, now, wholeMs(until))),
  };
}

/** Leases and single-use marks in Redis. */
import type { Store } from '../port/store.ts';
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

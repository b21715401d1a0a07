/** Work that has to be done sooner or later by whichever replica is there, in Redis: when it is due, and what it is. */

import type { Jobs } from '../port/store.ts';
import type { RedisCall } from './client.ts';
import type { RedisKeys } from './keys.ts';

/** Builds it. Both keys are in one slot of a Cluster; there are few jobs at a time. */
export function redisJobs(call: RedisCall, keys: RedisKeys, clock: () => number): Jobs {
  const { due, data } = keys.jobs;
  return {
    async put(id, sealed, dueAt, expiresAt) {
      const ttl = Math.max(1, Math.ceil(expiresAt - clock()));
      const value = `${Math.ceil(expiresAt)} ${sealed}`;
      await call('put job', (redis) => redis.bffPutJob(due, data, id, Math.ceil(dueAt), value, ttl));
    },
    async take(now, until, most) {
      const flat = await call('take jobs', (redis) =>
        redis.bffTakeJobs(due, data, Math.floor(now), Math.ceil(until), most),
      );
      return flat.flatMap((id, at) => (at % 2 === 0 ? [{ id, sealed: flat[at + 1] ?? '' }] : []));
    },
    async done(id) {
      await call('finish job', (redis) => redis.bffDropJob(due, data, id));
    },
  };
}

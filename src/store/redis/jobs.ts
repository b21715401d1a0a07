/** Jobs in Redis: a sorted set of due times and a hash of job data, which any replica may claim from. */
import type { Jobs } from '../port/store.ts';
import type { RunRedis } from './client.ts';
import { type RedisKeys, wholeMs } from './keys.ts';

/** The operations of the port on jobs. Both keys are in one slot of a Cluster; there are few jobs at a time. */
export function redisJobs(run: RunRedis, keys: RedisKeys, clock: () => number): Jobs {
  const { due, data } = keys.jobs;
  return {
    async put(id, sealed, dueAt, expiresAt) {
      const ttl = wholeMs(expiresAt - clock());
      const value = `${Math.ceil(expiresAt)} ${sealed}`;
      await run('put job', (redis) => redis.bffPutJob(due, data, id, Math.ceil(dueAt), value, ttl));
    },
    async take(now, until, limit) {
      const pairs = await run('take jobs', (redis) =>
        redis.bffTakeJobs(due, data, Math.floor(now), Math.ceil(until), limit),
      );
      return pairs.flatMap((id, at) => (at % 2 === 0 ? [{ id, sealed: pairs[at + 1] ?? '' }] : []));
    },
    async done(id) {
      await run('finish job', (redis) => redis.bffDropJob(due, data, id));
    },
  };
}

/** Jobs in Redis: for each app a sorted set of due times and a hash of job data, which any replica may claim from. */
import { tagOf } from '../../base/tagged-name.ts';
import type { Jobs } from '../port/store.ts';
import type { RunRedis } from './client.ts';
import { type RedisKeys, wholeMs } from './keys.ts';

/** The operations of the port on jobs. All keys are in one slot of a Cluster; there are few jobs at a time. */
export function redisJobs(run: RunRedis, keys: RedisKeys, clock: () => number): Jobs {
  return {
    async put(id, sealed, dueAt, expiresAt) {
      const ttl = wholeMs(expiresAt - clock());
      const value = `${Math.ceil(expiresAt)} ${sealed}`;
      await run('put job', (redis) => redis.bffPutJob(...keys.jobs(tagOf(id)), id, Math.ceil(dueAt), value, ttl));
    },
    async take(now, until, limit, { tags = [''], except = [] } = {}) {
      const names = tags.flatMap(keys.jobs);
      const pairs = await run('take jobs', (redis) =>
        redis.bffTakeJobs(names.length, ...names, Math.floor(now), Math.ceil(until), limit, ...except),
      );
      return pairs.flatMap((id, at) => (at % 2 === 0 ? [{ id, sealed: pairs[at + 1] ?? '' }] : []));
    },
    async done(id) {
      await run('finish job', (redis) => redis.bffDropJob(...keys.jobs(tagOf(id)), id));
    },
  };
}

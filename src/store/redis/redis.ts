/** The storage port on Redis (one server, Sentinel or Cluster), for one or several instances. */
import { Cluster } from 'ioredis';
import type { Store } from '../port/store.ts';
import type { StoreDeps, StoreType } from '../port/store-type.ts';
import { createRedisChanges } from './changes.ts';
import { checkRedis } from './checks.ts';
import { connectRedis } from './client.ts';
import { createRedisExpressStore } from './express-store.ts';
import { watchEvictionPolicy } from './inspect.ts';
import { redisJobs } from './jobs.ts';
import { redisKeys } from './keys.ts';
import { redisLeases, redisLimits } from './leases.ts';
import { redisExpired, sessionRecords } from './records.ts';
import { plainTextWarnings, type RedisConfig, redisFindings, redisSchema } from './schema.ts';
import { redisIndex } from './session-index.ts';

/** Writes in random slots that check a Cluster: so many that they reach every primary. */
const CLUSTER_PROBES = 64;

/** Opens the store. Redis may be down; operations reject with `store_unavailable` until it is up. */
export function openRedisStore(config: RedisConfig, deps: StoreDeps): Store {
  const { client, run, close } = connectRedis(config, deps);
  const clock = deps.clock ?? Date.now;
  const keys = redisKeys(config.prefix);
  const records = sessionRecords(run, keys, clock);
  watchEvictionPolicy(client, deps.log);
  const changes = createRedisChanges({ config, client, keys, log: deps.log, clock });
  return {
    kind: 'redis',
    shared: true,
    sessions: createRedisExpressStore(run, keys, records, clock),
    ...records,
    ...redisLeases(run, keys),
    index: redisIndex(run, keys, clock),
    expired: redisExpired(run, keys, clock),
    jobs: redisJobs(run, keys, clock),
    limits: redisLimits(run, keys),
    changes,
    async ping() {
      await run('ping', (redis) => redis.ping());
    },
    async checkWritable() {
      // Redis refuses every write when it is full or read-only; with XX this one has no effect otherwise.
      const count = client instanceof Cluster ? CLUSTER_PROBES : 1;
      const probes = Array.from({ length: count }, () => keys.probe());
      await run('check writes', (redis) => Promise.all(probes.map((key) => redis.set(key, '1', 'PX', 1_000, 'XX'))));
    },
    async close() {
      changes.close();
      await close();
    },
  };
}

export const redisStore: StoreType<ReturnType<typeof redisSchema>> = {
  purpose: 'for one or several instances',
  schema: redisSchema,
  findings: redisFindings,
  warnings: plainTextWarnings,
  open: openRedisStore,
  check: checkRedis,
};

/** A Redis that can be read but not written, and one that drops sessions when it is full: operators see both. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { openRedisStore } from '../../../src/store/redis/redis.ts';
import { freePort } from '../../support/ports.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startClusterSet } from '../../support/redis-topologies.ts';
import { scrape } from '../../support/scrape.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

async function readiness(t: TestContext, redis: RedisServer) {
  t.after(() => redis.stop());
  const port = await freePort();
  const world = await startWorld(t, { gateway: { redisUrl: redis.url, config: { admin: { port } } } });
  const admin = `http://127.0.0.1:${port}`;
  const reasons = async () => {
    const response = await fetch(`${admin}/readyz`);
    return { status: response.status, reason: ((await response.json()) as { reasons: string[] }).reasons.join() };
  };
  await until(async () => (await reasons()).status === 200);
  return { ...world, admin, reasons };
}

/** How Redis becomes read-only, what it says, and how it accepts writes again. */
const FAULTS: Record<string, { args?: string[]; begin: string[][]; end: string[][]; says: RegExp }> = {
  'memory full': {
    begin: [['CONFIG', 'SET', 'maxmemory', '1mb']],
    end: [['CONFIG', 'SET', 'maxmemory', '0']],
    says: /OOM/,
  },
  'a replica': {
    begin: [['REPLICAOF', '127.0.0.1', '1']],
    end: [['REPLICAOF', 'NO', 'ONE']],
    says: /READONLY/,
  },
  'too few replicas': {
    begin: [['CONFIG', 'SET', 'min-replicas-to-write', '1']],
    end: [['CONFIG', 'SET', 'min-replicas-to-write', '0']],
    says: /NOREPLICAS/,
  },
};

for (const [name, { begin, end, says }] of Object.entries(FAULTS))
  test(`O10 ${name}: readiness and its metric see that Redis refuses writes, sessions are read, and it recovers`, async (t) => {
    const redis = await startRedis();
    const { admin, reasons, signIn, session } = await readiness(t, redis);
    await signIn();
    const keys = await redis.keys();
    const run = (commands: string[][]) =>
      redis.withClient(async (client) => {
        for (const [command = '', ...args] of commands) await client.call(command, ...args);
      });
    await run(begin);
    const { reason } = await until(async () => {
      const found = await reasons();
      return found.reason.includes('refuses writes') ? found : undefined;
    });
    assert.match(reason, /^store: the session store refuses writes \(check writes: /);
    assert.match(reason, says);
    assert.equal((await reasons()).status, 503);
    assert.equal((await scrape(admin)).value('bff_part_ready{part="store"}'), 0);
    await until(async () => (await session()).authenticated === true);
    await run(end);
    await until(async () => (await reasons()).status === 200);
    assert.equal((await session()).authenticated, true);
    assert.deepEqual(await redis.keys(), keys, 'the check leaves no key');
  });

test('O10 a maxmemory-policy that evicts is a warning at the start, and noeviction is none', async (t) => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  const lines: string[] = [];
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const open = () => openRedisStore({ url: redis.url, prefix: 'bff:', commandTimeout: 5_000, database: 0 }, { log });
  const first = open();
  t.after(async () => {
    await first.close();
    await redis.stop();
  });
  await until(() =>
    lines.some((line) => /"policy":"allkeys-lru","msg":"session store: Redis evicts sessions/.test(line)),
  );
  await redis.withClient((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
  lines.length = 0;
  const second = open();
  await second.ping();
  // INFO of the start was sent before this command.
  await second.ping();
  await second.close();
  assert.deepEqual(lines, []);
});

test('O10 a Cluster: the check reaches its primaries, and eviction is a warning', async (t) => {
  const cluster = await startClusterSet();
  const lines: string[] = [];
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  for (const node of cluster.nodes)
    await node.withClient((client) => client.config('SET', 'maxmemory-policy', 'volatile-lru'));
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const store = openRedisStore({ cluster: nodes, prefix: 'bff:', commandTimeout: 5_000, database: 0 }, { log });
  t.after(async () => {
    await store.close();
    await cluster.stop();
  });
  await until(() => store.checkWritable().then(() => true));
  await until(() => lines.some((line) => line.includes('"policy":"volatile-lru"')));
  for (const node of cluster.nodes)
    await node.withClient((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
  const full = await cluster.nodes[0]?.withClient((client) => client.config('SET', 'maxmemory', '1mb'));
  assert.equal(full, 'OK');
  await assert.rejects(store.checkWritable(), /store_unavailable/, 'one of three primaries is full');
});

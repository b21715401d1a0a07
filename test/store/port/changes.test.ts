/** Every store tells of changes, whoever makes them, and says so when it cannot. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Store } from '../../../src/store/port/store.ts';
import { openRedisStore } from '../../../src/store/redis/redis.ts';
import type { RedisConfig } from '../../../src/store/redis/schema.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startClusterSet, startSentinelSet } from '../../support/redis-topologies.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/wait.ts';

const log = pino({ level: 'silent' });
const TTL = 60_000;
const base = { prefix: 'bff:', commandTimeout: 1_000, database: 0 };

function open(t: TestContext, where: Partial<RedisConfig>): Store {
  const store = openRedisStore({ ...base, ...where } as RedisConfig, { log });
  t.after(() => store.close());
  return store;
}

/** Begins to watch: the keys that are told from now on, `*` for any. */
async function watched(store: Store): Promise<string[]> {
  const told: string[] = [];
  store.changes.watch((key) => void told.push(key ?? '*'));
  await until(() => store.changes.current());
  return told;
}

async function put(store: Store, key: string): Promise<void> {
  await store.createTokens(key, 'sealed', TTL);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const envelope = { sealed: 'data', expiresAt: Date.now() + TTL, cookie: { originalMaxAge: null } };
  store.sessions.set(key, envelope as never, (error?: unknown) => (error ? reject(error) : resolve()));
  await promise;
}

/** Three changes by another hand, each told within a second. */
async function tellsOf(told: string[], other: Store): Promise<void> {
  for (const key of ['k1', 'k2']) await put(other, key);
  const changes: [string, () => Promise<unknown>][] = [
    ['k1', () => other.replaceTokens('k1', 1, 'newer')],
    ['k1', () => other.end('k1')],
    ['k2', () => other.end('k2')],
  ];
  await until(() => told.includes('k1') && told.includes('k2'), { timeout: 1_000, what: 'the first word of both' });
  for (const [key, change] of changes) {
    told.length = 0;
    await change();
    await until(() => told.includes(key), { timeout: 1_000, what: `a change of ${key}` });
  }
  assert.ok(!told.includes('*'));
}

const TOPOLOGIES: Record<string, () => Promise<{ where: Partial<RedisConfig>; stop(): Promise<void> }>> = {
  async 'one Redis'() {
    const redis = await startRedis();
    return { where: { url: redis.url }, stop: () => redis.stop() };
  },
  async Sentinel() {
    const set = await startSentinelSet();
    const where = { sentinels: [{ host: '127.0.0.1', port: set.sentinelPort }], master: 'shop' };
    return { where, stop: () => set.stop() };
  },
  async 'a Cluster'() {
    const set = await startClusterSet();
    const where = { cluster: set.nodes.map(({ port }) => ({ host: '127.0.0.1', port })) };
    return { where, stop: () => set.stop() };
  },
};

for (const [name, start] of Object.entries(TOPOLOGIES))
  test(`SE-07 ${name}: what another process does to a session is told`, async (t) => {
    const { where, stop } = await start();
    t.after(stop);
    const [store, other] = [open(t, where), open(t, where)];
    await tellsOf(await watched(store), other);
  });

test('SE-07 SQLite: what this process does to a session is told', async (t) => {
  const store = openSqliteStore({ file: ':memory:' }, { log });
  t.after(() => store.close());
  await put(store, 'k1');
  const told = await watched(store);
  await store.replaceTokens('k1', 1, 'newer');
  await store.end('k1');
  assert.deepEqual(told, ['k1', 'k1']);
});

async function stored(t: TestContext): Promise<{ redis: RedisServer; store: Store; told: string[] }> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = open(t, { url: redis.url });
  await put(store, 'k1');
  return { redis, store, told: await watched(store) };
}

test('a key that somebody removes by hand, and a flush, are told as well', async (t) => {
  const { redis, told } = await stored(t);
  told.length = 0;
  await redis.withClient((client) => client.del('bff:{k1}:session'));
  await until(() => told.includes('k1'), { timeout: 1_000 });
  await redis.flush();
  await until(() => told.includes('*'), { timeout: 1_000 });
});

test('SE-07 a Redis that stands still is not vouched for after a second, and again once it answers', async (t) => {
  const { redis, store } = await stored(t);
  redis.pause();
  const since = performance.now();
  // When it was vouched for last, not when that was seen to be over.
  let vouched = since;
  await until(
    () => {
      if (!store.changes.current()) return true;
      vouched = performance.now();
      return false;
    },
    { interval: 10 },
  );
  assert.ok(vouched - since < 1_000);
  redis.resume();
  await until(() => store.changes.current());
});

test('SE-07 after a lost connection everything counts as changed before anything is vouched for', async (t) => {
  const redis = await startRedis();
  const proxy = await startTcpProxy({ port: redis.port });
  t.after(async () => {
    await proxy.close();
    await redis.stop();
  });
  const store = open(t, { url: `redis://127.0.0.1:${proxy.port}` });
  const told = await watched(store);
  told.length = 0;
  proxy.blackhole(true);
  proxy.cut();
  await until(() => !store.changes.current(), { timeout: 1_000, interval: 5 });
  assert.equal(told.length, 0);
  proxy.blackhole(false);
  proxy.cut();
  await until(() => store.changes.current());
  assert.ok(told.includes('*'));
});

test('a user of Redis who may not track reads on, and nothing is vouched for', async (t) => {
  const redis = await startRedis({ args: ['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all', '-client'] });
  t.after(() => redis.stop());
  const store = open(t, { url: redis.url });
  store.changes.watch(() => {});
  await put(store, 'k1');
  assert.ok(await store.load('k1'));
  assert.equal(store.changes.current(), false);
});

test('a process whose timers do not come for all the calls it has still knows, since the calls ask', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  t.mock.timers.enable({ apis: ['setInterval'] });
  const store = open(t, { url: redis.url });
  await watched(store);
  // Longer than an answer vouches for.
  const end = performance.now() + 1_500;
  for (let looked = performance.now(); looked < end; looked = performance.now()) {
    await sleep(20);
    // Where the machine held the process up no call came to ask: the first one afterwards does.
    if (performance.now() - looked < 500) assert.ok(store.changes.current());
    else await until(() => store.changes.current());
  }
});

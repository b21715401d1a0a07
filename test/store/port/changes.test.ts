/** Every store notifies of changes by any process, and reports when it cannot. */
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

/** Starts to watch; the result collects the keys of later changes, `*` for any session. */
async function watch(store: Store): Promise<string[]> {
  const notified: string[] = [];
  store.changes.watch((key) => void notified.push(key ?? '*'));
  await until(() => store.changes.current());
  return notified;
}

async function put(store: Store, key: string): Promise<void> {
  await store.createTokens(key, 'sealed', TTL);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const envelope = { sealed: 'data', expiresAt: Date.now() + TTL, cookie: { originalMaxAge: null } };
  store.sessions.set(key, envelope as never, (error?: unknown) => (error ? reject(error) : resolve()));
  await promise;
}

/** Makes three changes through another store; each must be notified within a second. */
async function assertNotified(notified: string[], other: Store): Promise<void> {
  for (const key of ['k1', 'k2']) await put(other, key);
  const changes: [string, () => Promise<unknown>][] = [
    ['k1', () => other.replaceTokens('k1', 1, 'newer')],
    ['k1', () => other.end('k1')],
    ['k2', () => other.end('k2')],
  ];
  await until(() => notified.includes('k1') && notified.includes('k2'), {
    timeout: 10_000,
    what: 'the creation of both',
  });
  for (const [key, change] of changes) {
    notified.length = 0;
    await change();
    await until(() => notified.includes(key), { timeout: 10_000, what: `a change of ${key}` });
  }
  assert.ok(!notified.includes('*'));
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
  test(`SE-07 ${name}: changes of a session by another process are notified`, async (t) => {
    const { where, stop } = await start();
    t.after(stop);
    const [store, other] = [open(t, where), open(t, where)];
    await assertNotified(await watch(store), other);
  });

test('SE-07 SQLite: changes of a session by this process are notified', async (t) => {
  const store = openSqliteStore({ file: ':memory:' }, { log });
  t.after(() => store.close());
  await put(store, 'k1');
  const notified = await watch(store);
  await store.replaceTokens('k1', 1, 'newer');
  await store.end('k1');
  assert.deepEqual(notified, ['k1', 'k1']);
});

async function withStoredSession(t: TestContext): Promise<{ redis: RedisServer; store: Store; notified: string[] }> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = open(t, { url: redis.url });
  await put(store, 'k1');
  return { redis, store, notified: await watch(store) };
}

test('a key that is deleted manually, and a flush, are also notified', async (t) => {
  const { redis, notified } = await withStoredSession(t);
  notified.length = 0;
  await redis.withClient((client) => client.del('bff:{k1}:session'));
  await until(() => notified.includes('k1'), { timeout: 60_000 });
  await redis.flush();
  await until(() => notified.includes('*'), { timeout: 60_000 });
});

test('SE-07 changes are not current a second after Redis is suspended, and are current again when it responds', async (t) => {
  const { redis, store } = await withStoredSession(t);
  redis.pause();
  const suspendedAt = performance.now();
  // The last time at which the changes were current, not the time at which the end was noticed.
  let currentAt = suspendedAt;
  await until(
    () => {
      const askedAt = performance.now();
      if (!store.changes.current()) return true;
      currentAt = askedAt;
      return false;
    },
    { interval: 10 },
  );
  assert.ok(currentAt - suspendedAt < 1_000);
  redis.resume();
  await until(() => store.changes.current());
});

test('SE-07 after a lost connection every session counts as changed before changes are current again', async (t) => {
  const redis = await startRedis();
  const proxy = await startTcpProxy({ port: redis.port });
  t.after(async () => {
    await proxy.close();
    await redis.stop();
  });
  const store = open(t, { url: `redis://127.0.0.1:${proxy.port}` });
  const notified = await watch(store);
  notified.length = 0;
  proxy.blackhole(true);
  proxy.cut();
  await until(() => !store.changes.current(), { timeout: 10_000, interval: 5 });
  assert.equal(notified.length, 0);
  proxy.blackhole(false);
  proxy.cut();
  await until(() => store.changes.current());
  assert.ok(notified.includes('*'));
});

test('without permission for CLIENT TRACKING reads work, and changes are never current', async (t) => {
  const redis = await startRedis({ args: ['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all', '-client'] });
  t.after(() => redis.stop());
  const store = open(t, { url: redis.url });
  store.changes.watch(() => {});
  await put(store, 'k1');
  assert.ok(await store.load('k1'));
  assert.equal(store.changes.current(), false);
});

test('in a process whose timers are late, changes stay current because each check triggers a ping', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  t.mock.timers.enable({ apis: ['setInterval'] });
  const store = open(t, { url: redis.url });
  await watch(store);
  // Longer than one ping keeps the changes current.
  const end = performance.now() + 1_500;
  for (let checkedAt = performance.now(); checkedAt < end; checkedAt = performance.now()) {
    await sleep(20);
    // If the machine suspended the process there was no check in the meantime; the next one triggers a ping.
    if (performance.now() - checkedAt < 500) assert.ok(store.changes.current());
    else await until(() => store.changes.current());
  }
});

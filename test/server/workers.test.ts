/** Several processes on one port: sessions are shared, and a worker that exits is replaced without a failed request. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { isAlive } from '../support/is-alive.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';
import { CSRF } from '../support/world.ts';

const stores: Record<string, (t: TestContext) => Promise<NonNullable<NonNullable<ConfigInput['session']>['store']>>> = {
  async SQLite(t) {
    const folder = mkdtempSync(join(tmpdir(), 'bff-workers-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return { sqlite: { file: join(folder, 'sessions.db') } };
  },
  async Redis(t) {
    const redis = await startRedis();
    t.after(() => redis.stop());
    return { redis: { url: redis.url } };
  },
};

async function world(t: TestContext, name: string, lifetime?: number) {
  const provider = await startProvider(lifetime === undefined ? {} : { settings: { accessTokenLifetime: lifetime } });
  const upstream = await startUpstream();
  t.after(async () => {
    await upstream.close();
    await provider.stop();
  });
  const store = await stores[name]?.(t);
  const routes = [{ path: '/api/**', upstream: upstream.origin }];
  const config = {
    workers: 2,
    limits: { drainDelay: '0s', loginsPerMinute: 0 },
    routes,
    session: { ...(store ? { store } : {}) },
  };
  const gateway = await startProcess(t, { provider, config });
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const cookie = browser.cookieHeader('/');
  /** Sends a request on a connection of its own, so that the next worker accepts it. */
  const requestStatus = async () =>
    (await fetch(`${gateway.ownUrl}/api/x`, { headers: { cookie, ...CSRF, connection: 'close' } })).status;
  const requestStatuses = (count: number) => Promise.all(Array.from({ length: count }, requestStatus));
  return { provider, gateway, browser, requestStatus, requestStatuses };
}

for (const name of Object.keys(stores)) {
  test(`${name}: all workers know a session, and its end`, async (t) => {
    const { gateway, browser, requestStatuses } = await world(t, name);
    assert.equal(workersOf(gateway).length, 2);
    for (let round = 0; round < 3; round++) assert.deepEqual([...new Set(await requestStatuses(30))], [200]);
    await browser.fetch('/logout', { method: 'POST', headers: CSRF });
    await until(async () => (await requestStatuses(30)).every((status) => status === 401), {
      timeout: 1_000,
      interval: 10,
    });
  });

  test(`R03 ${name}: a hundred requests at expiry on all workers cause one refresh`, async (t) => {
    const { provider, requestStatuses, requestStatus } = await world(t, name, 3_000);
    await until(async () => {
      const before = provider.requests.token.length;
      assert.deepEqual([...new Set(await requestStatuses(100))], [200]);
      return provider.requests.token.length > before;
    });
    const refreshes = provider.requests.token.filter(({ params }) => params.get('grant_type') === 'refresh_token');
    assert.equal(new Set(refreshes.map(({ params }) => params.get('refresh_token'))).size, refreshes.length);
    assert.equal(await requestStatus(), 200);
  });
}

test('a worker that exits is replaced, and the others respond in the meantime', async (t) => {
  const { gateway, requestStatus, requestStatuses } = await world(t, 'SQLite');
  const [victim, ...others] = workersOf(gateway);
  assert.ok(victim);
  process.kill(victim, 'SIGKILL');
  // A connection that is handed to the worker before the first process knows of its end is lost with it.
  await until(() => gateway.output().includes('worker exited'));
  assert.ok(!workersOf(gateway).includes(victim));
  for (let count = 0; count < 20; count++) assert.equal(await requestStatus(), 200);
  await until(() => workersOf(gateway).length === 2);
  for (const other of others) assert.ok(workersOf(gateway).includes(other));
  await until(async () => (await requestStatuses(12)).every((status) => status === 200));
});

test('all workers exit with the primary process, whether it is terminated or killed', async (t) => {
  for (const how of ['terminate', 'kill'] as const) {
    const { gateway, requestStatus } = await world(t, 'SQLite');
    assert.equal(await requestStatus(), 200);
    const workers = workersOf(gateway);
    const code = await gateway[how]();
    if (how === 'terminate') assert.equal(code, 0);
    await until(() => !workers.some(isAlive), { what: `${how}: all workers gone` });
    if (how === 'terminate') {
      await gateway.start();
      assert.equal(await requestStatus(), 200, 'the session was kept');
    }
  }
});

test('if no worker can start, the start fails with the reason', async (t) => {
  const { gateway } = await world(t, 'SQLite');
  const provider = await startProvider();
  t.after(() => provider.stop());
  const config = {
    workers: 2,
    listen: { host: '127.0.0.1', port: gateway.port },
    session: { store: { sqlite: { file: ':memory:' } } },
  };
  await assert.rejects(startProcess(t, { provider, config }), ({ cause }: Error) =>
    /ended with 1.*listen\.port: 127\.0\.0\.1:\d+ is in use by another process/s.test(String(cause)),
  );
});

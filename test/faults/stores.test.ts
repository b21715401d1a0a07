/** Store failover and network partitions: no user is signed out by them, and no ended session is accepted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKey, startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { startClusterSet, startSentinelSet } from '../support/redis-topologies.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

/** Signs in as soon as the nodes have settled, which takes longer on a busy machine. */
const signInOnceReady = (world: World) => until(() => world.signIn().then(() => true), { what: 'a sign-in' });

/** Sends requests until one succeeds after an outage, and returns all statuses seen. */
async function statusesThroughOutage(world: World): Promise<number[]> {
  const statuses: number[] = [];
  await until(
    async () => {
      const { status } = await world.api();
      statuses.push(status);
      return status === 200 && statuses.includes(503);
    },
    { timeout: 60_000, interval: 50, what: 'an outage that ends' },
  );
  return statuses;
}

test('R12 SE-12 a Sentinel failover: 503 during the outage, then the same cookie works, and signs out', async (t) => {
  const set = await startSentinelSet();
  t.after(() => set.stop());
  const store = { redis: { sentinels: [{ host: '127.0.0.1', port: set.sentinelPort }], master: 'shop' } };
  const world = await startWorld(t, { gateway: { config: { session: { store } } } });
  await signInOnceReady(world);
  await until(async () => (await set.replica.keys()).some((key) => key.endsWith(':tokens')));
  await set.master.stop();
  const statuses = await statusesThroughOutage(world);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 503]);
  assert.equal((await world.session()).authenticated, true);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal((await world.api()).status, 401);
});

test('R12 SE-12 a Cluster loses the primary of a session: 503 during the outage, then the same cookie works', async (t) => {
  const set = await startClusterSet();
  t.after(() => set.stop());
  const store = { redis: { cluster: set.nodes.map(({ port }) => ({ host: '127.0.0.1', port })) } };
  const world = await startWorld(t, { gateway: { config: { session: { store } } } });
  await signInOnceReady(world);
  const keys = (await Promise.all(set.nodes.map((node) => node.keys()))).flat();
  const primary = await set.primaryOf(keys.find((key) => key.endsWith(':session')) ?? '');
  await until(async () => {
    const copies = await Promise.all(set.nodes.map((node) => node.keys()));
    return copies.filter((copy) => copy.some((key) => key.endsWith(':session'))).length === 2;
  });
  await primary.stop();
  const statuses = await statusesThroughOutage(world);
  assert.deepEqual([...new Set(statuses)].sort(), [200, 503]);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal((await world.api()).status, 401);
});

test('SE-07 a network partition of one replica: it serves no session that it cannot check, and an ended session stays ended', async (t) => {
  const redis = await startRedis();
  const proxy = await startTcpProxy({ port: redis.port });
  const provider = await startProvider();
  const key = newKey();
  const world = await startWorld(t, { running: provider, gateway: { redisUrl: redis.url, key } });
  const partitioned = await startGateway({
    provider,
    routes: [{ path: '/api/**', upstream: world.upstream.origin }],
    redisUrl: `redis://127.0.0.1:${proxy.port}`,
    key,
    publicUrl: world.gateway.url,
  });
  t.after(async () => {
    await partitioned.stop();
    await proxy.close();
    await redis.stop();
  });
  const [leaving, staying] = [world.gateway.browser(), world.gateway.browser()];
  for (const browser of [leaving, staying]) await browser.navigate('/login?returnTo=/app');
  const requestAt = (cookie: string) => fetch(`${partitioned.ownUrl}/api/x`, { headers: { cookie, ...CSRF } });
  const [endedCookie, liveCookie] = [leaving.cookieHeader('/'), staying.cookieHeader('/')];
  for (const cookie of [endedCookie, liveCookie]) assert.equal((await requestAt(cookie)).status, 200);

  proxy.blackhole(true);
  proxy.cut();
  await leaving.fetch('/logout', { method: 'POST', headers: CSRF });
  for (const cookie of [endedCookie, liveCookie]) assert.equal((await requestAt(cookie)).status, 503);

  proxy.blackhole(false);
  proxy.cut();
  await until(async () => (await requestAt(liveCookie)).status === 200);
  assert.equal((await requestAt(endedCookie)).status, 401);
});

/** Renewed tokens that the store could not take: stored as soon as it is back, by nobody's call, and at the stop at the latest. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { startRedis } from '../../support/redis.ts';
import { startReplicas } from '../../support/replicas.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { startUpstream } from '../../support/upstream.ts';
import { gate, until } from '../../support/wait.ts';
import { CSRF } from '../../support/world.ts';

/** Two replicas; the second reaches Redis by a line of its own, which breaks between the renewal and the write. */
async function startBroken(t: TestContext, sessions: number) {
  const redis = await startRedis();
  const line: TcpProxy = await startTcpProxy(redis);
  const world = await startReplicas(t, 1, redis.url);
  const cut = await startGateway({
    provider: world.provider,
    routes: [{ path: '/api/**', upstream: world.upstream.origin }],
    redisUrl: `redis://127.0.0.1:${line.port}`,
    key: world.key,
    publicUrl: world.gateway.url,
  });
  t.after(async () => {
    await cut.stop();
    await line.close();
    await redis.stop();
  });
  world.provider.settings.accessTokenLifetime = 1_000;
  const browsers = Array.from({ length: sessions }, () => world.gateway.browser());
  for (const browser of browsers) await browser.navigate('/login?returnTo=/app');
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.settings.accessTokenLifetime = 60_000;
  const cookies = browsers.map((browser) => browser.cookieHeader('/'));
  const held = gate();
  world.provider.behaviour.token = async (_call, proceed) => {
    const answer = await proceed();
    await held.passed;
    return answer;
  };
  const calls = cookies.map((cookie) => world.callAt(cut, cookie));
  await until(() => world.provider.refreshes().length === sessions);
  await line.refuse();
  held.open();
  for (const { status } of await Promise.all(calls)) assert.equal(status, 503);
  assert.equal(world.upstream.requests.length, 0);
  const versions = async () =>
    await redis.use(async (client) => {
      const keys = (await client.keys('*')).filter((key) => key.endsWith(':tokens'));
      return await Promise.all(keys.map(async (key) => Number.parseInt((await client.get(key)) ?? '', 10)));
    });
  return { world, cut, line, cookies, versions };
}

test('RF-02 tokens that could not be stored are stored once the store is back, before anybody calls', async (t) => {
  const { world, line, cookies, versions } = await startBroken(t, 5);
  assert.deepEqual(await versions(), [1, 1, 1, 1, 1]);
  await line.accept();
  await until(async () => (await versions()).every((version) => version === 2));
  for (const cookie of cookies) assert.equal((await world.callAt(world.gateway, cookie)).status, 200);
  assert.equal(world.provider.refreshes().length, 5, 'no other replica spent a token a second time');
});

test('RF-07 a session that ended meanwhile is not brought back, and what was issued for it is revoked', async (t) => {
  const { world, line, cookies, versions } = await startBroken(t, 1);
  const [cookie = ''] = cookies;
  const leave = await fetch(`${world.gateway.ownUrl}/logout`, { method: 'POST', headers: { cookie, ...CSRF } });
  assert.equal(leave.status, 200);
  const before = world.provider.calls.revocation.length;
  await line.accept();
  await until(() => world.provider.calls.revocation.length >= before + 2);
  assert.deepEqual(await versions(), []);
  assert.equal((await world.callAt(world.gateway, cookie)).status, 401);
});

test('RF-02 a gateway that stops stores them at the last moment', async (t) => {
  const { world, cut, line, cookies, versions } = await startBroken(t, 1);
  await line.accept();
  await cut.stop();
  assert.deepEqual(await versions(), [2]);
  assert.equal((await world.callAt(world.gateway, cookies[0] ?? '')).status, 200);
  assert.equal(world.provider.refreshes().length, 1);
});

test('DO-07 RF-02 SIGTERM in the middle of a renewal that nobody waits for any more: its tokens are stored before the end', async (t) => {
  const [provider, upstream, redis] = [await startProvider(), await startUpstream(), await startRedis()];
  t.after(() => Promise.all([provider.stop(), upstream.close(), redis.stop()]).then(() => undefined));
  const gateway = await startProcess(t, {
    provider,
    config: {
      session: { store: { redis: { url: redis.url } } },
      routes: [{ path: '/api/**', upstream: upstream.origin }],
      limits: { loginsPerMinute: 0, drainDelay: '0s' },
    },
  });
  provider.settings.accessTokenLifetime = 1_000;
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  provider.settings.accessTokenLifetime = 60_000;
  const held = gate();
  provider.behaviour.token = async (_call, proceed) => {
    const answer = await proceed();
    await held.passed;
    return answer;
  };
  const leave = new AbortController();
  const call = browser.fetch('/api/x', { headers: CSRF, signal: leave.signal });
  await until(() => provider.refreshes().length === 1);
  leave.abort();
  await assert.rejects(call);
  const stopped = gateway.terminate();
  await until(async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 503);
  held.open();
  assert.equal(await stopped, 0);
  await gateway.start();
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal(provider.refreshes().length, 1);
});

/** Refreshed tokens that could not be stored: stored as soon as the store is back, at the latest when the gateway stops. */
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

/** Two replicas; the second reaches Redis through its own proxy, which breaks between the refresh and the write. */
async function startWithUnsavedTokens(t: TestContext, sessions: number) {
  const redis = await startRedis();
  const redisProxy: TcpProxy = await startTcpProxy(redis);
  const world = await startReplicas(t, 1, redis.url);
  const disconnected = await startGateway({
    provider: world.provider,
    routes: [{ path: '/api/**', upstream: world.upstream.origin }],
    redisUrl: `redis://127.0.0.1:${redisProxy.port}`,
    key: world.key,
    publicUrl: world.gateway.url,
  });
  t.after(async () => {
    await disconnected.stop();
    await redisProxy.close();
    await redis.stop();
  });
  world.provider.settings.accessTokenLifetime = 1_000;
  const browsers = Array.from({ length: sessions }, () => world.gateway.browser());
  for (const browser of browsers) await browser.navigate('/login?returnTo=/app');
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.settings.accessTokenLifetime = 60_000;
  const cookies = browsers.map((browser) => browser.cookieHeader('/'));
  const providerGate = gate();
  world.provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    await providerGate.passed;
    return response;
  };
  const requests = cookies.map((cookie) => world.requestAt(disconnected, cookie));
  await until(() => world.provider.refreshRequests().length === sessions);
  await redisProxy.refuse();
  providerGate.open();
  for (const { status } of await Promise.all(requests)) assert.equal(status, 503);
  assert.equal(world.upstream.requests.length, 0);
  const versions = async () =>
    await redis.withClient(async (client) => {
      const keys = (await client.keys('*')).filter((key) => key.endsWith(':tokens'));
      return await Promise.all(keys.map(async (key) => Number.parseInt((await client.get(key)) ?? '', 10)));
    });
  return { world, disconnected, redisProxy, cookies, versions };
}

test('RF-02 tokens that could not be stored are stored once the store is back, without a further request', async (t) => {
  const { world, redisProxy, cookies, versions } = await startWithUnsavedTokens(t, 5);
  assert.deepEqual(await versions(), [1, 1, 1, 1, 1]);
  await redisProxy.accept();
  await until(async () => (await versions()).every((version) => version === 2));
  for (const cookie of cookies) assert.equal((await world.requestAt(world.gateway, cookie)).status, 200);
  assert.equal(world.provider.refreshRequests().length, 5, 'no refresh token was spent a second time');
});

test('RF-07 a session that ended in the meantime is not restored, and the tokens issued for it are revoked', async (t) => {
  const { world, redisProxy, cookies, versions } = await startWithUnsavedTokens(t, 1);
  const [cookie = ''] = cookies;
  const logout = await fetch(`${world.gateway.ownUrl}/logout`, { method: 'POST', headers: { cookie, ...CSRF } });
  assert.equal(logout.status, 200);
  const before = world.provider.requests.revocation.length;
  await redisProxy.accept();
  await until(() => world.provider.requests.revocation.length >= before + 2);
  assert.deepEqual(await versions(), []);
  assert.equal((await world.requestAt(world.gateway, cookie)).status, 401);
});

test('RF-02 a gateway that stops stores unsaved tokens before it exits', async (t) => {
  const { world, disconnected, redisProxy, cookies, versions } = await startWithUnsavedTokens(t, 1);
  await redisProxy.accept();
  await disconnected.stop();
  assert.deepEqual(await versions(), [2]);
  assert.equal((await world.requestAt(world.gateway, cookies[0] ?? '')).status, 200);
  assert.equal(world.provider.refreshRequests().length, 1);
});

test('DO-07 RF-02 SIGTERM during a refresh whose client has disconnected: the tokens are stored before the process exits', async (t) => {
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
  const providerGate = gate();
  provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    await providerGate.passed;
    return response;
  };
  const client = new AbortController();
  const request = browser.fetch('/api/x', { headers: CSRF, signal: client.signal });
  await until(() => provider.refreshRequests().length === 1);
  client.abort();
  await assert.rejects(request);
  const stopped = gateway.terminate();
  await until(async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 503);
  providerGate.open();
  assert.equal(await stopped, 0);
  await gateway.start();
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal(provider.refreshRequests().length, 1);
});

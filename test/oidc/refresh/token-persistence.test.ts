/** Refreshed tokens are stored before they are used: store failure and process death between refresh and write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { startRedis } from '../../support/redis.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { startUpstream } from '../../support/upstream.ts';
import { gate, until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';

test('RF-02 the store fails between the refresh and the write: no token is spent twice, none is used before it is stored', async (t) => {
  const redis = await startRedis();
  const redisProxy = await startTcpProxy(redis);
  const world = await startWorld(t, { gateway: { redisUrl: `redis://127.0.0.1:${redisProxy.port}` } });
  t.after(() => Promise.all([redisProxy.close(), redis.stop()]).then(() => undefined));
  world.provider.settings.rotation = 'rotate-revoke-on-reuse';
  world.provider.settings.accessTokenLifetime = 1_000;
  await world.signIn();
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.settings.accessTokenLifetime = 60_000;
  const providerGate = gate();
  world.provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    await providerGate.passed;
    return response;
  };
  const request = world.api();
  await until(() => world.provider.refreshRequests().length === 1);
  await redisProxy.refuse();
  providerGate.open();
  assert.equal((await request).status, 503);
  assert.equal(world.upstream.requests.length, 0, 'the new token was not used before it was stored');
  await redisProxy.accept();
  await until(async () => (await world.api()).status === 200);
  assert.equal(
    world.provider.refreshRequests().length,
    1,
    'the kept tokens were stored, and no second refresh was requested',
  );
});

test('RF-02 a process killed when the provider responds: the next request works or gets one 401, without a loop', async (t) => {
  const [provider, upstream, redis] = [await startProvider(), await startUpstream(), await startRedis()];
  t.after(() => Promise.all([provider.stop(), upstream.close(), redis.stop()]).then(() => undefined));
  const gateway = await startProcess(t, {
    provider,
    config: {
      session: { store: { redis: { url: redis.url } } },
      routes: [{ path: '/api/**', upstream: upstream.origin }],
    },
  });
  const browser = gateway.browser();
  provider.settings.rotation = 'rotate-revoke-on-reuse';
  provider.settings.accessTokenLifetime = 1_000;
  await browser.navigate('/login');
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  provider.behaviour.token = async (_call, proceed) => {
    await proceed();
    await gateway.kill();
    return { status: 500, headers: {} };
  };
  const api = () => browser.fetch('/api/x', { headers: CSRF });
  await assert.rejects(api(), 'the connection breaks with the process');
  provider.resetBehaviour();
  await gateway.start();
  // The lease of the killed process has to expire first.
  const response = await until(async () => {
    const next = await api();
    return next.status === 503 ? undefined : next;
  });
  assert.ok([200, 401].includes(response.status), String(response.status));
  assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, response.status === 200);
  assert.ok(provider.refreshRequests().length <= 2);
});

/** The gateway with a real Redis that is slow, stops, returns, or is dumped; and two gateways with one Redis. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { newKey, startGateway, type TestGateway } from '../support/gateway.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { gate, until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis({ persist: true });
});
after(() => redis.stop());
beforeEach(() => redis.flush());

describe('R11 R12 SE-12 Redis stops and returns with its data', () => {
  test('requests get 503 within 2 s, no cookie is cleared, and the same cookie works afterwards', async (t) => {
    const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
    await world.signIn();
    const cookie = world.browser.cookieHeader('/');
    await redis.stop();
    for (let n = 0; n < 40; n++) {
      const asked = Date.now();
      const responses = await Promise.all([
        world.api(),
        world.browser.fetch('/session', { headers: CSRF }),
        world.browser.fetch('/profile', { headers: CSRF }),
        world.browser.navigate('/login'),
      ]);
      assert.ok(Date.now() - asked < 2_000 * 2, 'no response waits for the store');
      for (const response of responses.slice(0, 3)) {
        assert.equal(response.status, 503);
        assert.ok(response.headers['retry-after']);
        assert.equal(response.setCookies.length, 0);
      }
    }
    assert.equal(world.browser.cookieHeader('/').includes(cookie), true);
    assert.equal(world.upstream.requests.length, 0);
    await redis.restart();
    await until(async () => (await world.api()).status === 200, { timeout: 30_000 });
  });

  test('a Redis that hangs counts as an outage', async (t) => {
    const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
    await world.signIn();
    redis.pause();
    const asked = Date.now();
    const response = await world.api();
    const took = Date.now() - asked;
    redis.resume();
    assert.equal(response.status, 503);
    assert.ok(took < 2_000, `${took} ms`);
    await until(async () => (await world.api()).status === 200, { timeout: 30_000 });
  });
});

test('R13 the session is stored before the redirect, so that another gateway finds it at once', async (t) => {
  const key = newKey();
  const slow = await startTcpProxy(redis);
  const store = { redis: { url: `redis://127.0.0.1:${slow.port}`, commandTimeout: '10s' } };
  const world = await startWorld(t, { gateway: { config: { session: { store } }, key } });
  const other = await startGateway({
    provider: world.provider,
    redisUrl: redis.url,
    publicUrl: world.gateway.url,
    key,
  });
  t.after(() => Promise.all([other.stop(), slow.close()]).then(() => undefined));
  slow.delay(150);
  for (let n = 0; n < 5; n++) {
    const browser = world.gateway.browser();
    const { stoppedAt } = await browser.navigate('/login', { stopAt: (url) => url.pathname === '/callback' });
    const cookie = browser.cookieHeader('/');
    const response = await fetch(String(stoppedAt), { redirect: 'manual', headers: { cookie, accept: 'text/html' } });
    const [session = ''] = response.headers.getSetCookie().filter((line) => line.startsWith('bff='));
    const asked = await fetch(`${other.ownUrl}/session`, { headers: { cookie: session.split(';')[0] ?? '', ...CSRF } });
    assert.equal(((await asked.json()) as { authenticated: boolean }).authenticated, true);
  }
});

test('R14 neither anonymous traffic nor started sign-ins add a key', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  for (const path of [
    '/',
    '/api/x',
    '/session',
    '/profile',
    '/nowhere',
    '/callback?state=x&code=y',
    '/logout',
    '/signed-out',
  ]) {
    for (let n = 0; n < 20; n++) await (await fetch(world.gateway.url + path, { redirect: 'manual' })).body?.cancel();
  }
  for (let n = 0; n < 20; n++)
    await world.gateway.browser().navigate('/login', { stopAt: (url) => url.pathname === '/callback' });
  assert.deepEqual(await redis.keys(), []);
});

test('R15 SE-07 a sign-out wins over requests in progress', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  const held = gate();
  world.upstream.respondWith(async (_req, res) => {
    await held.passed;
    res.end('late');
  });
  const slow = Promise.all(Array.from({ length: 20 }, () => world.api()));
  await until(() => world.upstream.requests.length === 20);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  held.open();
  for (const response of await slow) assert.equal(response.setCookies.length, 0);
  const replay = await fetch(`${world.gateway.url}/api/x`, { headers: { cookie, ...CSRF } });
  assert.equal(replay.status, 401);
  assert.deepEqual(
    (await redis.keys()).filter((key) => /session|tokens/.test(key)),
    [],
  );
});

test('CR-01 CR-02 a dump of Redis contains no token and no usable cookie', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  await world.signIn();
  const dump = await redis.dump();
  const [grant] = world.provider.grants;
  assert.ok(grant?.refreshToken && dump.length > 100);
  // Sealed text may contain any three letters by chance, but not two parts of a JWT.
  assert.doesNotMatch(dump, /eyJ[\w-]{10,}\.eyJ/);
  assert.ok(!dump.includes(grant.refreshToken) && !dump.includes(grant.user.sub));
  const value = decodeURIComponent(world.browser.cookieHeader('/').split('=')[1] ?? '');
  assert.ok(!dump.includes(value.slice(2, 40)));
  for (const key of (await redis.keys()).flatMap((name) => [name, /\{(.+)\}/.exec(name)?.[1] ?? ''])) {
    const response = await fetch(`${world.gateway.url}/api/x`, {
      headers: { cookie: `bff=${encodeURIComponent(`s:${key}`)}`, ...CSRF },
    });
    assert.equal(response.status, 401);
  }
});

test('CR-01 token records swapped between two sessions sign both out', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  const [one, two] = [world.gateway.browser(), world.gateway.browser()];
  await one.navigate('/login');
  await two.navigate('/login');
  await redis.withClient(async (client) => {
    const [a = '', b = ''] = (await client.keys('*tokens')).sort();
    const [first, second] = [await client.get(a), await client.get(b)];
    await client.set(a, second ?? '', 'KEEPTTL');
    await client.set(b, first ?? '', 'KEEPTTL');
  });
  for (const browser of [one, two]) assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 401);
});

describe('two gateways on one Redis', () => {
  async function second(
    world: Awaited<ReturnType<typeof startWorld>>,
    key: string,
    extra: Parameters<typeof startGateway>[0]['config'] = {},
  ): Promise<TestGateway> {
    return await startGateway({
      provider: world.provider,
      redisUrl: redis.url,
      publicUrl: world.gateway.url,
      key,
      routes: [{ path: '/api/**', upstream: world.upstream.origin }],
      config: { ...extra },
    });
  }
  const callAt = (gateway: TestGateway, cookie: string) =>
    fetch(`${gateway.ownUrl}/api/x`, { headers: { cookie, ...CSRF } });

  test('R02 five requests to each at token expiry cause one refresh', async (t) => {
    const key = newKey();
    const world = await startWorld(t, { gateway: { redisUrl: redis.url, key } });
    const other = await second(world, key);
    t.after(() => other.stop());
    world.provider.settings.rotation = 'rotate-revoke-on-reuse';
    world.provider.settings.accessTokenLifetime = 1_000;
    await world.signIn();
    const signedIn = Date.now();
    const cookie = world.browser.cookieHeader('/');
    await until(() => Date.now() - signedIn > 1_000);
    world.provider.settings.accessTokenLifetime = 60_000;
    const calls = Array.from({ length: 10 }, (_, n) => callAt(n % 2 ? other : world.gateway, cookie));
    assert.deepEqual(new Set((await Promise.all(calls)).map(({ status }) => status)), new Set([200]));
    assert.equal(world.provider.refreshRequests().length, 1);
  });

  test('RF-03 a crashed lease holder does not block the others for long', async (t) => {
    const key = newKey();
    const world = await startWorld(t, { gateway: { redisUrl: redis.url, key } });
    world.provider.settings.accessTokenLifetime = 1_000;
    await world.signIn();
    const [session = ''] = (await redis.keys()).filter((name) => name.includes('session'));
    const digest = /\{(.+)\}/.exec(session)?.[1] ?? '';
    assert.notEqual(digest, '');
    await redis.withClient((client) => client.set(`bff:lease:refresh:${digest}`, 'dead', 'PX', 1_500));
    const signedIn = Date.now();
    await until(() => Date.now() - signedIn > 1_000);
    assert.equal((await world.api()).status, 200);
  });

  test('SE-14 the cookie of one application is worthless to another on the same Redis', async (t) => {
    const key = newKey();
    const world = await startWorld(t, { gateway: { redisUrl: redis.url, key } });
    const foreign = await startGateway({
      provider: world.provider,
      redisUrl: redis.url,
      key,
      routes: [{ path: '/api/**', upstream: world.upstream.origin }],
    });
    t.after(() => foreign.stop());
    await world.signIn();
    const cookie = world.browser.cookieHeader('/');
    assert.equal((await callAt(foreign, cookie)).status, 401);
    assert.equal((await callAt(world.gateway, cookie)).status, 200);
  });
});

test('R23 CR-03 key rotation signs no user out; a removed key is 401, not 500', async (t) => {
  const [old, young] = [newKey(), newKey()];
  const world = await startWorld(t, { gateway: { redisUrl: redis.url, key: old } });
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  const withKeys = (keys: { id: string; value: string }[]) =>
    startGateway({
      provider: world.provider,
      redisUrl: redis.url,
      publicUrl: world.gateway.url,
      routes: [{ path: '/api/**', upstream: world.upstream.origin }],
      config: { secrets: { keys } },
    });
  const both = await withKeys([
    { id: 'k2', value: young },
    { id: 'k1', value: old },
  ]);
  const alone = await withKeys([{ id: 'k2', value: young }]);
  t.after(() => Promise.all([both.stop(), alone.stop()]));
  const call = (gateway: TestGateway) => fetch(`${gateway.ownUrl}/api/x`, { headers: { cookie, ...CSRF } });
  assert.equal((await call(both)).status, 200);
  assert.equal((await call(alone)).status, 401);
});

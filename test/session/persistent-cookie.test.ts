/** The session cookie that survives the end of the browser: how long, with which attributes, and that it is off by default. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { parseCookies } from '../../src/session/cookies.ts';
import { createLogoutToken, postLogoutToken } from '../support/logout-tokens.ts';
import { startRedis } from '../support/redis.ts';
import { startTimedWorld, type TimedWorld } from '../support/timed-world.ts';
import { CSRF, type WorldOptions } from '../support/world.ts';

const PUBLIC = 'https://shop.example.test';
const HOUR_S = 3_600;

type SessionInput = NonNullable<ConfigInput['session']>;

/** Starts a world behind a proxy that terminates TLS, with the clocks stopped. */
function startPersistent(
  t: TestContext,
  session: Partial<SessionInput> = {},
  gateway: WorldOptions['gateway'] = {},
): Promise<TimedWorld> {
  const store =
    gateway.redisUrl === undefined ? { sqlite: { file: ':memory:' } } : { redis: { url: gateway.redisUrl } };
  const config = { trustedProxies: ['127.0.0.1'], session: { store, cookie: { persistent: true }, ...session } };
  const front = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
  return startTimedWorld(t, { gateway: { publicUrl: PUBLIC, front, ...gateway, config } });
}

/** The attributes of each Set-Cookie of the session so far. */
const sessionCookies = (world: TimedWorld) =>
  world.browser.responses
    .flatMap(({ setCookies }) => setCookies)
    .filter((line) => line.startsWith('__Host-bff='))
    .map((line) => line.split('; ').slice(1).sort());

const attributes = (maxAge: number) => ['HttpOnly', `Max-Age=${maxAge}`, 'Path=/', 'SameSite=Strict', 'Secure'];

test('SE-02 the session cookie lasts for the browser only, unless configured', async (t) => {
  const world = await startPersistent(t, { cookie: {} });
  await world.signIn();
  assert.deepEqual(sessionCookies(world), [['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure']]);
});

test('SE-02 a persistent cookie ends with the absolute limit, and has the other attributes as always', async (t) => {
  const world = await startPersistent(t, { absoluteTimeout: '10h', idleTimeout: '1h' });
  await world.signIn();
  assert.deepEqual(sessionCookies(world), [attributes(10 * HOUR_S)]);
});

test('SE-02 a persistent cookie ends with the session_expiry of the ID token if that is earlier', async (t) => {
  const world = await startPersistent(t, { absoluteTimeout: '10h' });
  const end = Math.floor(world.now() / 1000) + 2 * HOUR_S;
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, session_expiry: end } });
  await world.signIn();
  assert.deepEqual(sessionCookies(world), [attributes(Math.floor((end * 1000 - world.now()) / 1000))]);
});

test('a persistent cookie is set at the sign-in only: requests extend the idle limit without it, never beyond its end', async (t) => {
  const world = await startPersistent(t, { absoluteTimeout: '3h', idleTimeout: '1h' });
  await world.signIn();
  for (let minutes = 0; minutes < 170; minutes += 34) {
    assert.equal((await world.api()).status, 200, `after ${minutes} minutes`);
    world.advance(34 * 60_000);
  }
  assert.equal(sessionCookies(world).length, 1);
  world.advance(15 * 60_000);
  assert.equal((await world.api()).status, 401, 'after the absolute limit');
});

test('a persistent cookie does not outlive the idle limit: the gateway refuses it', async (t) => {
  const world = await startPersistent(t, { absoluteTimeout: '3h', idleTimeout: '1h' });
  await world.signIn();
  world.advance(61 * 60_000);
  assert.match(world.browser.cookieHeader('/'), /__Host-bff=/);
  assert.equal((await world.api()).status, 401);
  assert.equal((await world.session()).authenticated, false);
});

test('SE-08 a sign-out removes a persistent cookie, and a back-channel logout ends its session', async (t) => {
  const world = await startPersistent(t);
  world.provider.next.nextSid = 'sid-1';
  await world.signIn();
  const token = createLogoutToken(world.provider, { sid: 'sid-1' }, undefined, world.now());
  assert.equal((await postLogoutToken(world.gateway.ownUrl, token)).status, 200);
  assert.equal((await world.session()).authenticated, false);
  await world.signIn();
  assert.equal((await world.session()).authenticated, true);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal(parseCookies(world.browser.cookieHeader('/')).has('__Host-bff'), false);
});

test('SE-04 a second sign-in replaces a persistent cookie by a new one for the whole time, in Redis as well', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startPersistent(t, { absoluteTimeout: '10h', idleTimeout: '1h' }, { redisUrl: redis.url });
  await world.signIn();
  const first = world.browser.cookieHeader('/');
  world.advance(30 * 60_000);
  await world.signIn();
  const stored = await redis.withClient(async (client) => client.get(String((await client.keys('*}:session'))[0])));
  assert.equal(
    JSON.parse(stored ?? '').cookie.maxAge,
    undefined,
    'the store keeps no time that depends on the browser',
  );
  assert.notEqual(world.browser.cookieHeader('/'), first);
  assert.deepEqual(sessionCookies(world), [attributes(10 * HOUR_S), attributes(10 * HOUR_S)]);
  assert.equal((await world.session()).authenticated, true);
});

/** Session records at rest: sealed, bound to their session and application, and expired in time. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { EXPIRED_RETENTION_MS } from '../../src/store/port/store.ts';
import { newKey, startGateway } from '../support/gateway.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { gate, until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());
beforeEach(() => redis.flush());

const SHORT_LIFETIME_MS = 1_000;

/** Signs in, refreshes once, and runs `inspect` in the middle of a second refresh, while its lease is held. */
async function inspectDuringRefresh(world: World, inspect: () => Promise<void> | void): Promise<void> {
  const { provider } = world;
  provider.settings.accessTokenLifetime = SHORT_LIFETIME_MS;
  await world.signIn();
  await until(async () => (await world.api()).status === 200 && provider.refreshRequests().length === 1);
  const providerGate = gate();
  provider.behaviour.token = async (_call, proceed) => {
    await providerGate.passed;
    return proceed();
  };
  const requests: Promise<unknown>[] = [];
  await until(() => {
    requests.push(world.api());
    return provider.refreshRequests().length === 2;
  });
  await inspect();
  providerGate.open();
  await Promise.all(requests);
}

/** Returns the text and every run of base64 in it, decoded. */
function withDecodedRuns(text: string): string {
  const runs = [...text.matchAll(/[A-Za-z0-9_+/-]{16,}/g)].map(([run]) =>
    Buffer.from(run, 'base64').toString('latin1'),
  );
  return [text, ...runs].join('\n');
}

function assertNoSecretIn(text: string, world: World): void {
  const content = withDecodedRuns(text);
  const cookie = decodeURIComponent(world.browser.cookieHeader('/'));
  const id = /s:([\w-]{43})\./.exec(cookie)?.[1] ?? 'no session';
  const { sub, claims } = world.provider.next.nextUser;
  const secrets = [...world.provider.secrets.keys(), id, sub, String(claims.email), world.provider.client.id];
  assert.ok(secrets.length > 12);
  for (const secret of secrets) assert.ok(!content.includes(secret), `the store holds ${secret.slice(0, 16)}`);
}

test('CR-01 CR-02 Redis holds no token, session id or user data, before, during and after a refresh; each key is a digest with an expiry', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  await inspectDuringRefresh(world, async () => {
    // The lease of the periodic work on expired sessions is held for moments only.
    const all = (await redis.keys()).filter((key) => key !== 'bff:lease:expired-sessions');
    const keys = all.map((key) => key.replace(/[\w-]{43}/, '*')).sort();
    assert.deepEqual(keys, [
      ...['bff:expiries', 'bff:index:sid:*', 'bff:index:sub:*', 'bff:lease:refresh:*', 'bff:once:login:*'],
      ...['bff:{*}:session', 'bff:{*}:tokens'],
    ]);
    assertNoSecretIn(await redis.dump(), world);
    const expiries = await redis.withClient(async (client) =>
      Promise.all((await client.keys('*')).map(async (key) => ({ key, ms: await client.pttl(key) }))),
    );
    const { idleTimeout, absoluteTimeout } = world.gateway.config.session;
    const longest = (key: string) => {
      if (key.startsWith('bff:index:')) return absoluteTimeout;
      // Tokens outlive their session, so that they can be revoked when it expires.
      return /expiries|tokens$/.test(key) ? idleTimeout + EXPIRED_RETENTION_MS : idleTimeout;
    };
    for (const { key, ms } of expiries) assert.ok(ms > 0 && ms <= longest(key), `${key} ${ms}`);
  });
  assertNoSecretIn(await redis.dump(), world);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.deepEqual(
    (await redis.keys()).filter((key) => !/^bff:(once:|lease:expired-sessions$)/.test(key)),
    [],
  );
});

test('CR-01 CR-02 the SQLite file and its journal hold no token, session id or user data', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'bff-at-rest-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const session = { store: { sqlite: { file: join(dir, 'sessions.db') } } };
  const world = await startWorld(t, { gateway: { config: { session } } });
  const files = () =>
    readdirSync(dir)
      .map((name) => readFileSync(join(dir, name)).toString('latin1'))
      .join('\n');
  await inspectDuringRefresh(world, () => {
    assert.match(files(), /SQLite format 3/);
    assert.match(files(), /k1\.[\w-]{100}/, 'there is sealed data to inspect');
    assertNoSecretIn(files(), world);
  });
  assertNoSecretIn(files(), world);
});

/** Changes a record in Redis without changing its expiry. */
const rewrite = (key: string, change: (value: string) => string) =>
  redis.withClient(async (client) => void (await client.set(key, change((await client.get(key)) ?? ''), 'KEEPTTL')));
const keyOf = async (suffix: string) => (await redis.keys()).find((key) => key.endsWith(suffix)) ?? '';

for (const record of ['session', 'tokens']) {
  test(`CR-05 a changed character anywhere in the ${record} record means "no session", never an error`, async (t) => {
    const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
    await world.signIn();
    const key = await keyOf(`:${record}`);
    const genuine = await redis.withClient(async (client) => (await client.get(key)) ?? '');
    const start = genuine.indexOf('k1.');
    const end = record === 'session' ? genuine.indexOf('"', start) : genuine.length;
    const step = Math.max(7, Math.floor((end - start) / 60));
    for (let at = start; at < end - 1; at += step) {
      const other = genuine[at] === 'A' ? 'B' : 'A';
      await rewrite(key, () => genuine.slice(0, at) + other + genuine.slice(at + 1));
      assert.equal((await world.api()).status, 401, `at ${at} of ${genuine.length}`);
      assert.equal((await world.session()).authenticated, false);
      assert.equal((await world.browser.fetch('/profile', { headers: CSRF })).status, 401);
    }
    for (const invalid of ['', 'null', '{}', '7', '1.', '1.k1.', '1.k9.AAAA', '{"sealed":7}', '\u0000\uffff']) {
      await rewrite(key, () => invalid);
      assert.equal((await world.api()).status, 401, invalid);
    }
    assert.equal(world.upstream.requests.length, 0);
    await rewrite(key, () => genuine);
    assert.equal((await world.api()).status, 200, 'the original record is still valid');
  });
}

test('CR-01 session records swapped between two sessions sign both out', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  const browsers = [world.gateway.browser(), world.gateway.browser()];
  for (const browser of browsers) await browser.navigate('/login');
  const [one = '', two = ''] = (await redis.keys()).filter((key) => key.endsWith(':session'));
  const [first, second] = await redis.withClient((client) => client.mget(one, two));
  await rewrite(one, () => second ?? '');
  await rewrite(two, () => first ?? '');
  for (const browser of browsers) assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 401);
});

test('CR-01 session data in the token record, and tokens in the session record, mean "no session"', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  await world.signIn();
  const [sessionKey, tokensKey] = [await keyOf(':session'), await keyOf(':tokens')];
  const [session = '', tokens = ''] = (await redis.withClient((client) => client.mget(sessionKey, tokensKey))).map(
    String,
  );
  const sealedSession = /k1\.[\w-]+/.exec(session)?.[0] ?? '';
  const sealedTokens = tokens.slice(2);
  await rewrite(tokensKey, () => `1.${sealedSession}`);
  assert.equal((await world.api()).status, 401);
  await rewrite(tokensKey, () => tokens);
  await rewrite(sessionKey, () => session.replace(sealedSession, sealedTokens));
  assert.equal((await world.api()).status, 401);
});

test('SE-14 a session belongs to one client of one issuer, even if two applications share store, key and URL', async (t) => {
  const key = newKey();
  const world = await startWorld(t, { gateway: { redisUrl: redis.url, key } });
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  const shared = {
    provider: world.provider,
    redisUrl: redis.url,
    key,
    publicUrl: world.gateway.url,
    routes: [{ path: '/api/**', upstream: world.upstream.origin }],
  };
  const others = {
    'the same application': [await startGateway(shared), 200],
    'another client': [await startGateway({ ...shared, providerConfig: { clientId: 'another' } }), 401],
    'another issuer': [await startGateway({ ...shared, providerConfig: { issuer: 'http://127.0.0.1:9' } }), 401],
  } as const;
  t.after(() => Promise.all(Object.values(others).map(([gateway]) => gateway.stop())).then(() => undefined));
  for (const [name, [gateway, status]] of Object.entries(others)) {
    const response = await fetch(`${gateway.ownUrl}/api/x`, { headers: { cookie, ...CSRF } });
    assert.equal(response.status, status, name);
  }
});

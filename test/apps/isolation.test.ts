/** Two apps on one store with one secret: a cookie, a record and a logout token of one are worth nothing at the other. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { OTHER_APP, startTwoApps, type TwoApps } from '../support/apps.ts';
import { newKey, startGateway, type TestGateway } from '../support/gateway.ts';
import { createLogoutToken, postLogoutToken } from '../support/logout-tokens.ts';
import { startRedis } from '../support/redis.ts';
import { CSRF, startWorld } from '../support/world.ts';

const call = async ({ ownUrl }: TestGateway, cookie: string): Promise<number> =>
  (await fetch(`${ownUrl}/api/x`, { headers: { cookie, ...CSRF } })).status;
const isSignedIn = async ({ browser }: Pick<TwoApps['b'], 'browser'>): Promise<boolean> =>
  (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;
const sessionIdIn = (cookie: string) => /s:([\w-]{43})\./.exec(decodeURIComponent(cookie))?.[1] ?? 'none';

/** A session cookie of a gateway for any id, as one signs it who has the secret. */
function sign({ config }: TestGateway, id: string): string {
  const { publicUrl, provider, secrets } = config;
  const [secret = ''] = createKeyring(secrets.keys, `${publicUrl} ${provider.issuer} ${provider.clientId}`).secrets(
    'cookie',
  );
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${signature}`);
}

test('AP-05 AP-03 a session cookie of one app, renamed, is nothing at the other, and its session lives', async (t) => {
  const { a, b } = await startTwoApps(t, {}, { config: { session: { cookie: { name: 'bff-b' } } } });
  await a.signIn();
  const cookie = a.browser.cookieHeader('/');
  const renamed = cookie.replace(/^bff=/, 'bff-b=');
  a.upstream.requests.length = 0;
  for (const sent of [renamed, cookie, `${cookie}; ${renamed}`]) assert.equal(await call(b.gateway, sent), 401);
  assert.equal(a.upstream.requests.length, 0);
  await b.browser.navigate('/login?returnTo=/app');
  const other = b.browser.cookieHeader('/').replace(/^bff-b=/, 'bff=');
  assert.equal(await call(a.gateway, other), 401);
  assert.ok(await isSignedIn(a));
  assert.ok(await isSignedIn(b));
});

test('AP-05 both records of a session, copied under the key of the other app, are no session there', async (t) => {
  const { redis, a, b } = await startTwoApps(t);
  await a.signIn();
  const id = sessionIdIn(a.browser.cookieHeader('/'));
  const names = (await redis.keys()).filter((name) => /\}:(session|tokens)$/.test(name));
  assert.equal(names.length, 2);
  await redis.withClient(async (client) => {
    for (const name of names) await client.copy(name, name.replace('{', `{${OTHER_APP.tag}~`));
  });
  assert.equal(await call(b.gateway, `bff=${sign(a.gateway, id)}`), 401);
  assert.equal(await call(b.gateway, `bff=${sign(b.gateway, id)}`), 401);
  assert.equal(await call(a.gateway, `bff=${sign(a.gateway, id)}`), 200);
  assert.ok(await isSignedIn(a));
});

test('AP-01 AP-05 the records of main have the names of the release before; those of another app have its tag', async (t) => {
  const { redis, a, b } = await startTwoApps(t);
  await a.signIn();
  const before = new Set(await redis.keys());
  const withoutDigests = (names: Iterable<string>) =>
    [...new Set([...names].map((name) => name.replace(/[\w-]{43}/g, '*')))]
      .filter((name) => !name.includes(':lease:'))
      .sort();
  const main = [
    'bff:expiries',
    'bff:index:sid:*',
    'bff:index:sub:*',
    'bff:once:login:*',
    'bff:{*}:session',
    'bff:{*}:tokens',
  ];
  assert.deepEqual(withoutDigests(before), main);
  await b.browser.navigate('/login?returnTo=/app');
  const added = (await redis.keys()).filter((name) => !before.has(name));
  const { tag } = OTHER_APP;
  const tagged = [
    `index:${tag}~sid:*`,
    `index:${tag}~sub:*`,
    `once:${tag}~login:*`,
    `{${tag}~*}:session`,
    `{${tag}~*}:tokens`,
  ];
  for (const name of tagged) assert.ok(withoutDigests(added).includes(`bff:${name}`), name);
  assert.ok(
    added.every((name) => name.includes(tag) || name.includes(':lease:')),
    added.join(' '),
  );
});

test('AP-06 a logout token ends the sessions of the app that gets it, and the same jti is no replay at the other', async (t) => {
  const { a, b } = await startTwoApps(t);
  await a.signIn();
  await b.browser.navigate('/login?returnTo=/app');
  const token = createLogoutToken(a.provider, { sub: a.provider.next.nextUser.sub });
  assert.equal((await postLogoutToken(a.gateway.ownUrl, token)).status, 200);
  assert.deepEqual([await isSignedIn(a), await isSignedIn(b)], [false, true]);
  assert.equal((await postLogoutToken(a.gateway.ownUrl, token)).status, 400);
  assert.equal((await postLogoutToken(b.gateway.ownUrl, token)).status, 200);
  assert.equal(await isSignedIn(b), false);
});

test('AP-05 a sign-in that began at one app cannot end at an app below a path of the same origin', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const key = newKey();
  const { provider, gateway, browser } = await startWorld(t, { gateway: { redisUrl: redis.url, key } });
  const app = { ...OTHER_APP, path: '/b' };
  const config = { endpoints: { prefix: '/b' } };
  const below = await startGateway({ provider, redisUrl: redis.url, key, publicUrl: gateway.url, app, config });
  t.after(() => below.stop());
  const { stoppedAt } = await browser.navigate('/login?returnTo=/app', {
    stopAt: ({ pathname }) => pathname === '/callback',
  });
  const cookie = browser.cookieHeader('/callback');
  assert.match(cookie, /^bff-login-/);
  const elsewhere = await fetch(`${below.ownUrl}/b/callback${stoppedAt?.search}`, {
    headers: { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    redirect: 'manual',
  });
  assert.equal(elsewhere.status, 400);
  assert.equal(provider.requests.token.length, 0);
  assert.equal((await browser.navigate(stoppedAt?.href ?? '', { from: provider.issuer })).url.pathname, '/app');
});

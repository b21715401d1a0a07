/** Back-channel logout: which sessions a logout token ends, and why a token is refused. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import { startGateway } from '../../support/gateway.ts';
import { createSigningKey, type TokenDraft } from '../../support/keys.ts';
import { createLogoutToken, postLogoutToken } from '../../support/logout-tokens.ts';
import { startProvider } from '../../support/provider.ts';
import { BOB } from '../../support/provider-state.ts';
import { startRedis } from '../../support/redis.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

const signedIn = async (browser: Browser) =>
  (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;

/** A new browser that signs in as the provider's next user, with this `sid`. */
async function another({ gateway, provider }: World, sid: string | undefined): Promise<Browser> {
  provider.next.nextSid = sid;
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  assert.equal(await signedIn(browser), true);
  return browser;
}

const code = async (response: Response) => Reflect.get(Object(await response.json()), 'code');

test('LO-06 LO-07 a sid ends only that session, and its tokens are revoked', async (t) => {
  const world = await startWorld(t);
  const [one, two] = [await another(world, 'sid-1'), await another(world, 'sid-2')];
  const response = await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, { sid: 'sid-1' }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.deepEqual([await signedIn(one), await signedIn(two)], [false, true]);
  await until(() => world.provider.requests.revocation.length >= 2);
});

test('LO-07 a sub without a sid ends all sessions of the user, also after one has ended, and none of other users', async (t) => {
  const world = await startWorld(t);
  const [one, two, three] = [await another(world, 'a'), await another(world, 'b'), await another(world, 'c')];
  world.provider.next.nextUser = BOB;
  const bob = await another(world, 'd');
  const logoutUrl = String((await one.fetch('/session', { headers: CSRF })).json().logoutUrl);
  await one.navigate(logoutUrl, { from: world.gateway.url });
  const response = await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, { sub: 'user-alice' }));
  assert.equal(response.status, 200);
  assert.deepEqual([await signedIn(two), await signedIn(three), await signedIn(bob)], [false, false, true]);
});

test('LO-07 a sid with the sub of another user ends nothing', async (t) => {
  const world = await startWorld(t);
  const one = await another(world, 'sid-1');
  const response = await postLogoutToken(
    world.gateway.url,
    createLogoutToken(world.provider, { sid: 'sid-1', sub: 'user-bob' }),
  );
  assert.equal(response.status, 200);
  assert.equal(await signedIn(one), true);
});

test('LO-06 200 also when there is nothing to end', async (t) => {
  const world = await startWorld(t);
  for (const claims of [{ sid: 'unknown' }, { sub: 'unknown' }])
    assert.equal((await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, claims))).status, 200);
});

describe('LO-05 a token with one fault', () => {
  const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
  const set = (claims: Record<string, unknown>) => (draft: TokenDraft) => void Object.assign(draft.claims, claims);
  const drop = (name: string) => (draft: TokenDraft) => void Reflect.deleteProperty(draft.claims, name);
  const head = (header: Record<string, unknown>) => (draft: TokenDraft) => void Object.assign(draft.header, header);
  const now = () => Math.floor(Date.now() / 1000);
  const rows: Record<string, (draft: TokenDraft) => void> = {
    'signed with another key': (draft) => void Object.assign(draft, { key: createSigningKey() }),
    'not signed': (draft) => {
      draft.header.alg = 'none';
      draft.signature = 'none';
    },
    'a broken signature': (draft) => void Object.assign(draft, { signature: 'broken' }),
    'HMAC with the public key': (draft) => {
      draft.header.alg = 'HS256';
      draft.signature = 'hmac-of-public-key';
    },
    'another algorithm': (draft) => {
      const key = createSigningKey('ES256', String(draft.header.kid));
      Object.assign(draft, { key });
      draft.header.alg = 'ES256';
    },
    'the type of an access token': head({ typ: 'at+jwt' }),
    'the type JWT': head({ typ: 'JWT' }),
    'an unknown critical header': head({ crit: ['x'], x: 1 }),
    'another issuer': set({ iss: 'https://evil.example' }),
    'no issuer': drop('iss'),
    'another audience': set({ aud: 'other-client' }),
    'no audience': drop('aud'),
    'no iat': drop('iat'),
    'an old iat': (draft) => set({ iat: now() - 600, exp: now() + 600 })(draft),
    'an iat ahead': (draft) => set({ iat: now() + 120 })(draft),
    'an iat that is text': set({ iat: '1' }),
    'no exp': drop('exp'),
    lapsed: (draft) => set({ exp: now() - 60 })(draft),
    'no jti': drop('jti'),
    'a jti that is a number': set({ jti: 7 }),
    'an endless jti': set({ jti: 'x'.repeat(300) }),
    'no events': drop('events'),
    'another event': set({ events: { 'https://example.com/other': {} } }),
    'an event that is no object': set({ events: { [EVENT]: true } }),
    'events as a list': set({ events: [EVENT] }),
    'a nonce': set({ nonce: 'n' }),
    'neither sid nor sub': drop('sid'),
    'a sid that is a number': set({ sid: 7 }),
    'an empty sid': set({ sid: '' }),
    'a sub that is a list': set({ sub: ['user-alice'] }),
  };
  for (const [name, change] of Object.entries(rows))
    test(`${name}: 400, no-store, and the session stays`, async (t) => {
      const world = await startWorld(t);
      const browser = await another(world, 'sid-1');
      const response = await postLogoutToken(
        world.gateway.url,
        createLogoutToken(world.provider, { sid: 'sid-1' }, change),
      );
      assert.equal(response.status, 400);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(await code(response), 'logout_token_refused');
      assert.equal(await signedIn(browser), true);
      // The same token without the fault ends it.
      assert.equal(
        (await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, { sid: 'sid-1' }))).status,
        200,
      );
      assert.equal(await signedIn(browser), false);
    });
});

describe('P03 an optional claim of a logout token that is null or empty counts as absent', () => {
  for (const [name, claims] of Object.entries({
    sid: { sub: 'user-alice' },
    sub: { sid: 'sid-1' },
    nonce: { sub: 'user-alice' },
    nbf: { sid: 'sid-1' },
  }))
    test(`P03 ${name}`, async (t) => {
      const world = await startWorld(t);
      for (const value of [null, '', ' ', []]) {
        const browser = await another(world, 'sid-1');
        const token = createLogoutToken(world.provider, { ...claims, [name]: value });
        assert.equal((await postLogoutToken(world.gateway.url, token)).status, 200, JSON.stringify(value));
        assert.equal(await signedIn(browser), false, JSON.stringify(value));
      }
    });

  test('P03 without a value in sub or in sid, or in a required claim, the token is refused', async (t) => {
    const world = await startWorld(t);
    const browser = await another(world, 'sid-1');
    for (const value of [null, '', []])
      for (const claims of [
        { sub: value, sid: value },
        ...['iss', 'aud', 'exp', 'iat', 'jti', 'events'].map((name) => ({ sid: 'sid-1', [name]: value })),
      ]) {
        const token = createLogoutToken(world.provider, claims);
        assert.equal((await postLogoutToken(world.gateway.url, token)).status, 400, JSON.stringify(claims));
      }
    assert.equal(await signedIn(browser), true);
  });
});

test('LO-05 the type may be missing, or relaxed by configuration', async (t) => {
  const world = await startWorld(t);
  const untyped = (draft: TokenDraft) => void Reflect.deleteProperty(draft.header, 'typ');
  assert.equal(
    (await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, { sid: 'x' }, untyped))).status,
    200,
  );
  const relaxed = await startWorld(t, { gateway: { config: { logout: { tokenType: 'any' } } } });
  const plain = (draft: TokenDraft) => void Object.assign(draft.header, { typ: 'JWT' });
  assert.equal(
    (await postLogoutToken(relaxed.gateway.url, createLogoutToken(relaxed.provider, { sid: 'x' }, plain))).status,
    200,
  );
});

test('LO-08 a replayed token is refused, and a session that began later stays', async (t) => {
  const world = await startWorld(t);
  await another(world, 'sid-1');
  const token = createLogoutToken(world.provider, { sub: 'user-alice' });
  assert.equal((await postLogoutToken(world.gateway.url, token)).status, 200);
  const later = await another(world, 'sid-2');
  assert.equal((await postLogoutToken(world.gateway.url, token)).status, 400);
  assert.equal(await signedIn(later), true);
});

test('LO-05 anything but a form with one token is refused', async (t) => {
  const world = await startWorld(t);
  const address = `${world.gateway.url}/backchannel-logout`;
  const token = createLogoutToken(world.provider, { sid: 'x' });
  const form = 'application/x-www-form-urlencoded';
  const rows: [string, string, number][] = [
    [form, '', 400],
    [form, 'logout_token=', 400],
    [form, `logout_token=${token}&logout_token=${token}`, 400],
    [form, 'logout_token=x', 400],
    [form, 'logout_token=a.b.c', 400],
    ['application/json', JSON.stringify({ logout_token: token }), 400],
    [form, `logout_token=${'x'.repeat(20_000)}`, 413],
  ];
  for (const [type, body, status] of rows) {
    const response = await fetch(address, { method: 'POST', body, headers: { 'content-type': type } });
    assert.equal(response.status, status, body.slice(0, 40));
  }
  assert.equal((await fetch(address)).status, 405);
});

/** Two gateways on one Redis. */
async function startPair(t: TestContext) {
  const redis = await startRedis();
  const provider = await startProvider();
  const key = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
  const first = await startGateway({ provider, redisUrl: redis.url, key });
  const second = await startGateway({ provider, redisUrl: redis.url, key, publicUrl: first.url });
  t.after(async () => {
    await first.stop();
    await second.stop();
    await provider.stop();
    await redis.stop();
  });
  return { redis, provider, first, second };
}

test('LO-05 LO-09 a token sent to one replica ends the session on the other and deletes its tokens; a replay there is refused', async (t) => {
  const { redis, provider, first, second } = await startPair(t);
  provider.next.nextSid = 'sid-1';
  const browser = first.browser();
  await browser.navigate('/login?returnTo=/app');
  const cookie = browser.cookieHeader('/session');
  const at = async (url: string) => {
    const response = await fetch(`${url}/session`, { headers: { cookie, ...CSRF } });
    return Reflect.get(Object(await response.json()), 'authenticated');
  };
  assert.equal(await at(second.ownUrl), true);
  const token = createLogoutToken(provider, { sid: 'sid-1' });
  assert.equal((await postLogoutToken(first.ownUrl, token)).status, 200);
  assert.equal(await at(second.ownUrl), false);
  assert.deepEqual(
    (await redis.keys()).filter((name) => /:(session|tokens)$|:index:/.test(name)),
    [],
  );
  assert.equal((await postLogoutToken(second.ownUrl, token)).status, 400);
});

test('a store that fails half way is 503, and the next attempt of the provider ends the session', async (t) => {
  const { redis, provider, first } = await startPair(t);
  provider.next.nextSid = 'sid-1';
  const browser = first.browser();
  await browser.navigate('/login?returnTo=/app');
  const token = createLogoutToken(provider, { sid: 'sid-1' });
  redis.pause();
  const response = await postLogoutToken(first.ownUrl, token);
  redis.resume();
  assert.equal(response.status, 503);
  assert.ok(response.headers.get('retry-after'));
  await until(async () => (await browser.fetch('/session', { headers: CSRF })).status === 200);
  assert.equal((await postLogoutToken(first.ownUrl, token)).status, 200);
  assert.equal(await signedIn(browser), false);
  assert.equal((await postLogoutToken(first.ownUrl, token)).status, 400);
});

/** Published vulnerabilities of other gateways in sessions, sign-in and tokens, tested against this gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { startBearerWorld } from '../bearer/world.ts';
import { createSigningKey } from '../support/keys.ts';
import { createLogoutToken, postLogoutToken } from '../support/logout-tokens.ts';
import { startProvider } from '../support/provider.ts';
import { alteringJson, alteringRedirect } from '../support/provider-faults.ts';
import { accessToken, drop, head, serviceToken, set } from '../support/tokens.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const KEY = { id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' };
const requestWithCookie = (world: World, cookie: string, path = '/api/x') =>
  fetch(world.gateway.url + path, { headers: { cookie, ...CSRF }, redirect: 'manual' });
const isSignedIn = async (browser: World['browser']) =>
  (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;

test('CVE-2022-29226 the mere presence of a cookie or token does not authenticate a request', async (t) => {
  const world = await startWorld(t);
  for (const cookie of ['bff=x', 'bff=s%3Ax.y', 'bff=', 'BearerToken=x; bff=1'])
    assert.equal((await requestWithCookie(world, cookie)).status, 401, cookie);
  const response = await fetch(`${world.gateway.url}/api/x?access_token=x`, {
    headers: { authorization: 'Bearer x', ...CSRF },
  });
  assert.equal(response.status, 401);
});

test('CVE-2023-35941 a sealed or signed value is valid for no other purpose or context', () => {
  const ring = createKeyring([KEY], 'app');
  const sealed = ring.seal('login', 'ab', 'text');
  for (const [purpose, context] of [
    ['session', 'ab'],
    ['login', 'a'],
    ['login', 'abc'],
    ['tokens', 'ab'],
  ] as const)
    assert.equal(ring.open(purpose, context, sealed), undefined, `${purpose} ${context}`);
  assert.equal(ring.open('login', 'ab', sealed), 'text');
  assert.notEqual(ring.mac('login', 'xy'), ring.mac('logout', 'xy'));
});

test('CVE-2021-32791 the same text sealed twice never gives the same bytes', () => {
  const ring = createKeyring([KEY], 'app');
  const seals = new Set(Array.from({ length: 100 }, () => ring.seal('tokens', 'k', 'text')));
  assert.equal(seals.size, 100);
  assert.equal(new Set([...seals].map((seal) => seal.slice(3, 19))).size, 100, 'a fresh nonce each time');
});

test('CVE-2025-55162 all cookies are cleared from the browser after sign-out', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const { logoutUrl } = await world.session();
  await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
  assert.deepEqual(world.browser.jar.all(), []);
});

test('CVE-2026-34454 CVE-2024-31999 a session cookie kept after sign-out is worthless', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  assert.equal((await requestWithCookie(world, cookie)).status, 200);
  const concurrent = Array.from({ length: 20 }, () => requestWithCookie(world, cookie));
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await Promise.all(concurrent);
  assert.equal((await requestWithCookie(world, cookie)).status, 401);
  assert.equal((await requestWithCookie(world, cookie, '/profile')).status, 401);
});

test('envoy-41902 nextjs-auth0-2450 parallel sign-ins complete, and abandoned ones do not accumulate', async (t) => {
  const world = await startWorld(t);
  for (let n = 0; n < 40; n += 1)
    await world.browser.navigate('/login', { stopAt: (url) => url.origin === world.provider.issuer });
  assert.ok(world.browser.cookieHeader('/callback').length < 8_192);
  await world.signIn();
  assert.equal((await world.api()).status, 200);
});

test('CVE-2021-41246 CVE-2022-25896 a session id from before a sign-in is invalid after it', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const before = world.browser.cookieHeader('/');
  await world.signIn();
  assert.notEqual(world.browser.cookieHeader('/'), before);
  assert.equal((await requestWithCookie(world, before)).status, 401);
});

test('cookie-prefix-bypass no lookalike of the cookie name is accepted', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const value = world.browser.cookieHeader('/').replace(/^bff=/, '');
  for (const cookie of [
    `\u00a0bff=${value}`,
    `$Version=1; $bff=${value}`,
    `BFF=${value}`,
    `"bff"=${value}`,
    `bff="${value}"`,
  ])
    assert.equal((await requestWithCookie(world, cookie.replace('\u00a0', '%C2%A0'))).status, 401, cookie.slice(0, 20));
});

test('CVE-2026-25748 CVE-2023-28625 CVE-2024-24814 a malformed cookie authenticates no request and causes no crash', async (t) => {
  const world = await startWorld(t);
  for (const cookie of [
    'bff=%',
    'bff=%00',
    'bff=s%3A',
    ';;;;=',
    '=',
    `bff=${'A'.repeat(5_000)}`,
    'bff=s%3A[object Object].x',
  ])
    assert.equal((await requestWithCookie(world, cookie)).status, 401, cookie.slice(0, 20));
  assert.equal(world.upstream.requests.length, 0);
});

test('CVE-2024-10318 an ID token with a foreign nonce signs no user in', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, nonce: 'planted' } });
  await world.browser.navigate('/login');
  assert.equal(await isSignedIn(world.browser), false);
});

test('CVE-2025-27370 CVE-2025-27371 the audience of a client assertion is the issuer, whatever endpoint the metadata lists', async (t) => {
  const key = createSigningKey('ES256');
  const { privatePem } = await import('../support/keys.ts');
  const world = await startWorld(t, {
    provider: { client: { auth: 'private_key_jwt', key } },
    gateway: {
      providerConfig: {
        clientAuth: 'private_key_jwt',
        clientSecret: undefined,
        privateKey: privatePem(key),
        privateKeyId: key.kid,
      } as never,
    },
  });
  await world.signIn();
  const assertion = world.provider.requests.token.at(-1)?.params.get('client_assertion') ?? '';
  const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString());
  assert.equal(claims.aud, world.provider.issuer);
});

test('GHSA-4mf2-f3wh-gvf2 GHSA-5m6c-jp6f-2vcv GHSA-j7px-6hwj-hpjg GHSA-7p99-3798-f85c CVE-2021-43812 CVE-2022-23527 CVE-2021-32786 CVE-2024-39694 no sign-in or sign-out redirects to another site', async (t) => {
  const world = await startWorld(t);
  for (const target of [
    '//evil.example',
    '/\\evil.example',
    '/%09/evil.example',
    'https:evil.example',
    `${world.gateway.url}.evil.example`,
    `${world.gateway.url}@evil.example`,
    '/..//evil.example',
    'javascript:alert(1)',
  ]) {
    const page = await world.browser.navigate(`/login?returnTo=${encodeURIComponent(target)}`);
    assert.equal(page.url.origin, world.gateway.url, target);
    for (const path of ['/login/complete?to=', '/signed-out?returnTo=', '/logout?returnTo=']) {
      const hop = await world.browser.fetch(path + encodeURIComponent(target));
      assert.doesNotMatch(
        String(hop.headers.location ?? '') + (/url=([^"]*)/.exec(hop.body)?.[1] ?? ''),
        /evil|javascript/,
        path + target,
      );
    }
  }
});

test('CVE-2025-67716 a login link cannot add parameters to the authorization request', async (t) => {
  const world = await startWorld(t);
  const link = `/login?returnTo=${encodeURIComponent('/x&scope=admin')}&scope=admin&redirect_uri=https://evil.example&response_mode=fragment&client_id=x&resource=y`;
  await world.browser.navigate(link);
  for (const { params } of [...world.provider.requests.authorize, ...(world.provider.requests.par ?? [])]) {
    assert.doesNotMatch(params.toString(), /admin|evil|fragment/);
    assert.equal(new Set(params.keys()).size, [...params.keys()].length);
  }
});

test('CVE-2021-32702 CVE-2021-32792 text in callback parameters is never rendered as markup', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.authorize = alteringRedirect((params) => {
    params.delete('code');
    params.set('error', '<script>alert(1)</script>');
    params.set('error_description', '"><img src=x onerror=alert(1)>');
  });
  const page = await world.browser.navigate('/login');
  assert.doesNotMatch(page.body, /<script>alert|<img src=x/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
});

test('CVE-2024-39315 the endpoints for the front end return no token', async (t) => {
  const world = await startWorld(t, { gateway: { providerConfig: { userInfo: true } } });
  await world.signIn();
  for (const path of ['/session', '/profile', '/sessions']) {
    const { body } = await world.browser.fetch(path, { headers: CSRF });
    for (const [secret, type] of world.provider.secrets) if (type === 'token') assert.ok(!body.includes(secret), path);
  }
});

test('mod_auth_openidc-2026-08 the index of a user outlives its other sessions; a logout token needs jti and iat; UserInfo must be an object', async (t) => {
  const world = await startWorld(t);
  const [one, two] = [world.gateway.browser(), world.gateway.browser()];
  for (const browser of [one, two]) await browser.navigate('/login?returnTo=/app');
  await one.fetch('/logout', { method: 'POST', headers: CSRF });
  for (const name of ['jti', 'iat'])
    assert.equal(
      (await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, { sub: 'user-alice' }, drop(name))))
        .status,
      400,
    );
  assert.equal(await isSignedIn(two), true);
  assert.equal(
    (await postLogoutToken(world.gateway.url, createLogoutToken(world.provider, { sub: 'user-alice' }))).status,
    200,
  );
  assert.equal(await isSignedIn(two), false);
  const other = await startWorld(t, { gateway: { providerConfig: { userInfo: true } } });
  other.provider.behaviour.userinfo = () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '[]',
  });
  await other.browser.navigate('/login');
  assert.equal(await isSignedIn(other.browser), false);
});

test('CVE-2021-32701 GHSA-4mq7-pvjg-xp2r GHSA-rp9m-7r4c-75qg heimdall-3452 the cached result of a token does not apply to another route, scope or issuer', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const world = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  const token = accessToken(world.provider);
  assert.equal((await world.call(token)).status, 200);
  assert.equal((await world.call(token, '/api/x', { method: 'POST', body: 'x' })).status, 403);
  assert.equal((await world.call(token, '/api/machines/x')).status, 403);
  assert.equal(
    (
      await world.call(
        accessToken(other, {}, (draft) => void Object.assign(draft.claims, { iss: world.provider.issuer })),
      )
    ).status,
    401,
  );
});

test('CVE-2025-46647 GHSA-wcvh-g65p-v576 tokens of another issuer or audience, or without an expiry, are rejected', async (t) => {
  const { provider, call } = await startBearerWorld(t);
  for (const change of [set({ iss: 'https://evil.example' }), set({ aud: 'account' }), drop('aud'), drop('exp')])
    assert.equal((await call(accessToken(provider, {}, change))).status, 401);
});

test('CVE-2026-22817 the token alone never selects the algorithm', async (t) => {
  const { provider, call } = await startBearerWorld(t);
  provider.behaviour.jwks = alteringJson({ keys: [{ ...provider.currentKey().publicJwk, alg: undefined }] });
  for (const alg of ['HS256', 'none', 'RS512'])
    assert.equal((await call(accessToken(provider, {}, head({ alg })))).status, 401, alg);
  assert.equal((await call(accessToken(provider))).status, 200);
});

test('CVE-2024-49755 a sender-constrained token is not accepted as a bearer token', async (t) => {
  const { provider, call } = await startBearerWorld(t);
  assert.equal((await call(accessToken(provider, { cnf: { jkt: 'x' } }))).status, 401);
});

test('GHSA-652x-m2gr-hppm GHSA-c5c4-8r6x-56w3 a policy that would not be enforced fails the start; an address with two @ matches no domain', async (t) => {
  const rules = [{ token: 'user' as const, claims: { email: { matches: '[^@]+@corp\\.test' } } }];
  const { provider, call } = await startBearerWorld(t, { routes: [{ path: '/api/**', rules }] });
  assert.equal((await call(accessToken(provider, { email: 'a@corp.test' }))).status, 200);
  for (const email of [
    'a@evil.example@corp.test',
    'a@corp.test@evil.example',
    'a@corp.test.evil.example',
    ['a@corp.test', 7],
  ])
    assert.equal(
      (await call(accessToken(provider, { email }))).status,
      Array.isArray(email) ? 200 : 403,
      String(email),
    );
  assert.equal((await call(serviceToken(provider, { email: 'a@corp.test' }))).status, 403);
  await assert.rejects(
    startWorld(t, { routes: (upstream) => [{ path: '/api/**', upstream, rules }] }),
    /needs accessTokens/,
  );
  const misspelled = { token: 'user', claim: {} } as never;
  await assert.rejects(
    startWorld(t, { routes: (upstream) => [{ path: '/api/**', upstream, rules: [misspelled] }] }),
    /claim: unknown option/,
  );
});

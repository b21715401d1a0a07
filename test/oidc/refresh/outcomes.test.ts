/** Outcomes of a refresh: responses of the provider, and what each means for the session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSigningKey } from '../../support/keys.ts';
import {
  alteringJson,
  gzipBomb,
  hang,
  invalidJson,
  oauthError,
  redirect,
  reset,
  status,
} from '../../support/provider-faults.ts';
import type { ProviderRequest, ProviderResponse } from '../../support/provider-types.ts';
import { gate, until } from '../../support/wait.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../../support/world.ts';

const isRefresh = ({ params }: ProviderRequest) => params.get('grant_type') === 'refresh_token';

/** Starts a world with a signed-in browser whose access token has expired. */
async function startExpired(t: Parameters<typeof startWorld>[0], options: WorldOptions = {}): Promise<World> {
  const world = await startWorld(t, options);
  world.provider.settings.accessTokenLifetime = 1_000;
  await world.signIn();
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.settings.accessTokenLifetime = 60_000;
  world.provider.clearRequests();
  return world;
}

const outages: Record<string, () => ProviderResponse> = {
  '500': () => status(500),
  '503': () => status(503),
  '429': () => status(429, { 'retry-after': '1' }),
  'a broken connection': reset,
  'a page instead of JSON': invalidJson,
  'a redirect': () => redirect('http://127.0.0.1:9/'),
  'a decompression bomb': () => gzipBomb(50 * 1024 * 1024),
  temporarily_unavailable: () => oauthError('temporarily_unavailable'),
  invalid_client: () => oauthError('invalid_client', 401),
};

for (const [name, respond] of Object.entries(outages)) {
  test(`R05 RF-05 TK-10 ${name} keeps the session, and the provider is not flooded`, async (t) => {
    let frozenAt: number | undefined;
    const world = await startExpired(t, { gateway: { clock: () => frozenAt ?? Date.now() } });
    world.provider.behaviour.token = respond;
    // With the clock stopped, no request comes late enough for another attempt at the provider.
    frozenAt = Date.now();
    for (let n = 0; n < 10; n++) {
      const response = await world.api();
      assert.equal(response.status, 503);
      assert.ok(response.headers['retry-after']);
    }
    assert.ok(world.provider.refreshRequests().length <= 3, `${world.provider.refreshRequests().length} attempts`);
    assert.equal((await world.session()).authenticated, true);
    assert.equal(world.upstream.requests.length, 0, 'no request was proxied with an expired token');
    world.provider.resetBehaviour();
    frozenAt = undefined;
    await until(async () => (await world.api()).status === 200);
  });
}

test('R05 TK-10 a refresh at a token endpoint that hangs times out', async (t) => {
  const world = await startExpired(t, { gateway: { providerConfig: { timeout: '3s' } } });
  world.provider.behaviour.token = hang;
  assert.equal((await world.api()).status, 503);
  world.provider.resetBehaviour();
  await until(async () => (await world.api()).status === 200);
});

test('RF-05 invalid_grant ends the session with one 401', async (t) => {
  const world = await startExpired(t);
  world.provider.behaviour.token = () => oauthError('invalid_grant');
  assert.equal((await world.api()).status, 401);
  assert.equal((await world.api()).status, 401);
  assert.equal(world.provider.refreshRequests().length, 1);
});

test('RF-04 a response without refresh token or scope keeps the previous ones', async (t) => {
  const world = await startExpired(t);
  const before = [...world.provider.grants].at(-1)?.refreshToken;
  world.provider.settings.rotation = 'none';
  world.provider.settings.accessTokenLifetime = 1_000;
  world.provider.behaviour.token = alteringJson({ refresh_token: undefined, scope: undefined }, isRefresh);
  assert.equal((await world.api()).status, 200);
  await until(async () => (await world.api()).status === 200 && world.provider.refreshRequests().length >= 2);
  assert.deepEqual(
    new Set(world.provider.refreshRequests().map(({ params }) => params.get('refresh_token'))),
    new Set([before]),
  );
});

for (const [claim, value] of Object.entries({
  sub: 'another-user',
  iss: 'https://evil.example',
  aud: 'another-client',
})) {
  test(`RF-06 an ID token with a different ${claim} ends the session`, async (t) => {
    const world = await startExpired(t);
    world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, [claim]: value } });
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
    assert.equal(world.upstream.requests.length, 0);
  });
}

test('RF-06 TK-05 an ID token signed by another key ends the session, and the new tokens are revoked', async (t) => {
  const world = await startExpired(t);
  const foreign = createSigningKey('RS256');
  world.provider.behaviour.idToken = (draft) => ({ ...draft, key: { ...foreign, kid: draft.key.kid } });
  assert.equal((await world.api()).status, 401);
  assert.equal((await world.session()).authenticated, false);
  assert.equal(world.upstream.requests.length, 0);
  await until(() => world.provider.requests.revocation.length >= 2);
});

test('RF-02 TK-07 an ID token whose key is unavailable is not stored: the session continues with the new access token', async (t) => {
  const world = await startExpired(t);
  world.provider.behaviour.jwks = () => status(503);
  world.provider.rotateKeys();
  for (let n = 0; n < 3; n += 1) assert.equal((await world.api()).status, 200);
  assert.equal(world.provider.refreshRequests().length, 1);
  const profile = await world.browser.fetch('/profile', { headers: CSRF });
  assert.equal(profile.json().sub, 'user-alice');
  assert.match(world.gateway.logText(), /failed to load the signing key of a refreshed ID token/);
});

test('TK-09 rules check the granted scope, not the requested one', async (t) => {
  const world = await startWorld(t);
  const routes = [
    { path: '/api/**', upstream: world.upstream.origin, rules: [{ token: 'user' as const, scopes: ['write:orders'] }] },
  ];
  const other = await startWorld(t, { gateway: { routes, providerConfig: { scopes: ['openid', 'write:orders'] } } });
  other.provider.settings.grantedScope = 'openid';
  await other.signIn();
  const response = await other.api();
  assert.equal(response.status, 403);
  assert.match(String(response.headers['www-authenticate']), /insufficient_scope.*write:orders/);
});

test('TK-09 a token of another type is rejected; the token type is case-insensitive', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.token = alteringJson({ token_type: 'BEARER' });
  await world.signIn();
  for (const type of ['mac', 'dpop', '', undefined]) {
    world.provider.behaviour.token = alteringJson({ token_type: type });
    const page = await world.gateway.browser().navigate('/login');
    assert.ok([502, 503].includes(page.status), `${type}: ${page.status}`);
  }
});

test('RF-07 a sign-out during a refresh: the session stays ended, and the new tokens are revoked', async (t) => {
  const world = await startExpired(t);
  const providerGate = gate();
  world.provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    await providerGate.passed;
    return response;
  };
  const request = world.api();
  await until(() => world.provider.refreshRequests().length === 1);
  const cookie = world.browser.cookieHeader('/');
  await world.browser.fetch('/logout', { method: 'POST', headers: { ...CSRF, accept: 'application/json' } });
  const before = world.provider.requests.revocation.length;
  providerGate.open();
  assert.equal((await request).status, 401);
  await until(() => world.provider.requests.revocation.length > before);
  const replay = await fetch(`${world.gateway.url}/api/x`, { headers: { cookie, ...CSRF } });
  assert.equal(replay.status, 401);
});

test('R03 a slow request that started before a refresh does not undo it', async (t) => {
  const world = await startWorld(t);
  world.provider.settings.accessTokenLifetime = 2_000;
  world.provider.settings.rotation = 'rotate-revoke-on-reuse';
  await world.signIn();
  const upstreamGate = gate();
  world.upstream.respondWith(async (req, res) => {
    if (req.url === '/api/slow') await upstreamGate.passed;
    res.end('done');
  });
  const slow = world.api('/api/slow');
  await until(() => world.upstream.requests.length === 1);
  await until(async () => (await world.api()).status === 200 && world.provider.refreshRequests().length === 1);
  upstreamGate.open();
  assert.equal((await slow).status, 200);
  await until(async () => (await world.api()).status === 200 && world.provider.refreshRequests().length === 2);
  assert.equal(new Set(world.provider.refreshRequests().map(({ params }) => params.get('refresh_token'))).size, 2);
});

test('R04 short-lived tokens do not cause a refresh per request', async (t) => {
  // The clock is stopped: on a slow machine twenty requests may take so long that a refresh becomes due.
  const at = Date.now();
  const world = await startWorld(t, {
    provider: { settings: { accessTokenLifetime: 10_000 } },
    gateway: { clock: () => at },
  });
  await world.signIn();
  for (let n = 0; n < 20; n++) assert.equal((await world.api()).status, 200);
  assert.equal(world.provider.refreshRequests().length, 0);
});

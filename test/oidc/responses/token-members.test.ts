/** Token responses whose optional members are null, empty or malformed: no session ends, and old values stay. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createTokenResponseReader } from '../../../src/oidc/responses/token-members.ts';
import { startGateway } from '../../support/gateway.ts';
import { alteringJson } from '../../support/provider-faults.ts';
import type { ProviderRequest } from '../../support/provider-types.ts';
import { silent } from '../../support/route-fixtures.ts';
import { startTimedWorld, type TimedWorld } from '../../support/timed-world.ts';
import { CSRF, type WorldOptions } from '../../support/world.ts';

const LIFETIME_MS = 60_000;
const DEFAULT_LIFETIME_MS = 120_000;
const isRefresh = ({ params }: ProviderRequest) => params.get('grant_type') === 'refresh_token';

/** A world with opaque tokens, so that no token states its own lifetime, and a refresh token that stays valid. */
function startOpaque(t: TestContext, options: WorldOptions['gateway'] = {}): Promise<TimedWorld> {
  return startTimedWorld(t, {
    provider: { settings: { accessTokenFormat: 'opaque', accessTokenLifetime: LIFETIME_MS, rotation: 'none' } },
    gateway: { ...options, providerConfig: { defaultTokenLifetime: '2m', ...options.providerConfig } },
  });
}

const ODD: Record<string, unknown[]> = {
  refresh_token: [null, '', ' ', 5, true, {}, ['a']],
  id_token: [null, '', ' ', 5, {}, ['a'], 'not-a-jwt', 'a.b.c', '..'],
  scope: [null, '', ' ', 5, {}, ['openid', 5], []],
  expires_in: [null, '', 'abc', '12abc', -5, 0, '0', '-5', 1e-9, 0.001, 0.4, '0.4', 0.999, true, {}, [60]],
  unknown_member: [null, '', 5],
};

for (const [member, values] of Object.entries(ODD)) {
  test(`P01 a refresh with an odd ${member} keeps the session and the old values, without a refresh per request`, async (t) => {
    const world = await startOpaque(t);
    await world.signIn();
    const profile = (await world.browser.fetch('/profile', { headers: CSRF })).json();
    for (const value of values) {
      const what = `${member}: ${JSON.stringify(value)}`;
      world.provider.clearRequests();
      world.provider.behaviour.token = alteringJson({ [member]: value }, isRefresh);
      // Longer than either lifetime.
      world.advance(DEFAULT_LIFETIME_MS);
      for (let n = 0; n < 3; n += 1) assert.equal((await world.api()).status, 200, what);
      const expected = member === 'expires_in' ? DEFAULT_LIFETIME_MS : LIFETIME_MS;
      world.advance(expected * 0.7);
      assert.equal((await world.api()).status, 200, what);
      assert.equal(world.provider.refreshRequests().length, 1, `${what}: one refresh, and the token lasts`);
      const now = (await world.browser.fetch('/profile', { headers: CSRF })).json();
      assert.equal(now.sub, profile.sub);
      world.advance(expected);
      assert.equal((await world.api()).status, 200, `${what}: the old refresh token is still used`);
      assert.equal(world.provider.refreshRequests().length, 2);
    }
  });

  test(`P01 a code exchange with an odd ${member} ${member === 'id_token' ? 'fails' : 'succeeds'}`, async (t) => {
    const world = await startOpaque(t);
    for (const value of values) {
      const what = `${member}: ${JSON.stringify(value)}`;
      world.provider.behaviour.token = alteringJson({ [member]: value });
      const browser = world.gateway.browser();
      const page = await browser.navigate('/login?returnTo=/app');
      // An ID token is required in a code exchange (OpenID Connect Core 3.1.3.3).
      if (member === 'id_token') assert.equal(page.status, 502, what);
      else assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200, what);
    }
  });
}

test('P01 numbers as strings, a list of scopes and a huge lifetime are understood', async (t) => {
  const routes = [{ path: '/api/**', rules: [{ token: 'user' as const, scopes: ['write:orders'] }] }];
  const world = await startTimedWorld(t, {
    provider: { settings: { accessTokenFormat: 'opaque', rotation: 'none' } },
    routes: (upstream) => routes.map((route) => ({ ...route, upstream })),
  });
  for (const [expiresIn, lasts] of [
    ['60', 45_000],
    ['60.5', 45_000],
    [1e300, 1_200_000],
  ] as const) {
    world.provider.behaviour.token = alteringJson({ expires_in: expiresIn, scope: ['openid', 'write:orders'] });
    await world.signIn();
    world.provider.clearRequests();
    world.advance(lasts);
    assert.equal((await world.api()).status, 200, String(expiresIn));
    assert.equal(world.provider.refreshRequests().length, 0, String(expiresIn));
  }
});

test('P01 a malformed member is logged once by its name, without its value', async (t) => {
  const world = await startOpaque(t);
  world.provider.behaviour.token = alteringJson({ refresh_token: { secret: 'canary-odd' }, expires_in: 'canary-odd' });
  await world.signIn();
  await world.gateway.browser().navigate('/login');
  const lines = world.gateway
    .logText()
    .split('\n')
    .filter((line) => line.includes('malformed members'));
  assert.equal(lines.length, 1);
  assert.deepEqual(JSON.parse(lines[0] ?? '').members, ['expires_in', 'refresh_token']);
  assert.doesNotMatch(world.gateway.logText(), /canary-odd/);
});

test('P01 a refresh without the required access_token is 503, and keeps the session', async (t) => {
  const world = await startOpaque(t);
  await world.signIn();
  world.provider.behaviour.token = alteringJson({ access_token: null }, isRefresh);
  world.advance(LIFETIME_MS);
  for (let n = 0; n < 3; n += 1) assert.equal((await world.api()).status, 503);
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.equal((await world.session()).authenticated, true);
  world.provider.resetBehaviour();
  world.advance(10_000);
  assert.equal((await world.api()).status, 200);
});

test('P01 token responses with status 201 are read as with 200', async (t) => {
  const world = await startTimedWorld(t, {
    provider: { settings: { accessTokenLifetime: LIFETIME_MS, rotation: 'rotate' } },
  });
  world.provider.behaviour.token = async (_request, proceed) => ({ ...(await proceed()), status: 201 });
  await world.signIn();
  for (let n = 0; n < 2; n += 1) {
    world.advance(LIFETIME_MS);
    assert.equal((await world.api()).status, 200);
  }
});

test('P01 an error in a response with status 200 keeps the headers that belong to the error', async () => {
  const read = createTokenResponseReader({ assumeBearer: false, log: silent });
  const headers = {
    'retry-after': '30',
    'dpop-nonce': 'n1',
    'content-type': 'text/plain',
    'content-length': '7',
    'content-encoding': 'gzip',
    'www-authenticate': 'Basic',
  };
  const response = await read(Response.json({ error: 'use_dpop_nonce' }, { headers }), {
    grantType: 'refresh_token',
    hasProof: true,
  });
  assert.equal(response.status, 400);
  assert.deepEqual(Object.fromEntries(response.headers), {
    'content-type': 'application/json',
    'dpop-nonce': 'n1',
    'retry-after': '30',
  });
  assert.deepEqual(await response.json(), { error: 'use_dpop_nonce' });
});

test('P01 after an outage that a response with status 200 reports, the gateway waits as long as the provider asks', async (t) => {
  const world = await startOpaque(t);
  await world.signIn();
  world.provider.behaviour.token = () => ({
    status: 200,
    headers: { 'retry-after': '40' },
    json: { error: 'temporarily_unavailable' },
  });
  world.advance(LIFETIME_MS);
  const response = await world.api();
  assert.equal(response.status, 503);
  assert.equal(response.headers['retry-after'], '40');
});

test('P01 an error in a response with status 200 is that error: a definite refusal ends the session, an outage does not', async (t) => {
  for (const [error, status] of [
    ['invalid_grant', 401],
    ['temporarily_unavailable', 503],
  ] as const) {
    const world = await startOpaque(t);
    await world.signIn();
    world.provider.behaviour.token = () => ({ status: 200, headers: {}, json: { error } });
    world.advance(LIFETIME_MS);
    assert.equal((await world.api()).status, status, error);
    assert.equal((await world.session()).authenticated, status === 503, error);
  }
  const world = await startOpaque(t);
  world.provider.behaviour.token = alteringJson({ error: 'invalid_grant' });
  await world.signIn();
  world.advance(LIFETIME_MS);
  assert.equal((await world.api()).status, 200, 'a token is a token, whatever is beside it');
});

test('P01 metadata whose optional members are null or empty is that of a provider without them', async (t) => {
  const world = await startTimedWorld(t);
  world.provider.settings.pushed = 'offered';
  const empty = [
    'pushed_authorization_request_endpoint',
    'end_session_endpoint',
    'revocation_endpoint',
    'mtls_endpoint_aliases',
  ];
  for (const value of [null, '']) {
    world.provider.behaviour.metadata = (metadata) => ({
      ...metadata,
      ...Object.fromEntries(empty.map((name) => [name, value])),
      code_challenge_methods_supported: null,
    });
    const gateway = await startGateway({ provider: world.provider });
    t.after(() => gateway.stop());
    const browser = gateway.browser();
    await browser.navigate('/login?returnTo=/app');
    assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, true);
    const { logoutUrl } = (await browser.fetch('/session', { headers: CSRF })).json();
    assert.equal((await browser.navigate(String(logoutUrl), { from: gateway.url })).status, 200);
  }
});

test('P09 a missing token_type is read as Bearer only with provider.assumeBearer', async (t) => {
  for (const value of [undefined, null, '']) {
    const strict = await startOpaque(t);
    strict.provider.behaviour.token = alteringJson({ token_type: value });
    assert.equal((await strict.browser.navigate('/login')).status, 502, JSON.stringify(value));
    const lenient = await startOpaque(t, { providerConfig: { assumeBearer: true } });
    lenient.provider.behaviour.token = alteringJson({ token_type: value });
    await lenient.signIn();
    lenient.advance(LIFETIME_MS);
    assert.equal((await lenient.api()).status, 200, JSON.stringify(value));
  }
  const other = await startOpaque(t, { providerConfig: { assumeBearer: true } });
  other.provider.behaviour.token = alteringJson({ token_type: 'mac' });
  assert.equal((await other.browser.navigate('/login')).status, 502);
});

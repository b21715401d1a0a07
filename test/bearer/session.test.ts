/** The access token of a session: verified when the session receives it, subject to the same rules, refused when it is invalid. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '../support/provider-faults.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';
import { type BearerWorld, startBearerWorld } from './world.ts';

const routes = [
  { path: '/api/other/**', audience: 'invoices-api', rules: [{ token: 'user' as const }] },
  { path: '/api/staff/**', rules: [{ token: 'user' as const, claims: { department: { anyOf: ['finance'] } } }] },
  { path: '/api/**', claimHeaders: { 'X-Name': 'name' }, rules: [{ token: 'user' as const }] },
];
const introspected = { audience: 'orders-api', provider: { introspection: { cache: '1s', negativeCache: '1s' } } };

async function expireAccessToken({ provider, advance }: BearerWorld): Promise<void> {
  advance(provider.settings.accessTokenLifetime - 500);
}

test('it is verified at sign-in and at refresh, and on no request in between', async (t) => {
  const world = await startBearerWorld(t, { routes });
  await world.signIn();
  world.provider.clearRequests();
  for (let n = 0; n < 5; n += 1) assert.equal((await world.api()).status, 200);
  assert.equal(world.provider.requests.jwks.length + world.provider.requests.introspection.length, 0);
  assert.equal(world.upstream.requests.at(-1)?.header('x-name'), 'Alice%20Example');
});

test('R46 audience: a session cannot use a route with a token for another API', async (t) => {
  const world = await startBearerWorld(t, { routes });
  await world.signIn();
  const response = await world.api('/api/other/x');
  assert.equal(response.status, 403);
  assert.deepEqual([response.json().code, response.json().reason], ['access_denied', 'audience']);
  assert.equal((await world.api('/api/x')).status, 200);
});

test('the claims of the session’s token decide, and after a refresh those of the new token', async (t) => {
  const world = await startBearerWorld(t, { routes });
  await world.signIn();
  const denied = await world.api('/api/staff/x');
  assert.deepEqual([denied.status, denied.json().reason], [403, 'claim']);
  world.provider.behaviour.accessToken = (draft) => {
    draft.claims.department = 'finance';
    return draft;
  };
  await expireAccessToken(world);
  assert.equal((await world.api('/api/staff/x')).status, 200);
});

test('R48 an opaque token is introspected at sign-in, its claims decide, and it is forwarded unchanged', async (t) => {
  const provider = { settings: { accessTokenFormat: 'opaque' as const } };
  const world = await startBearerWorld(t, { routes, provider, accessTokens: introspected });
  await world.signIn();
  assert.equal(world.provider.requests.introspection.length, 1);
  for (let n = 0; n < 3; n += 1) assert.equal((await world.api()).status, 200);
  assert.equal(world.provider.requests.introspection.length, 1);
  const sent = world.upstream.requests.at(-1)?.header('authorization') ?? '';
  assert.ok(world.provider.secrets.has(sent.replace('Bearer ', '')));
});

test('R48 an opaque token without introspection fails the sign-in, and the log says what to configure', async (t) => {
  const provider = { settings: { accessTokenFormat: 'opaque' as const } };
  const world = await startBearerWorld(t, { routes, provider });
  const page = await world.browser.navigate('/login');
  assert.equal(page.status, 502);
  assert.match(
    world.gateway.logText(),
    /not accepted under accessTokens\.provider: the token is not a JWT, and no issuer has introspection/,
  );
  await until(() => world.provider.requests.revocation.length > 0);
});

test('R48 without accessTokens an opaque token is forwarded', async (t) => {
  const world = await startWorld(t, { provider: { settings: { accessTokenFormat: 'opaque' } } });
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  assert.match(world.upstream.requests.at(-1)?.header('authorization') ?? '', /^Bearer canary-at-/);
});

for (const [name, claims] of Object.entries({
  'of another issuer': { iss: 'https://evil.example' },
  'without an audience': { aud: undefined },
  'of a client': { sub: 'shop-web' },
})) {
  test(`RS-03 a token ${name} fails a sign-in, and ends the session at a refresh`, async (t) => {
    const world = await startBearerWorld(t, { routes });
    await world.signIn();
    world.provider.behaviour.accessToken = (draft) => ({ ...draft, claims: { ...draft.claims, ...claims } });
    const other = world.gateway.browser();
    assert.equal((await other.navigate('/login')).status, 502);
    assert.equal((await other.fetch('/session', { headers: CSRF })).json().authenticated, false);
    await expireAccessToken(world);
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
  });
}

test('R05 R12 introspection that fails during a refresh keeps the session; the next request is verified before it is forwarded', async (t) => {
  const provider = { settings: { accessTokenFormat: 'opaque' as const } };
  const world = await startBearerWorld(t, { routes, provider, accessTokens: introspected });
  await world.signIn();
  world.provider.behaviour.introspection = () => status(503);
  await expireAccessToken(world);
  world.upstream.requests.length = 0;
  assert.equal((await world.api()).status, 503);
  assert.equal(world.upstream.requests.length, 0);
  assert.equal(world.provider.refreshRequests().length, 1);
  world.provider.resetBehaviour();
  assert.equal((await world.api()).status, 200);
  assert.equal(world.provider.refreshRequests().length, 1, 'the tokens of the refresh were kept');
});

test('a route that introspects every token refuses a session whose token was revoked', async (t) => {
  const world = await startBearerWorld(t, {
    accessTokens: introspected,
    routes: [{ path: '/api/careful/**', introspect: true }, { path: '/api/**' }],
  });
  await world.signIn();
  assert.equal((await world.api('/api/careful/x')).status, 200);
  const token = (world.upstream.requests.at(-1)?.header('authorization') ?? '').replace('Bearer ', '');
  await fetch(`${world.provider.issuer}/revocation`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
    headers: {
      authorization: `Basic ${btoa(`${world.provider.client.id}:${encodeURIComponent(world.provider.client.secret)}`)}`,
    },
  });
  world.advance(1_001);
  const response = await world.api('/api/careful/x');
  assert.equal(response.status, 401);
  assert.equal(response.json().code, 'unauthenticated');
  assert.equal((await world.api('/api/x')).status, 200);
});

/** Clients with their own tokens, issued by a real Keycloak: audiences, token types, roles, revocation. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { apiRequest, signIn, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const introspection = { clientId: 'orders-api', clientSecret: 'orders-api-secret', cache: '1s', negativeCache: '1s' };
const world = await startWorld({
  name: 'bearer',
  attributes: { 'access.token.lifespan': '300' },
  routes: (upstream) => [
    { path: '/api/users/**', upstream, rules: [{ token: 'user' }] },
    // The audience of an ID token is its client, so here only its type makes it invalid.
    { path: '/api/app/**', upstream, audience: ['orders-api', 'orders-app'], rules: [{ token: 'user' }] },
    { path: '/api/stock/**', upstream, audience: 'inventory-api', rules: [{ token: 'user-or-client' }] },
    { path: '/api/admin/**', upstream, rules: [{ token: 'user', roles: ['orders-admin'] }] },
    {
      path: '/api/write/**',
      upstream,
      rules: [{ token: 'user', roles: [{ client: 'orders-api', role: 'orders.write' }] }],
    },
    { path: '/api/careful/**', upstream, introspect: true, rules: [{ token: 'user-or-client' }] },
    { path: '/api/**', upstream, rules: [{ token: 'user-or-client' }] },
  ],
  // No tolerance beyond the clocks of one machine, so that a token expires at its exp.
  provider: { clockTolerance: '1s' },
  config: { accessTokens: { audience: 'orders-api', provider: { introspection } } },
});
const { admin, api, browser, publicUrl, issuer } = world;

const ask = (token: string | undefined, path: string) =>
  fetch(publicUrl + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
/** The reason in the gateway's challenge for a 401; the API, which checks tokens too, must not have been called. */
async function refusal(token: string, path: string): Promise<string | undefined> {
  const before = api.requests.length;
  const response = await ask(token, path);
  await response.body?.cancel();
  assert.deepEqual([response.status, api.requests.length], [401, before]);
  return /error="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1];
}
const problem = async (response: Response) => (await response.json()) as { code: string; reason?: string };

test('R46 a service token with the right audience reaches the API, with another audience it is 401', async () => {
  const token = await admin.serviceToken('orders-worker');
  assert.equal((await ask(token, '/api/orders')).status, 200);
  assert.equal(api.lastRequest('/api/orders').token, token);
  const refused = await ask(token, '/api/stock/1');
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
});

test('RS-03 a user’s access token from another client is accepted; the ID token and refresh token are not', async () => {
  await admin.createClient('orders-app', { 'access.token.lifespan': '300' });
  const { accessToken, idToken, refreshToken } = await admin.userTokens('orders-app', 'bob');
  assert.equal((await ask(accessToken, '/api/app/me')).status, 200);
  assert.equal(api.lastRequest('/api/app/me').token, accessToken);
  for (const other of [idToken, refreshToken]) assert.equal(await refusal(other, '/api/app/me'), 'invalid_token');
});

test('RS-02 a valid token is refused once it has expired', async () => {
  await admin.createClient('short-app', { 'access.token.lifespan': '10' });
  const { accessToken } = await admin.userTokens('short-app', 'bob');
  assert.equal((await ask(accessToken, '/api/users/me')).status, 200);
  const { exp = 0 } = decodeJwt(accessToken);
  await until('the token has lapsed, with what clocks may differ', () => Date.now() > exp * 1000 + 1_100, 15);
  assert.equal(await refusal(accessToken, '/api/users/me'), 'invalid_token');
});

test('a client role admits to a route that requires it, from the next token on', async () => {
  await admin.createClient('roles-app', { 'access.token.lifespan': '300' });
  const before = await admin.userTokens('roles-app', 'bob');
  const refused = await ask(before.accessToken, '/api/write/x');
  assert.deepEqual([refused.status, (await problem(refused)).reason], [403, 'role']);
  await admin.grantRole('bob', 'orders-api', 'orders.write');
  const after = await admin.userTokens('roles-app', 'bob');
  assert.equal((await ask(after.accessToken, '/api/write/x')).status, 200);
  assert.equal(
    (await ask(before.accessToken, '/api/write/x')).status,
    403,
    'the decision follows the token of the request',
  );
});

test('RS-13 a service account is not a user', async () => {
  const response = await ask(await admin.serviceToken('orders-worker'), '/api/users/me');
  assert.equal(response.status, 403);
  assert.equal((await problem(response)).reason, 'subject');
});

test('RS-03 a token of another realm is 401, and so is a malformed one', async () => {
  const other = await fetch(`${new URL(issuer).origin}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }),
  });
  const { access_token: token = '' } = (await other.json()) as { access_token?: string };
  assert.notEqual(token, '');
  for (const bad of [token, 'nonsense', `${token.slice(0, -4)}AAAA`])
    assert.equal(await refusal(bad, '/api/orders'), 'invalid_token');
});

test('RS-07 the challenge points to the metadata, and the metadata to Keycloak', async () => {
  const challenge = (await ask(undefined, '/api/orders')).headers.get('www-authenticate') ?? '';
  const [, address = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
  const metadata = (await (await fetch(address)).json()) as { resource: string; authorization_servers: string[] };
  assert.deepEqual([metadata.resource, metadata.authorization_servers], [publicUrl, [issuer]]);
});

test('with introspection a revoked token is refused once the cached response expires', async () => {
  const token = await admin.serviceToken('orders-worker');
  assert.equal((await ask(token, '/api/careful/x')).status, 200);
  await admin.revoke(token, 'orders-worker');
  await until('the revoked token is refused', async () => (await ask(token, '/api/careful/x')).status === 401, 3);
  assert.equal((await ask(token, '/api/orders')).status, 200, 'a route that does not ask goes by the signature');
});

browser.test('a user without the role gets 403', async (page) => {
  await signIn(page, world, '/', 'bob');
  const refused = await apiRequest(page, '/api/admin/x');
  assert.deepEqual([refused.status, refused.body.reason], [403, 'role']);
});

describe('a user in a browser', () => {
  browser.test('the same rules apply: realm roles, audience, revocation', async (page) => {
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/users/me')).status, 200);
    const { token } = api.lastRequest('/api/users/me');
    assert.equal((await apiRequest(page, '/api/admin/x')).status, 200);
    assert.equal((await apiRequest(page, '/api/stock/1')).status, 403);
    assert.equal((await ask(token, '/api/users/me')).status, 200, 'the same token from a caller of its own');
    assert.equal((await apiRequest(page, '/api/careful/x')).status, 200);
    await admin.revoke(token, 'bff-gateway');
    await until(
      'the session’s token is refused',
      async () => (await apiRequest(page, '/api/careful/x')).status === 401,
      3,
    );
  });
});

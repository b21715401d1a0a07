/** Tokens that Keycloak issues for one upstream: exchanged for the user's (RFC 8693), and the gateway's own. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { after } from 'node:test';
import { decodeJwt } from 'jose';
import { apiRequest, signIn } from './support/steps.ts';
import { startWorld } from './support/world.ts';

/** An upstream that records its requests for the test. */
const seen: IncomingMessage[] = [];
const inventory = createServer((req, res) => {
  seen.push(req);
  res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
await new Promise<void>((resolve) => inventory.listen(0, '127.0.0.1', resolve));
after(() => {
  inventory.closeAllConnections();
  inventory.close();
});
const address = inventory.address();
const upstream = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
const target = { audience: 'inventory-api', scopes: ['inventory:read'] };

const world = await startWorld({
  name: 'upstream-tokens',
  attributes: { 'access.token.lifespan': '300' },
  routes: (api) => [
    { path: '/api/inventory/**', upstream, upstreamToken: { exchange: target } },
    { path: '/api/unknown/**', upstream, upstreamToken: { exchange: { audience: 'nobody-api' } } },
    { path: '/api/machine/**', upstream, upstreamToken: { clientCredentials: { scopes: ['orders-api'] } } },
    { path: '/api/**', upstream: api },
  ],
});
const { admin, api, browser, publicUrl } = world;
const tokenOf = (req: IncomingMessage | undefined) => (req?.headers.authorization ?? '').replace('Bearer ', '');

browser.test(
  'TK-15 TK-12 the inventory gets its own token with the user’s subject, and never the session’s token',
  async (page) => {
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    const own = api.lastRequest('/api/orders').token;
    assert.equal((await apiRequest(page, '/api/inventory/1')).status, 200);
    const exchanged = tokenOf(seen.at(-1));
    const claims = decodeJwt(exchanged);
    assert.deepEqual([claims.aud, claims.sub, claims.azp], ['inventory-api', decodeJwt(own).sub, 'bff-gateway']);
    assert.match(String(claims.scope), /inventory:read/);
    assert.notEqual(exchanged, own);
    await Promise.all(Array.from({ length: 10 }, () => apiRequest(page, '/api/inventory/2')));
    assert.deepEqual(new Set(seen.map(tokenOf)), new Set([exchanged]), 'asked for once');
  },
);

browser.test('TK-15 another user gets another token', async (page) => {
  const before = new Set(seen.map(tokenOf));
  await signIn(page, world, '/', 'bob');
  assert.equal((await apiRequest(page, '/api/inventory/3')).status, 200);
  const exchanged = tokenOf(seen.at(-1));
  assert.ok(!before.has(exchanged));
  assert.equal(decodeJwt(exchanged).preferred_username, 'bob');
});

browser.test('a route can use the gateway’s own token, the same for all users', async (page, context) => {
  await admin.allowServiceAccount('bff-gateway');
  const before = seen.length;
  await signIn(page, world);
  assert.equal((await apiRequest(page, '/api/machine/1')).status, 200);
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  const own = tokenOf(seen.at(-1));
  const claims = decodeJwt(own);
  assert.equal(claims.preferred_username, 'service-account-bff-gateway');
  assert.notEqual(claims.sub, decodeJwt(api.lastRequest('/api/orders').token).sub);
  await context.clearCookies();
  await signIn(page, world, '/', 'bob');
  assert.equal((await apiRequest(page, '/api/machine/2')).status, 200);
  assert.deepEqual(seen.slice(before).map(tokenOf), [own, own], 'asked for once');
});

browser.test('an exchange that Keycloak refuses is reported, and the upstream is not called', async (page) => {
  await signIn(page, world);
  const before = seen.length;
  const response = await apiRequest(page, '/api/unknown/1');
  assert.deepEqual([response.status, response.body.code], [502, 'upstream_token_failed']);
  assert.equal(seen.length, before);
  assert.equal((await fetch(`${publicUrl}/api/inventory/1`)).status, 401);
});

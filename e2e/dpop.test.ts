/** Tokens bound to a key of each session: a Keycloak client that issues only these, and an API that accepts only these. */
import assert from 'node:assert/strict';
import { decodeProtectedHeader } from 'jose';
import { apiRequest, signIn, signOut, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const CLIENT = 'bff-gateway-dpop';
const world = await startWorld({
  name: 'dpop',
  clientId: CLIENT,
  attributes: { 'access.token.lifespan': '8', 'standard.token.exchange.enabled': 'true' },
  provider: { dpop: true, userInfo: true },
  routes: (upstream) => [
    { path: '/api/stream', upstream, websocket: true },
    { path: '/api/exchanged/**', upstream, upstreamToken: { exchange: { audience: 'orders-api' } } },
    { path: '/api/**', upstream },
  ],
});
const { admin, api, browser } = world;

/** Thumbprint that the token of the last request to a path is bound to. */
const boundTo = (path: string) => (api.lastRequest(path).claims?.cnf as { jkt?: string } | undefined)?.jkt;

browser.test('TK-13 sign-in, requests, refresh and sign-out with tokens bound to one key', async (page) => {
  await signIn(page, world);
  assert.equal((await apiRequest(page, '/api/orders?page=2')).body.user, 'alice');
  const first = api.lastRequest('/api/orders?page=2');
  assert.match(first.headers.authorization ?? '', /^DPoP /);
  assert.ok(first.proof, 'the API accepted the proof');
  assert.equal((await apiRequest(page, '/api/orders', { method: 'POST', body: '{}' })).status, 200);
  assert.notEqual(api.lastRequest('/api/orders').proof?.jti, first.proof.jti);
  const key = boundTo('/api/orders');
  assert.match(String(key), /^[\w-]{43}$/);

  await untilTokenExpired(world, '/api/orders');
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  assert.equal((await admin.events('REFRESH_TOKEN', CLIENT)).length, 1);
  const { token } = api.lastRequest('/api/orders');
  assert.notEqual(token, first.token);
  assert.equal(boundTo('/api/orders'), key, 'the key stays for the life of the session');

  await signOut(page, world);
  assert.equal(await admin.isActive(token), false);
});

browser.test('TK-13 a WebSocket handshake carries a proof as well', async (page) => {
  await signIn(page, world);
  const echoed = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket('/api/stream');
        socket.onopen = () => socket.send('hello');
        socket.onmessage = ({ data }) => resolve(data);
        socket.onerror = reject;
      }),
  );
  assert.equal(echoed, 'echo hello');
  assert.ok(api.lastRequest('/api/stream').proof);
});

browser.test('TK-13 every session has its own key, and the browser sees no part of it', async (page) => {
  const keys = new Set<unknown>();
  for (const user of ['alice', 'bob']) {
    await page.context().clearCookies();
    await signIn(page, world, '/', user);
    const response = await apiRequest(page, '/api/orders');
    assert.equal(response.body.user, user);
    keys.add(boundTo('/api/orders'));
    const { headers, token } = api.lastRequest('/api/orders');
    assert.equal(decodeProtectedHeader(String(headers.dpop)).alg, 'ES256');
    const shown = JSON.stringify([response, await apiRequest(page, '/session'), await apiRequest(page, '/profile')]);
    assert.ok(!shown.includes(token) && !/"(jkt|cnf|jwk|d)":/.test(shown));
  }
  assert.equal(keys.size, 2);
});

browser.test(
  'TK-13 TK-15 an exchanged token is a different token, bound to the key of the session as well',
  async (page) => {
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    assert.equal((await apiRequest(page, '/api/exchanged/1')).body.user, 'alice');
    const exchanged = api.lastRequest('/api/exchanged/1');
    assert.ok(exchanged.proof, 'the API accepted the proof');
    assert.notEqual(exchanged.token, api.lastRequest('/api/orders').token);
    assert.equal(boundTo('/api/exchanged/1'), boundTo('/api/orders'));
  },
);

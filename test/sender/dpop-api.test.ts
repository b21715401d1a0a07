/** Bound tokens at APIs: nonces, WebSockets, forward authentication, many users at once, and nothing of it in the browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { WebSocket } from 'ws';
import { newKey, startGateway } from '../support/gateway.ts';
import { createSigningKey } from '../support/keys.ts';
import { freePort } from '../support/ports.ts';
import { createProof, thumbprint } from '../support/proofs.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { accessToken } from '../support/tokens.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type WorldOptions } from '../support/world.ts';
import { boundApi } from './bound-api.ts';

const BOUND = {
  provider: { settings: { dpop: 'required' } },
  gateway: { providerConfig: { dpop: true } },
} satisfies WorldOptions;

test('TK-13 an upstream that requires a nonce: one retry, then the nonce is known', async (t) => {
  const world = await startWorld(t, BOUND);
  const api = boundApi(world.upstream);
  await world.signIn();
  api.nonce = 'u-1';
  assert.equal((await world.api()).status, 200);
  assert.equal((await world.api()).status, 200);
  assert.deepEqual(api.refusals, ['use_dpop_nonce']);
  api.nonce = 'u-2';
  assert.equal((await world.api()).status, 200);
  assert.equal(world.upstream.requests.length, 5);
});

test('TK-13 a request with a body is not sent twice: 401 this time, 200 the next', async (t) => {
  const world = await startWorld(t, BOUND);
  const api = boundApi(world.upstream);
  await world.signIn();
  api.nonce = 'u-1';
  const post = () => world.browser.fetch('/api/x', { method: 'POST', headers: CSRF, body: 'order' });
  const first = await post();
  assert.equal(first.status, 401);
  assert.equal(world.upstream.requests.length, 1);
  assert.equal((await post()).status, 200);
  // A request without a body can be sent again.
  api.nonce = 'u-2';
  const empty = await world.browser.fetch('/api/x', { method: 'POST', headers: CSRF });
  assert.equal(empty.status, 200);
});

test('TK-13 an upstream that always requires a new nonce gets two attempts', async (t) => {
  const world = await startWorld(t, BOUND);
  await world.signIn();
  let count = 0;
  world.upstream.respondWith((_req, res) => {
    res.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': `n-${++count}` }).end('no');
  });
  assert.equal((await world.api()).status, 401);
  assert.equal(world.upstream.requests.length, 2);
});

test('TK-13 a 401 for another reason, or without a nonce, is forwarded at once', async (t) => {
  const world = await startWorld(t, BOUND);
  await world.signIn();
  for (const headers of [
    { 'www-authenticate': 'DPoP error="invalid_dpop_proof"', 'dpop-nonce': 'n-1' },
    { 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
    { 'dpop-nonce': 'n-1' },
  ]) {
    const before = world.upstream.requests.length;
    world.upstream.respondWith((_req, res) => void res.writeHead(401, headers).end());
    assert.equal((await world.api()).status, 401);
    assert.equal(world.upstream.requests.length, before + 1, JSON.stringify(headers));
  }
});

test('TK-13 neither a proof nor a nonce of the upstream reaches the browser', async (t) => {
  const world = await startWorld(t, BOUND);
  const api = boundApi(world.upstream);
  await world.signIn();
  api.nonce = 'u-1';
  for (const init of [{}, { method: 'POST', body: 'x' }]) {
    api.nonce = `${api.nonce}x`;
    const answer = await world.browser.fetch('/api/x', { headers: CSRF, ...init });
    assert.equal(answer.headers.dpop, undefined);
    assert.equal(answer.headers['dpop-nonce'], undefined);
  }
});

test('TK-13 a client with its own proofs receives the nonce that the upstream requires', async (t) => {
  const world = await startWorld(t, { gateway: { config: { accessTokens: { audience: 'orders-api' } } } });
  const key = createSigningKey('ES256');
  const token = accessToken(world.provider, { cnf: { jkt: thumbprint(key) } });
  world.upstream.respondWith((_req, res) => void res.writeHead(401, { 'dpop-nonce': 'for-the-caller' }).end());
  const url = `${world.gateway.url}/api/x`;
  const headers = { authorization: `DPoP ${token}`, dpop: createProof(key, { method: 'GET', url, token }) };
  assert.equal((await fetch(url, { headers })).headers.get('dpop-nonce'), 'for-the-caller');
  assert.equal(world.upstream.requests.length, 1);
});

test('TK-13 a retry after a broken connection carries a new proof', async (t) => {
  const world = await startWorld(t, BOUND);
  const api = boundApi(world.upstream);
  await world.signIn();
  assert.equal((await world.api()).status, 200);
  world.upstream.respondWith((req) => {
    boundApi(world.upstream);
    req.socket.resetAndDestroy();
  });
  assert.equal((await world.api()).status, 200);
  const ids = world.upstream.requests.map((request) => decodeJwt(request.header('dpop') ?? '').jti);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(api.seen.size > 0 && ids.length === 3);
});

test('TK-13 a WebSocket handshake carries a proof', async (t) => {
  const provider = await startProvider({ settings: { dpop: 'required' } });
  const upstream = await startUpstream({ websocket: true });
  const routes = [{ path: '/api/**', upstream: upstream.origin, websocket: true }];
  const gateway = await startGateway({ provider, routes, providerConfig: { dpop: true } });
  t.after(async () => {
    await gateway.stop();
    await upstream.close();
    await provider.stop();
  });
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/live?room=1`, {
    headers: { cookie: browser.cookieHeader('/api/live'), origin: gateway.url },
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.terminate();
  const [handshake] = upstream.upgrades;
  assert.ok(handshake);
  const { jkt } = await boundApi(upstream).verify(handshake);
  assert.equal(jkt, provider.requests.authorize[0]?.params.get('dpop_jkt'));
});

test('TK-13 the nonce of a refused handshake is used for the next request', async (t) => {
  const world = await startWorld(t, {
    ...BOUND,
    routes: (upstream) => [{ path: '/api/**', upstream, websocket: true }],
  });
  const api = boundApi(world.upstream);
  await world.signIn();
  api.nonce = 'u-1';
  const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/api/live`, {
    headers: { cookie: world.browser.cookieHeader('/api/live'), origin: world.gateway.url },
  });
  const status = await new Promise((resolve) =>
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)).once('error', () => {}),
  );
  socket.terminate();
  assert.equal(status, 401);
  assert.equal((await world.api()).status, 200);
  assert.deepEqual(api.refusals, ['use_dpop_nonce']);
});

test('TK-13 forward authentication returns a proof for the upstream of the route', async (t) => {
  const port = await freePort();
  const world = await startWorld(t, { ...BOUND, gateway: { ...BOUND.gateway, config: { forwardAuth: { port } } } });
  await world.signIn();
  const answer = await fetch(`http://127.0.0.1:${port}/auth/verify`, {
    headers: {
      cookie: world.browser.cookieHeader('/api/x'),
      ...CSRF,
      'x-original-method': 'DELETE',
      'x-original-uri': '/api/orders/7?force=1',
    },
  });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('authorization') ?? '', /^DPoP /);
  const { htm, htu } = decodeJwt(answer.headers.get('dpop') ?? '');
  assert.deepEqual([htm, htu], ['DELETE', `${world.upstream.origin}/api/orders/7`]);
});

test('TK-13 CVE-2025-67490 fifty users at once with nonces required: every proof belongs to its user', async (t) => {
  const world = await startWorld(t, {
    provider: { settings: { dpop: 'required', dpopNonce: 'p-1' } },
    gateway: { providerConfig: { dpop: true } },
  });
  const { provider, gateway, upstream } = world;
  const api = boundApi(upstream);
  const browsers = Array.from({ length: 50 }, () => gateway.browser());
  const keys: string[] = [];
  for (const [index, browser] of browsers.entries()) {
    provider.next.nextUser = { sub: `user-${index}`, claims: {} };
    await browser.navigate('/login?returnTo=/app');
    keys.push(provider.requests.authorize.at(-1)?.params.get('dpop_jkt') ?? '');
  }
  api.nonce = 'u-1';
  const responses = await Promise.all(browsers.map((browser) => browser.fetch('/api/x', { headers: CSRF })));
  for (const [index, answer] of responses.entries()) {
    assert.equal(answer.status, 200, api.refusals.join());
    assert.deepEqual(answer.json(), { jkt: keys[index], sub: `user-${index}` });
  }
  assert.equal(new Set(keys).size, 50);
  assert.ok(api.refusals.every((reason) => reason === 'use_dpop_nonce'));
});

test('TK-13 a session from before dpop was enabled gets a key at its next refresh', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const key = newKey();
  const world = await startWorld(t, { gateway: { redisUrl: redis.url, key } });
  const { provider, upstream } = world;
  provider.settings.accessTokenLifetime = 500;
  await world.signIn();
  assert.equal(provider.requests.authorize[0]?.params.get('dpop_jkt'), null);
  provider.settings.dpop = 'required';
  const later = await startGateway({
    provider,
    redisUrl: redis.url,
    key,
    publicUrl: world.gateway.url,
    providerConfig: { dpop: true },
    routes: [{ path: '/api/**', upstream: upstream.origin }],
  });
  t.after(() => later.stop());
  const headers = { cookie: world.browser.cookieHeader('/api/x'), ...CSRF };
  await until(async () => {
    assert.equal((await fetch(`${later.ownUrl}/api/x`, { headers })).status, 200);
    return provider.refreshRequests().length > 0;
  });
  const sent = upstream.requests.at(-1);
  assert.ok(sent);
  await boundApi(upstream).verify(sent);
});

/** Requests to the private listener, as each front proxy sends them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { accessToken } from '../../support/tokens.ts';

let provider: Provider;
let gateway: TestGateway;
let browser: Browser;
let address: string;

before(async () => {
  provider = await startProvider();
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  gateway = await startGateway({
    provider,
    routes: [
      {
        path: '/api/**',
        upstream: 'http://unused.test',
        rules: [
          { methods: ['GET'], token: 'user' },
          { methods: ['POST'], token: 'user', scopes: ['write:orders'] },
        ],
        claimHeaders: { 'X-Shop-Customer': 'sub' },
      },
      { path: '/notes/**', upstream: 'http://unused.test', claimHeaders: { 'X-Shop-Note': 'absent' } },
      {
        path: '/changed/**',
        upstream: 'http://unused.test',
        requestHeaders: { set: { 'X-Stage': 'live', 'X-Plan': '$(claim.absent)' }, remove: ['X-Debug'] },
      },
      { path: '/bare/**', upstream: 'http://unused.test', requestCookies: 'drop', upstreamToken: 'none' },
    ],
    // `fetch` sends the address of the listener as Host, which is the host asked about as Envoy asks.
    config: { forwardAuth: { port }, allowedHosts: [`127.0.0.1:${port}`] },
  });
  browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
});
after(async () => {
  await gateway.stop();
  await provider.stop();
});

/** Sends a request of a signed-in application, with the headers that the proxy adds. */
async function ask(headers: Record<string, string>, path = '/auth/verify', method = 'GET') {
  const cookie = `app=1; ${browser.cookieHeader('/api/orders')}`;
  return await fetch(address + path, { method, headers: { cookie, 'x-csrf': '1', ...headers } });
}
const codeOf = async (response: Response) => Reflect.get(Object(await response.json()), 'code');
const nginx = { 'x-original-method': 'GET', 'x-original-uri': '/api/orders?page=2' };
const traefik = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/api/orders?page=2' };

for (const [name, headers, path] of [
  ['nginx', nginx, undefined],
  ['Traefik and Caddy', traefik, undefined],
  ['both kinds that agree', { ...nginx, ...traefik }, undefined],
  ['Envoy', {}, '/auth/verify/api/orders?page=2'],
] as const) {
  test(`${name}: 200 with the access token, the claims and the cookies of the application`, async () => {
    const response = await ask(headers, path);
    assert.equal(response.status, 200);
    assert.ok(provider.secrets.has(response.headers.get('authorization')?.replace('Bearer ', '') ?? ''));
    assert.equal(response.headers.get('x-shop-customer'), 'user-alice');
    assert.equal(response.headers.get('x-forward-cookie'), 'app=1');
    assert.equal(response.headers.get('dpop'), '');
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });
}

test('the method counts: a rule for GET does not admit POST', async () => {
  const post = await ask({ ...nginx, 'x-original-method': 'POST' });
  assert.equal(post.status, 403);
  assert.equal(await codeOf(post), 'insufficient_scope');
  assert.match(post.headers.get('www-authenticate') ?? '', /scope="write:orders"/);
  assert.equal((await ask({}, '/auth/verify/api/orders', 'POST')).status, 403);
  assert.equal((await ask({ ...nginx, 'x-original-method': 'DELETE' })).status, 403);
});

test('headers that name another request than an appended path are never admitted', async () => {
  const path = '/auth/verify/api/orders?page=2';
  assert.equal((await ask({ ...nginx, ...traefik }, path)).status, 200);
  const rows: [headers: Record<string, string>, path: string][] = [
    // A slash too many in the configuration of a proxy that sends headers: each request would count as GET /.
    [nginx, '/auth/verify/'],
    [traefik, '/auth/verify/'],
    [{ 'x-forwarded-uri': '/api/orders' }, path],
    [{ 'x-original-uri': '' }, path],
    [{ 'x-original-method': 'POST' }, path],
    [{ ...nginx, 'x-forwarded-method': 'POST' }, path],
  ];
  for (const [headers, asked] of rows) {
    const response = await ask(headers, asked);
    assert.deepEqual([response.status, await codeOf(response)], [400, 'bad_request'], JSON.stringify([headers, asked]));
  }
});

test('an incomplete or contradictory request is never admitted', async () => {
  const rows: Record<string, string>[] = [
    {},
    { 'x-original-uri': '/api/orders' },
    { 'x-original-method': 'GET' },
    { ...nginx, 'x-forwarded-uri': '/api/public' },
    { ...nginx, 'x-forwarded-method': 'POST' },
    { ...nginx, 'x-original-method': 'get' },
    { ...nginx, 'x-original-method': '' },
    { ...nginx, 'x-original-uri': '' },
    { ...nginx, 'x-original-uri': 'api/orders' },
    { ...nginx, 'x-original-uri': '/api/../secret' },
    { ...nginx, 'x-original-uri': '/api/%2e%2e/secret' },
  ];
  for (const row of rows) {
    const response = await ask(row);
    assert.equal(response.status, 400, JSON.stringify(row));
    assert.equal(response.headers.get('authorization'), null);
  }
});

test('an anonymous request, a forged one and a path without a route are refused', async () => {
  assert.equal((await ask({ ...nginx, cookie: '' })).status, 401);
  assert.equal((await ask({ ...nginx, 'x-csrf': '' })).status, 403);
  assert.equal((await ask({ ...nginx, 'sec-fetch-site': 'cross-site' })).status, 403);
  const elsewhere = await ask({ ...nginx, 'x-original-uri': '/elsewhere' });
  assert.equal(elsewhere.status, 403);
  assert.equal(await codeOf(elsewhere), 'access_denied');
});

test('a route with upstreamToken none and requestCookies drop gets neither token nor cookies', async () => {
  const response = await ask({ ...nginx, 'x-original-uri': '/bare/x' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('authorization'), '');
  assert.equal(response.headers.get('x-forward-cookie'), '');
});

const RESERVED = [
  'X-Shop-Customer',
  'x_shop_customer',
  'X-Shop_Customer',
  'X.Shop.Customer',
  'X~Shop!Customer',
  'X-SHOP-NOTE',
  'X_Shop_Note',
  'X-Forward-Cookie',
  'X_FORWARD_COOKIE',
];

test('E04 a request with a claim header of any route, in any spelling, is refused and audited', async () => {
  for (const name of RESERVED) {
    for (const path of ['/auth/verify/api/orders', '/auth/verify/bare/x']) {
      const response = await ask({ [name]: 'victim' }, path);
      assert.equal(response.status, 400, `${name} ${path}`);
      assert.equal(response.headers.get('authorization'), null);
      const problem = Object(await response.json());
      assert.deepEqual([problem.code, problem.reason], ['bad_request', 'claim_header']);
      assert.match(problem.detail, /header that only the gateway may set/);
      assert.doesNotMatch(JSON.stringify(problem), /victim|shop/i);
      const lines = gateway.logText().trim().split('\n');
      const told = lines.map((line) => JSON.parse(line)).filter(({ requestId }) => requestId === problem.requestId);
      const audit = told.find(({ event }) => event === 'access.denied');
      assert.deepEqual([audit?.reason, audit?.method], ['claim_header', 'GET']);
      assert.ok(told.some(({ errorCode }) => errorCode === 'bad_request'));
    }
  }
  assert.doesNotMatch(gateway.logText(), /victim/);
  assert.equal((await ask({ ...nginx, 'x-shop-customer': '' })).status, 400, 'an empty one is one too');
  assert.equal((await ask({ ...nginx, 'x-shop-customers': 'x', 'x-shop': 'x' })).status, 200, 'other names are not');
});

test('E04 every admission has the claim headers of all routes, empty without a value, and both cookie headers', async () => {
  for (const [path, customer, cookie] of [
    ['/api/orders', 'user-alice', 'app=1'],
    ['/notes/1', '', 'app=1'],
    ['/bare/x', '', ''],
  ]) {
    const response = await ask({}, `/auth/verify${path}`);
    assert.equal(response.status, 200, path);
    const named = ['x-shop-customer', 'x-shop-note', 'dpop', 'cookie', 'x-forward-cookie'];
    const values = named.map((name) => response.headers.get(name));
    assert.deepEqual(values, [customer, '', '', cookie, cookie], path);
  }
});

test('E04 a bearer token of the caller is not a claim header', async (t) => {
  const port = await freePort();
  const claimHeaders = { 'X-Shop-Customer': 'sub' };
  const api = await startGateway({
    provider,
    routes: [{ path: '/api/**', upstream: 'http://unused.test', claimHeaders, rules: [{ token: 'user' }] }],
    config: { forwardAuth: { port }, allowedHosts: [`127.0.0.1:${port}`], accessTokens: { audience: 'orders-api' } },
  });
  t.after(() => api.stop());
  const authorization = `Bearer ${accessToken(provider)}`;
  const verify = `http://127.0.0.1:${port}/auth/verify/api/orders`;
  const response = await fetch(verify, { headers: { authorization } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('authorization'), authorization);
  assert.notEqual(response.headers.get('x-shop-customer'), '');
  assert.equal((await fetch(verify, { headers: { authorization, x_shop_customer: 'victim' } })).status, 400);
});

test('any other path of the listener gets 404', async () => {
  for (const path of ['/', '/auth/verifyx', '/auth', '/api/orders', '/auth/verify?x=1'])
    assert.equal((await ask(nginx, path)).status, 404, path);
});

test('changes of a route: what it sets is returned, and another spelling is refused', async () => {
  const asked = { 'x-original-method': 'GET', 'x-original-uri': '/changed/1' };
  const response = await ask({ ...asked, 'x-stage': 'test', 'x-debug': '1' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-stage'), 'live');
  assert.equal(response.headers.get('x-debug'), '');
  assert.equal(response.headers.get('x-plan'), '', 'a claim that is missing leaves no header of the client');
  for (const name of ['x_stage', 'X_DEBUG', 'x-plan']) assert.equal((await ask({ ...asked, [name]: '1' })).status, 400);
});

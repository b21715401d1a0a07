/** Whole sites behind forward authentication: who is sent to the sign-in, and where the public port ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest } from '../../support/raw.ts';
import { navigation, PREFIX, script, sendTo, startAskedSite } from './asked-site.ts';

const RETURN = '/a/b?x=1&y=%2F';
const ADDRESS = `${PREFIX}/login?returnTo=%2Fa%2Fb%3Fx%3D1%26y%3D%252F`;

test('FA-01 FA-02 a navigation without a session: 401 with the address of the sign-in, or a redirect there', async (t) => {
  const site = await startAskedSite(t);
  const told = await site.about(RETURN, navigation());
  assert.deepEqual([told.status, told.header('x-login-url')], [401, site.url + ADDRESS]);
  assert.match(told.header('content-type') ?? '', /problem\+json/);
  assert.match(told.header('www-authenticate') ?? '', /Bearer/);
  const sent = await site.about(RETURN, navigation(), '/auth/redirect');
  assert.deepEqual([sent.status, sent.header('location'), sent.text], [303, site.url + ADDRESS, '']);
  assert.deepEqual([sent.header('cache-control'), sent.header('set-cookie')], ['no-store', undefined]);
  const envoy = await site.ask(`/auth/redirect${RETURN}`, { host: site.host, ...navigation() });
  assert.deepEqual([envoy.status, envoy.header('location')], [303, site.url + ADDRESS]);
});

test('FA-01 FA-02 fetch, frame, prefetch, form, program and handshake without a session: 401 and no address', async (t) => {
  const site = await startAskedSite(t);
  const rows: [what: string, headers: Record<string, string>][] = [
    ['fetch', script],
    ['frame', { ...navigation(), 'sec-fetch-dest': 'iframe' }],
    ['prefetch', { ...navigation(), 'sec-purpose': 'prefetch' }],
    ['form', { ...navigation('same-origin'), 'x-original-method': 'POST' }],
    ['program', { accept: '*/*' }],
    ['XMLHttpRequest without metadata', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }],
    ['handshake', { ...navigation(), 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', origin: site.url }],
  ];
  for (const endpoint of ['/auth/verify', '/auth/redirect'])
    for (const [what, headers] of rows) {
      const response = await site.about('/wiki', headers, endpoint);
      assert.equal(response.status, 401, `${what} ${endpoint}`);
      assert.equal(response.header('x-login-url'), undefined, what);
      assert.equal(response.header('location'), undefined, what);
    }
  const api = await site.about('/api/x', navigation(), '/auth/redirect');
  assert.deepEqual([api.status, api.header('location')], [401, undefined], 'an API is no page');
});

test('FA-01 with a session: 200 with the claim of the user, and without a token', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  for (const endpoint of ['/auth/verify', '/auth/redirect']) {
    const response = await site.about(RETURN, navigation(), endpoint);
    assert.equal(response.status, 200);
    assert.equal(response.header('x-webauth-user'), 'user-alice');
    assert.equal(response.header('authorization'), '');
    assert.doesNotMatch(response.header('x-forward-cookie') ?? '', /bff/);
  }
  const form = { ...navigation('same-origin'), 'x-original-method': 'POST' };
  assert.equal((await site.about('/wiki', { ...form, origin: site.url })).status, 200, 'an own form');
  assert.equal((await site.about('/wiki', { ...form, origin: 'https://evil.example' })).status, 403, 'a foreign form');
  const image = { ...script, 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' };
  assert.equal((await site.about('/wiki', image)).status, 200, 'an own image');
  const foreign = await site.about('/wiki', { ...image, 'sec-fetch-site': 'cross-site' });
  assert.equal(foreign.status, 403, 'a foreign image');
});

test('FA-01 a step-up leads to the sign-in with what the rule requires', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  const response = await site.about('/strong/x', navigation(), '/auth/redirect');
  assert.equal(response.status, 303);
  const { searchParams, pathname } = new URL(response.header('location') ?? '');
  assert.equal(pathname, `${PREFIX}/login`);
  assert.deepEqual([searchParams.get('acr_values'), searchParams.get('returnTo')], ['gold', '/strong/x']);
});

test('FA-01 a browser that keeps no session is asked to sign in once, and then told', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  const arrived = /bff-arrived=[^;]+/.exec(site.browser.cookieHeader('/'))?.[0] ?? '';
  assert.notEqual(arrived, '');
  for (const endpoint of ['/auth/verify', '/auth/redirect']) {
    const response = await site.about('/wiki', { ...navigation(), cookie: arrived }, endpoint);
    assert.equal(response.status, 401);
    assert.equal(response.header('x-bff-gateway'), 'session_not_kept');
    assert.deepEqual([response.header('location'), response.header('x-login-url')], [undefined, undefined]);
  }
});

test('FA-01 a person gets a refusal as a page where the proxy hands it on, and a program as before', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  const link = navigation('cross-site');
  const question = await site.about('/asking/x?y=1', link, '/auth/redirect');
  assert.equal(question.status, 403);
  assert.match(question.header('content-type') ?? '', /text\/html/);
  assert.ok(question.text.includes(`href="${site.url}/asking/x?y=1"`), 'the page leads on');
  const own = await site.about('/asking/x?y=1', navigation('same-origin'), '/auth/redirect');
  assert.equal(own.status, 200, 'by a click on that page');
  for (const [endpoint, headers] of [
    ['/auth/verify', link],
    ['/auth/redirect', { ...script, 'sec-fetch-site': 'cross-site' }],
  ] as const) {
    const response = await site.about('/asking/x', headers, endpoint);
    assert.equal(response.status, 403);
    assert.match(response.header('content-type') ?? '', /problem\+json/);
  }
});

test('FA-01 no spelling of an endpoint is admitted or redirected: the front proxy must not ask about them', async (t) => {
  const site = await startAskedSite(t);
  for (const signedIn of [false, true]) {
    if (signedIn) await site.signIn();
    for (const path of [PREFIX, `${PREFIX}/login`, '/.AUTH/login', '/.auth%2flogin', '//.auth/login', '/.auth/zzz']) {
      const response = await site.about(path, navigation(), '/auth/redirect');
      assert.ok([400, 403].includes(response.status), `${path}: ${response.status}`);
    }
  }
});

test('FA-01 the public port serves nothing on such a route, and its own endpoints as ever', async (t) => {
  const site = await startAskedSite(t);
  await site.signIn();
  const port = Number(new URL(site.url).port);
  const headers = { host: site.host, cookie: site.browser.cookieHeader('/'), ...navigation('same-origin') };
  for (const path of ['/', '/wiki', '/api/x', '/auth/verify', '/auth/redirect'])
    assert.equal((await sendTo(port, path, headers)).status, 404, path);
  assert.equal((await sendTo(port, `${PREFIX}/session`, { ...headers, 'x-csrf': '1' })).status, 200);
  const handshake = await rawRequest(
    port,
    `GET /api/ws HTTP/1.1\r\nHost: ${site.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: ${site.url}\r\n\r\n`,
  );
  assert.equal(handshake.status, 404);
});

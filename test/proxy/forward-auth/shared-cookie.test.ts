/** FA-05: one session for several hosts, by a cookie for their domain: what it opens, and what stays closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest } from '../../support/raw.ts';
import { CSRF } from '../../support/world.ts';
import { navigation, script, sendTo } from './asked-site.ts';
import { AUTH, GRAFANA, OTHER, startSharedSite, WIKI } from './shared-site.ts';

const DEEP = '/a/b?x=1&y=%2F';
const own = (cookie: string) => cookie.split('; ').filter((pair) => pair.includes('bff'));
const namesIn = (cookie: string) => own(cookie).map((pair) => pair.split('=')[0]);

test('FA-05 a sign-in from one host comes back there, and every listed host has the session', async (t) => {
  const site = await startSharedSite(t);
  const browser = site.browser();
  const page = await browser.navigate(WIKI + DEEP);
  assert.deepEqual([page.status, page.url.href], [200, WIKI + DEEP], page.body);
  assert.deepEqual(page.json(), { user: 'alice@shop.test', cookie: '' });
  const [first] = page.hops;
  const login = `${AUTH}/.auth/login?returnTo=${encodeURIComponent(WIKI + DEEP)}`;
  assert.deepEqual([first?.status, first?.headers.location, first?.setCookies], [303, login, []]);

  const set = page.hops.flatMap(({ setCookies }) => setCookies);
  const [session = ''] = set.filter((line) => line.startsWith('__Secure-bff='));
  for (const attribute of ['Domain=example.com', 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'])
    assert.ok(session.split('; ').includes(attribute), `${attribute} in ${session}`);
  const shared = set.filter((line) => /Domain=/i.test(line)).map((line) => line.split('=')[0]);
  assert.deepEqual(shared.sort(), ['__Secure-bff', '__Secure-bff-arrived']);
  const others = set.filter((line) => !/Domain=/i.test(line));
  assert.ok(others.length > 0);
  for (const line of others)
    assert.match(line, /^__Host-bff-login-/, 'those of the sign-in belong to the host of the endpoints');

  const { length } = site.provider.requests.authorize;
  const other = await browser.navigate(GRAFANA + DEEP, { from: WIKI });
  assert.deepEqual([other.hops.length, other.status, other.json().user], [1, 200, 'alice@shop.test']);
  assert.equal(site.provider.requests.authorize.length, length, 'no further sign-in');
});

test('FA-05 only listed hosts are asked about, each with its own routes; the public port serves none of them', async (t) => {
  const site = await startSharedSite(t, { routes: [{ path: '/here/**', upstream: 'none', kind: 'page' }] });
  const browser = await site.signIn();
  const cookie = browser.cookieHeader('/');
  const status = async (address: string) => (await site.about(address, { cookie, ...navigation() })).status;
  assert.equal(await status(`${WIKI}/x`), 200);
  assert.equal(await status(`${AUTH}/here/x`), 200);
  assert.equal(await status(`${AUTH}/x`), 403, 'the routes of the sites are none of publicUrl');
  assert.equal(await status(`${OTHER}/x`), 403);
  assert.equal(await status('https://example.com/x'), 403);
  assert.equal((await site.about(`${WIKI}/x`, { cookie, 'x-forwarded-host': 'grafana.example.com' })).status, 400);
  for (const host of ['wiki.example.com', 'other.example.com']) {
    const head = `GET /.auth/login HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n`;
    assert.equal((await rawRequest(site.port, head)).status, 421, host);
  }
});

test('FA-05 a route of one origin is none of another one, and without a host nothing is asked about', async (t) => {
  const site = await startSharedSite(t, {
    routes: [
      {
        path: '/staff/**',
        origin: WIKI,
        upstream: 'none',
        kind: 'page',
        rules: [{ token: 'user', identity: { groups: { anyOf: ['staff'] } } }],
      },
    ],
  });
  const cookie = (await site.signIn()).cookieHeader('/');
  const ask = (address: string) => site.about(address, { cookie, ...navigation() });
  assert.equal((await ask(`${WIKI}/staff/x`)).status, 403);
  assert.equal((await ask(`${GRAFANA}/staff/x`)).status, 200);
  for (const spelling of ['/Staff/x', '/staff%2fx', '//staff/x'])
    assert.equal((await ask(WIKI + spelling)).status, 400, spelling);
  const { port = 0 } = site.config.forwardAuth ?? {};
  const original = { 'x-original-method': 'GET', 'x-original-uri': '/x' };
  const unnamed = await sendTo(port, '/auth/verify', { cookie, ...original });
  assert.deepEqual([unnamed.status, JSON.parse(unnamed.text).reason], [403, 'no_app']);
});

test('FA-05 unsafe methods, scripts, images and handshakes of a sibling host are foreign', async (t) => {
  const site = await startSharedSite(t);
  const browser = await site.signIn();
  const cookie = browser.cookieHeader('/');
  const post = async (headers: Record<string, string>) => {
    const response = await site.about(`${WIKI}/save`, { cookie, 'x-original-method': 'POST', ...headers });
    return [response.status, response.status === 200 ? undefined : JSON.parse(response.text).code];
  };
  assert.deepEqual(await post({ ...navigation('same-origin'), origin: WIKI }), [200, undefined]);
  for (const origin of [GRAFANA, AUTH, OTHER, 'https://example.com']) {
    assert.deepEqual(await post({ ...navigation('same-site'), origin }), [403, 'csrf_cross_site'], origin);
    assert.deepEqual(await post({ origin }), [403, 'csrf_cross_site'], `${origin} without metadata`);
    assert.deepEqual(await post({ origin, ...CSRF }), [403, 'csrf_cross_site'], `${origin} with the CSRF header`);
  }
  const image = { ...script, 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' };
  assert.equal((await site.about(`${WIKI}/x.png`, { cookie, ...image })).status, 403);
  const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  assert.equal((await site.about(`${WIKI}/live`, { cookie, ...key, origin: GRAFANA })).status, 403);
  assert.equal((await site.about(`${WIKI}/live`, { cookie, ...key, origin: WIKI })).status, 200);
  // In the browser, and at the endpoints.
  const form = await browser.navigate(`${WIKI}/save`, { method: 'POST', form: { a: '1' }, from: `${GRAFANA}/x` });
  assert.equal(form.status, 403);
  const endpoint = await browser.fetch(`${AUTH}/.auth/session`, { headers: CSRF, from: WIKI });
  assert.equal(endpoint.status, 403);
});

test('FA-05 without a session, an API tells pages of its own origin that there is none', async (t) => {
  const site = await startSharedSite(t, { routes: [{ path: '/api/**', origin: WIKI, upstream: 'none' }] });
  const codeOf = async (headers: Record<string, string>) => {
    const { status, text } = await site.about(`${WIKI}/api/x`, { ...CSRF, ...headers });
    return [status, JSON.parse(text).code];
  };
  for (const method of ['GET', 'POST'])
    assert.deepEqual(await codeOf({ 'x-original-method': method, origin: WIKI }), [401, 'unauthenticated'], method);
  for (const origin of [GRAFANA, AUTH, OTHER])
    assert.deepEqual(await codeOf({ origin }), [403, 'csrf_cross_site'], origin);
});

test('FA-05 two cookies of the name are nobody, wherever a sibling host planted the second one', async (t) => {
  const site = await startSharedSite(t);
  const browser = await site.signIn();
  const [kept] = browser.jar.all().filter(({ name }) => name === '__Secure-bff');
  const cookie = browser.cookieHeader('/');
  assert.equal((await site.about(`${WIKI}/x`, { cookie })).status, 200);
  const [value] = own(cookie).filter((pair) => pair.startsWith('__Secure-bff='));
  for (const planted of [`${value}; ${cookie}`, `${cookie}; __Secure-bff=x`, `__Secure-bff=; ${cookie}`])
    assert.equal((await site.about(`${WIKI}/x`, { cookie: planted })).status, 401, planted);
  assert.deepEqual([kept?.domain, kept?.host], [true, 'example.com']);
  const state = async () => (await browser.fetch(`${AUTH}/.auth/session`, { headers: CSRF, from: AUTH })).json();
  assert.equal((await state()).authenticated, true);
  browser.jar.insert({ name: '__Secure-bff', value: 'x', host: 'example.com', domain: true, path: '/.auth' });
  assert.equal((await state()).authenticated, false);
});

test('FA-05 a browser that keeps no session sees an end of the redirects, also with a planted mark', async (t) => {
  const site = await startSharedSite(t);
  const browser = await site.signIn();
  const arrived = own(browser.cookieHeader('/')).find((pair) => pair.startsWith('__Secure-bff-arrived=')) ?? '';
  assert.notEqual(arrived, '');
  for (const cookie of [arrived, `__Secure-bff-arrived=x; ${arrived}`, `${arrived}; __Secure-bff-arrived=x`]) {
    const response = await site.about(`${WIKI}/x`, { cookie, ...navigation() }, 'redirect');
    assert.equal(response.status, 401, cookie);
    assert.match(response.header('x-bff-gateway') ?? '', /session_not_kept/);
  }
  const forged = await site.about(`${WIKI}/x`, { cookie: '__Secure-bff-arrived=x', ...navigation() }, 'redirect');
  assert.equal(forged.status, 303);
});

test('FA-05 a sign-in returns to listed origins, and to / instead of any other address', async (t) => {
  const api = { path: '/api/**', origin: WIKI, upstream: 'none' as const };
  const site = await startSharedSite(t, { routes: [api] });
  const rows: [returnTo: string, end: string][] = [
    [`${WIKI}/x?y=1#z`, `${WIKI}/x?y=1#z`],
    [`${GRAFANA}/d/1`, `${GRAFANA}/d/1`],
    [WIKI, `${WIKI}/`],
    [`${OTHER}/x`, `${AUTH}/`],
    ['https://example.com/x', `${AUTH}/`],
    ['https://wiki.example.com.evil.example/x', `${AUTH}/`],
    ['https://wiki.example.com@evil.example/x', `${AUTH}/`],
    ['https://wiki.example.com:8443/x', `${AUTH}/`],
    ['http://wiki.example.com/x', `${AUTH}/`],
    ['//wiki.example.com/x', `${AUTH}/`],
    [`${WIKI}/api/x`, `${AUTH}/`],
    [`${WIKI}/%61pi/x`, `${AUTH}/`],
    [`${GRAFANA}/api/x`, `${GRAFANA}/api/x`],
    [`${WIKI}/.auth/login`, `${WIKI}/`],
    [`${WIKI}//evil.example/x`, `${WIKI}/`],
  ];
  for (const [returnTo, end] of rows) {
    const browser = site.browser();
    const isEnd = (url: URL) =>
      !url.pathname.startsWith('/.auth') && url.origin !== new URL(site.provider.issuer).origin;
    const query = new URLSearchParams({ returnTo });
    const { stoppedAt } = await browser.navigate(`${AUTH}/.auth/login?${query}`, { stopAt: isEnd });
    assert.equal(stoppedAt?.href, end, returnTo);
  }
});

test('FA-05 the sites receive no cookie of the gateway, in any spelling', async (t) => {
  const site = await startSharedSite(t);
  const cookie = (await site.signIn()).cookieHeader('/');
  const planted = [
    '__Host-bff=1',
    '__secure-BFF=1',
    'bff=1',
    'BFF-arrived=1',
    '"__Secure-bff"=1',
    '%5F_Secure-bff=1',
    '__Host-bff-login-x=1',
    '__Secure-bff-login-x=1',
    '__Secure-bff-logout=1',
    '__Host-bff-arrived=1',
  ];
  const sent = await site.about(`${WIKI}/x`, { cookie: `a=1; ${planted.join('; ')}; ${cookie}; b=2` });
  assert.deepEqual(
    [sent.status, sent.header('cookie'), sent.header('x-forward-cookie')],
    [200, 'a=1; b=2', 'a=1; b=2'],
  );
});

test('FA-05 a sign-out ends the session on every host, and clears the cookies with their domain', async (t) => {
  const site = await startSharedSite(t);
  const browser = await site.signIn();
  assert.deepEqual(namesIn(browser.cookieHeader(`${GRAFANA}/`)).sort(), ['__Secure-bff', '__Secure-bff-arrived']);
  const cookie = browser.cookieHeader('/');
  const headers = { ...CSRF, accept: 'application/json' };
  const signOut = await browser.fetch(`${AUTH}/.auth/logout`, { method: 'POST', headers, from: AUTH });
  assert.equal(signOut.status, 200, signOut.body);
  for (const name of ['__Secure-bff', '__Secure-bff-arrived']) {
    const line = signOut.setCookies.find((text) => text.startsWith(`${name}=;`)) ?? '';
    assert.match(line, /Domain=example\.com/, name);
  }
  const handOver = signOut.setCookies.find((text) => text.startsWith('__Host-bff-logout=')) ?? '';
  assert.doesNotMatch(handOver, /Domain/i);
  assert.deepEqual(namesIn(browser.cookieHeader(`${WIKI}/`)), []);
  for (const origin of [WIKI, GRAFANA]) assert.equal((await site.about(`${origin}/x`, { cookie })).status, 401);
});

/** Return address of a sign-in: the requested address, without an intermediate page, and never the address of an API route. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBrowser } from '../../support/browser.ts';
import { newKey, startGateway } from '../../support/gateway.ts';
import { type RealWorld, startRealWorld } from '../../support/real-browser.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

const routes = (upstream: string) => [
  { path: '/api/**', upstream, csrf: 'fetch-metadata' as const },
  { path: '/files/*/raw', upstream },
];
const TARGET = '/api/delete?id=1';

test('E02 the callback redirects straight to the return address, with a Strict cookie too', async (t) => {
  const world = await startWorld(t);
  const page = await world.browser.navigate('/login?returnTo=/orders%3Fpage%3D2%23third');
  const [callback, landing] = page.hops.slice(-2);
  assert.equal(callback?.url.pathname, '/callback');
  assert.deepEqual([callback?.status, callback?.headers.location], [303, '/orders?page=2#third']);
  assert.equal(landing?.url.pathname, '/orders');
  assert.equal((await world.session()).authenticated, true);
});

test('E02 there is no intermediate page between callback and application, under a prefix either', async (t) => {
  for (const prefix of ['', '/bff']) {
    const world = await startWorld(t, { routes, gateway: { config: { endpoints: { prefix } } } });
    const page = await world.browser.navigate(`${prefix}/login/complete?to=${encodeURIComponent(TARGET)}`);
    assert.equal(page.status, 404);
    assert.equal(page.hops.length, 1);
    assert.ok(!page.body.includes('/api/delete'));
  }
});

const attacks: Record<string, string> = {
  'the former intermediate page': `/login/complete?to=${encodeURIComponent(TARGET)}`,
  'a silent sign-in': `/login?prompt=none&returnTo=${encodeURIComponent(TARGET)}`,
  'a sign-in that the provider completes without user interaction': `/login?returnTo=${encodeURIComponent(TARGET)}`,
};
for (const [name, path] of Object.entries(attacks)) {
  test(`E02 PG-20 ${name}, started by another site in Chromium, sends no request to the API`, async (t) => {
    const world = await startRealWorld(t, { routes });
    const page = await world.open();
    await world.signInWith(page);
    await world.openCrossSite(page, path);
    await until(
      async () => world.upstream.requests.length > 0 || (await page.locator('body[data-signed-in]').count()) > 0,
    );
    assert.deepEqual(
      world.upstream.requests.map(({ target }) => target),
      [],
    );
    assert.equal(new URL(page.url()).origin, world.gateway.url);
    assert.equal(await world.signedIn(page), 'true', 'the user is still signed in');
  });
}

const links: Record<string, string> = {
  'to the sign-in': '/login?returnTo=/app/orders',
  'to a silent sign-in': '/login?prompt=none&returnTo=/app/orders',
};
for (const [name, path] of Object.entries(links)) {
  test(`E02 PG-21 after a link ${name} in an e-mail, the first session request of the application finds the session`, async (t) => {
    const world = await startRealWorld(t, { routes });
    const page = await world.open();
    await world.openCrossSite(page, path);
    assert.equal(await world.signedIn(page), 'true');
    assert.equal(page.url(), `${world.gateway.url}/app/orders`);
  });
}

test('E02 PG-21 a link to the application in an e-mail finds the session; so does a typed sign-in address', async (t) => {
  const world: RealWorld = await startRealWorld(t, { routes });
  const page = await world.open();
  await page.goto(`${world.gateway.url}/login?returnTo=/app`);
  assert.equal(await world.signedIn(page), 'true');
  await world.openCrossSite(page, '/app/orders');
  assert.equal(await world.signedIn(page), 'true');
});

test('E02 PG-21 gateway pages that need the session find it after a sign-in', async (t) => {
  const world = await startRealWorld(t, { routes });
  const page = await world.open();
  for (const path of ['/sessions', '/signed-in']) {
    await world.openCrossSite(page, `/login?returnTo=${path}`);
    const heading = page.locator('h1', { hasText: path === '/sessions' ? 'signed in' : 'You are signed in' });
    await heading.waitFor();
    assert.equal(new URL(page.url()).pathname, path);
  }
});

test('E02 a sign-in that returns to the sessions page ends there, while another sign-in is pending in the browser', async (t) => {
  const world = await startWorld(t);
  await world.browser.navigate('/login', { stopAt: ({ pathname }) => pathname === '/callback' });
  const page = await world.browser.navigate('/login?returnTo=/sessions');
  assert.deepEqual([page.url.pathname, page.status], ['/sessions', 200]);
  assert.match(page.body, /Where you are signed in/);
});

const ROUTE_SPELLINGS = [
  ['unchanged', '/api/delete?id=1'],
  ['the path of the pattern itself', '/api'],
  ['with a trailing slash', '/api/'],
  ['with a fragment', '/api/x#y'],
  ['with the origin', 'ORIGIN/api/x'],
  ['through dot segments', '/x/../api/x'],
  ['through encoded dot segments', '/x/%2e%2e/api/x'],
  ['through dot segments after an encoded slash', '/x/..%2fapi/x'],
  ['an encoded letter', '/%61pi/x'],
  ['a double-encoded letter', '/%2561pi/x'],
  ['in uppercase', '/API/x'],
  ['an encoded slash', '/api%2fx'],
  ['an empty segment', '/files//7/raw'],
  ['a path parameter', '/api;v=1/x'],
  ['a path parameter that hides a segment', '/;/api/x'],
  ['fullwidth letters', '/\uff41pi/x'],
  ['fullwidth letters, encoded', '/%ef%bd%81pi/x'],
  ['an encoded question mark', '/api%3fx'],
  ['an encoded number sign', '/api%23x'],
  ['a wildcard of the pattern', '/files/7/raw'],
  ['a wildcard of the pattern, in uppercase', '/files/7/RAW/'],
] as const;

test('E02 no spelling of a route address is accepted as return address, at the start or at the end of a sign-in', async (t) => {
  const world = await startWorld(t, { routes });
  for (const prompt of ['', 'prompt=none&']) {
    for (const [how, spelling] of ROUTE_SPELLINGS) {
      const target = spelling.replace('ORIGIN', world.gateway.url);
      const page = await world.gateway.browser().navigate(`/login?${prompt}returnTo=${encodeURIComponent(target)}`);
      assert.equal(page.url.href, `${world.gateway.url}/`, how);
      assert.ok(
        page.hops.every(({ status }) => status !== 400 && status < 500),
        how,
      );
    }
  }
  assert.deepEqual(world.upstream.requests, []);
  for (const target of [
    '/apix',
    '/app/api/x',
    '/files/7',
    '/files/7/raw/x',
    '/?next=/api/x',
    '/#/api/x',
    '/orders%2F7',
  ]) {
    const page = await world.gateway.browser().navigate(`/login?returnTo=${encodeURIComponent(target)}`);
    assert.equal(page.hops.at(-2)?.headers.location, target);
  }
});

test('E02 a path that became a route during the sign-in is not used as return address', async (t) => {
  const shared = {
    publicUrl: 'https://shop.example.test',
    key: newKey(),
    front: { 'x-forwarded-proto': 'https' },
    config: { trustedProxies: ['127.0.0.1'] },
  };
  const before = await startWorld(t, { routes: () => [], gateway: shared });
  const { provider, upstream } = before;
  const after = await startGateway({ ...shared, provider, routes: routes(upstream.origin) });
  t.after(() => after.stop());
  const started = await before.browser.navigate(`/login?returnTo=${TARGET}`, {
    stopAt: (url) => url.pathname === '/callback',
  });
  const port = Number(new URL(after.ownUrl).port);
  const browser = createBrowser({
    baseUrl: shared.publicUrl,
    fronts: { [shared.publicUrl]: { port, headers: shared.front } },
  });
  t.after(() => browser.close());
  for (const cookie of before.browser.jar.all()) browser.jar.insert(cookie);
  const page = await browser.navigate(String(started.stoppedAt));
  assert.equal(page.hops[0]?.headers.location, '/');
  assert.deepEqual(upstream.requests, []);
});

test('E02 if a route serves the root, a sign-in ends on a gateway page', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [{ path: '/', upstream, csrf: 'fetch-metadata' }],
  });
  for (const target of ['/', '', '//evil.example', '/?x=1']) {
    const page = await world.browser.navigate(`/login?returnTo=${encodeURIComponent(target)}`);
    assert.deepEqual([page.url.pathname, page.status], ['/signed-in', 200], target);
  }
  await world.browser.navigate('/signed-out', { from: 'https://evil.example/' });
  assert.deepEqual(world.upstream.requests, []);
});

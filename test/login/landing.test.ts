/** Where a sign-in ends: on the address that was asked for, without a page in between, and never on an address of an API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RealWorld, startRealWorld } from '../support/real-browser.ts';
import { until } from '../support/wait.ts';
import { startWorld, type WorldOptions } from '../support/world.ts';

const routes: WorldOptions['routes'] = (upstream) => [{ path: '/api/**', upstream, csrf: 'fetch-metadata' }];
const TARGET = '/api/delete?id=1';

test('E02 the callback leads straight to the return address, with a Strict cookie too', async (t) => {
  const world = await startWorld(t);
  const page = await world.browser.navigate('/login?returnTo=/orders%3Fpage%3D2%23third');
  const [callback, landing] = page.hops.slice(-2);
  assert.equal(callback?.url.pathname, '/callback');
  assert.deepEqual([callback?.status, callback?.headers.location], [303, '/orders?page=2#third']);
  assert.equal(landing?.url.pathname, '/orders');
  assert.equal((await world.session()).authenticated, true);
});

test('E02 the page between callback and app is gone, under a prefix too', async (t) => {
  for (const prefix of ['', '/bff']) {
    const world = await startWorld(t, { routes, gateway: { config: { endpoints: { prefix } } } });
    const page = await world.browser.navigate(`${prefix}/login/complete?to=${encodeURIComponent(TARGET)}`);
    assert.equal(page.status, 404);
    assert.equal(page.hops.length, 1);
    assert.ok(!page.body.includes('/api/delete'));
  }
});

const attacks: Record<string, string> = {
  'the former page after the callback': `/login/complete?to=${encodeURIComponent(TARGET)}`,
};
for (const [name, path] of Object.entries(attacks)) {
  test(`E02 PG-20 ${name}, begun by another site in Chromium, makes no call of the API`, async (t) => {
    const world = await startRealWorld(t, { routes });
    const page = await world.open();
    await world.signInBy(page);
    await world.lure(page, path);
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
  test(`E02 PG-21 after a link ${name} in a mail, the first question of the app finds the session`, async (t) => {
    const world = await startRealWorld(t, { routes });
    const page = await world.open();
    await world.lure(page, path);
    assert.equal(await world.signedIn(page), 'true');
    assert.equal(page.url(), `${world.gateway.url}/app/orders`);
  });
}

test('E02 PG-21 a link to the app in a mail finds the session; so does a typed sign-in', async (t) => {
  const world: RealWorld = await startRealWorld(t, { routes });
  const page = await world.open();
  await page.goto(`${world.gateway.url}/login?returnTo=/app`);
  assert.equal(await world.signedIn(page), 'true');
  await world.lure(page, '/app/orders');
  assert.equal(await world.signedIn(page), 'true');
});

test('E02 PG-21 pages of the gateway that need the session find it after a sign-in', async (t) => {
  const world = await startRealWorld(t, { routes });
  const page = await world.open();
  for (const path of ['/sessions', '/signed-in']) {
    await world.lure(page, `/login?returnTo=${path}`);
    const heading = page.locator('h1', { hasText: path === '/sessions' ? 'signed in' : 'You are signed in' });
    await heading.waitFor();
    assert.equal(new URL(page.url()).pathname, path);
  }
});

test('E02 a sign-in that leads to the page of sessions ends there, while another sign-in is open in the browser', async (t) => {
  const world = await startWorld(t);
  await world.browser.navigate('/login', { stopAt: ({ pathname }) => pathname === '/callback' });
  const page = await world.browser.navigate('/login?returnTo=/sessions');
  assert.deepEqual([page.url.pathname, page.status], ['/sessions', 200]);
  assert.match(page.body, /Where you are signed in/);
});

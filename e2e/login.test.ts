/** Sign-in at a real Keycloak: where the browser ends, what it stores, what the API gets. */
import assert from 'node:assert/strict';
import {
  apiRequest,
  COOKIE,
  cookieHeader,
  requestWithCookie,
  signIn,
  submitCredentials,
  until,
} from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'login' });
const { api, browser, publicUrl } = world;

browser.test(
  'SE-02 PG-21 the first request of the app after sign-in has the session, although its cookie is Strict and the provider is another site',
  async (page, context) => {
    await signIn(page, world, '/home?tab=1');
    await page.getByText('alice').waitFor();
    const cookie = (await context.cookies(publicUrl)).find(({ name }) => name === COOKIE);
    assert.equal(cookie?.sameSite, 'Strict');
    assert.equal(cookie.httpOnly, true);
    assert.equal(cookie.path, '/');
  },
);

browser.test('the front end learns who is signed in, and only the session cookie remains', async (page, context) => {
  await page.goto(publicUrl);
  await page.getByText('nobody').waitFor();
  await signIn(page, world);
  await page.getByText('alice').waitFor();
  assert.deepEqual(
    (await context.cookies(publicUrl)).map(({ name }) => name),
    [COOKIE],
  );
});

browser.test('CS-01 an API request carries the access token; without the CSRF header it is refused', async (page) => {
  await signIn(page, world);
  const good = await apiRequest(page, '/api/orders?x=1');
  assert.equal(good.status, 200);
  assert.equal(good.body.user, 'alice');
  const seen = api.lastRequest('/api/orders?x=1');
  assert.ok([seen.claims?.aud].flat().includes('orders-api'));
  assert.equal(seen.headers.cookie, undefined);
  const before = api.requests.length;
  const bad = await apiRequest(page, '/api/orders', { headers: { 'X-CSRF': '0' } });
  assert.equal(bad.status, 403);
  assert.equal(bad.body.code, 'csrf_header_missing');
  assert.equal(api.requests.length, before);
});

browser.test('the profile contains the claims of the ID token and none of the access token', async (page) => {
  await signIn(page, world, '/', 'bob');
  const { status, body } = await apiRequest(page, '/profile');
  assert.equal(status, 200);
  assert.equal(body.preferred_username, 'bob');
  assert.equal(body.email, 'bob@example.test');
  assert.equal(body.acr, 'silver');
  // Keycloak adds these claims only to access tokens of this client.
  for (const claim of ['user_id', 'realm_access', 'resource_access', 'scope'])
    assert.equal(claim in body, false, claim);
});

browser.test(
  'SE-11 no token reaches the browser: not in a response, not in storage that scripts can read',
  async (page) => {
    const bodies: Promise<string>[] = [];
    page.on('response', (response) => {
      if (!response.url().startsWith(publicUrl) || response.status() >= 300) return;
      bodies.push(
        Promise.all([response.text(), response.headersArray()]).then(
          ([text, headers]) => text + JSON.stringify(headers),
          () => '',
        ),
      );
    });
    await signIn(page, world);
    for (const path of ['/profile', '/session', '/api/orders'])
      assert.equal((await apiRequest(page, path)).status, 200);
    const readable = await page.evaluate<string>('document.cookie + JSON.stringify([localStorage, sessionStorage])');
    const everything = [...(await Promise.all(bodies)), readable];
    assert.ok(everything.length > 4);
    // Every JWT starts with the encoding of `{"`.
    for (const text of everything) assert.doesNotMatch(text, /eyJ[\w-]{20,}/);
  },
);

browser.test('R25 without a session the API returns 401, and a page may start a sign-in', async (page) => {
  await page.goto(publicUrl);
  const before = api.requests.length;
  const { status, body } = await apiRequest(page, '/api/orders');
  assert.equal(status, 401);
  assert.equal(body.code, 'unauthenticated');
  assert.equal(api.requests.length, before);
});

browser.test(
  'R08 a callback that is opened in another browser is refused, and the first browser can still complete it',
  async (page, context) => {
    const devtools = await context.newCDPSession(page);
    let callback = '';
    devtools.on('Fetch.requestPaused', ({ requestId, request }) => {
      callback = request.url;
      void devtools.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
    });
    await devtools.send('Fetch.enable', { patterns: [{ urlPattern: `${publicUrl}/callback?*` }] });
    await page.goto(`${publicUrl}/login?returnTo=/home`);
    await submitCredentials(page, 'alice');
    await until('the browser was sent to the callback', () => callback !== '');
    await devtools.send('Fetch.disable');

    const victim = await context.browser()?.newContext();
    const other = await victim?.newPage();
    // The gateway has its own page open the callback once more, because a Strict cookie might have been withheld.
    const refused = other?.waitForResponse(
      (response) => response.url().startsWith(`${publicUrl}/callback`) && response.status() !== 200,
    );
    await other?.goto(callback);
    assert.equal((await refused)?.status(), 400);
    await other?.getByText('Sign-in expired').first().waitFor();
    assert.deepEqual(await victim?.cookies(publicUrl), []);
    await victim?.close();

    await page.goto(callback);
    await page.waitForURL(`${publicUrl}/home`);
    assert.equal((await requestWithCookie(await cookieHeader(context, world), world, '/api/orders')).status, 200);
  },
);

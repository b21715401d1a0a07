/** Sign-out ends the session at the gateway, the API, and Keycloak, which the gateway reaches under an internal address. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { startProviderTap } from './support/provider-tap.ts';
import { sharedServers } from './support/run.ts';
import { apiRequest, cookieHeader, requestWithCookie, signIn, signOut } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const tap = await startProviderTap(sharedServers().keycloakOrigin);
after(() => tap.close());
const world = await startWorld({ name: 'logout', provider: { internalUrl: tap.origin } });
const { admin, api, browser, publicUrl } = world;

browser.test(
  'SE-08 sign-out empties the cookie jar, revokes the tokens and ends the session at Keycloak',
  async (page, context) => {
    await admin.endSessions('alice');
    await signIn(page, world);
    await apiRequest(page, '/api/orders');
    const accessToken = api.lastRequest('/api/orders').token;
    const refreshToken = String(tap.exchangesTo('/token').at(-1)?.body.refresh_token);
    const cookie = await cookieHeader(context, world);
    assert.equal(await admin.isActive(accessToken), true);
    assert.equal(await admin.ssoSessions('alice'), 1);

    const farewell = page.waitForRequest(/\/protocol\/openid-connect\/logout\?/);
    await signOut(page, world);

    assert.ok(new URL((await farewell).url()).searchParams.has('id_token_hint'), 'Keycloak is told whose session ends');
    assert.deepEqual(await context.cookies(publicUrl), []);
    const replayed = await requestWithCookie(cookie, world, '/api/orders');
    assert.equal(replayed.status, 401);
    assert.equal(await admin.isActive(accessToken), false);
    assert.deepEqual(await admin.refresh(refreshToken), { status: 400, error: 'invalid_grant' });
    assert.equal(await admin.ssoSessions('alice'), 0);
    assert.equal(tap.exchangesTo('/revoke')[0]?.form.get('token'), refreshToken);

    // No silent sign-in afterwards: Keycloak asks for the password again.
    await page.goto(`${publicUrl}/login`);
    await page.locator('#password').waitFor();
  },
);

browser.test(
  'a script can sign out too and gets the location; the session of another user stays',
  async (page, context) => {
    const other = await context.browser()?.newContext();
    const elsewhere = await other?.newPage();
    assert.ok(other && elsewhere);
    await signIn(elsewhere, world, '/', 'bob');
    await signIn(page, world);
    const cookie = await cookieHeader(context, world);
    const response = await apiRequest(page, '/logout', { method: 'POST' });
    assert.equal(response.status, 200);
    assert.equal((await requestWithCookie(cookie, world, '/api/orders')).status, 401);
    await page.goto(new URL(String(response.body.location), publicUrl).href);
    assert.equal(page.url(), `${publicUrl}/signed-out`);
    assert.equal((await apiRequest(elsewhere, '/api/orders')).body.user, 'bob');
    await other.close();
  },
);

browser.test(
  'the sign-out address in the address bar asks first; its form leads through Keycloak and back',
  async (page, context) => {
    await signIn(page, world);
    const cookie = await cookieHeader(context, world);
    await page.goto(`${publicUrl}/logout`);
    assert.equal((await requestWithCookie(cookie, world, '/api/orders')).status, 200);
    await page.locator('form button').click();
    await page.waitForURL(`${publicUrl}/signed-out`);
    assert.equal((await requestWithCookie(cookie, world, '/api/orders')).status, 401);
  },
);

browser.test('R49 the browser sees only the public name, and the gateway uses the internal one', async (page) => {
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).origin));
  const before = tap.exchangesTo('/token').length;
  await signIn(page, world);
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  await signOut(page, world);
  assert.equal(tap.exchangesTo('/token').length, before + 1);
  assert.ok(tap.exchangesTo('/revoke').length > 0);
  assert.deepEqual([...hosts].sort(), [publicUrl, sharedServers().keycloakOrigin].sort());
});

browser.test('signing out twice, or without a session, still ends at the signed-out page', async (page, context) => {
  await signIn(page, world);
  const { body } = await apiRequest(page, '/session');
  await signOut(page, world);
  await page.goto(new URL(String(body.logoutUrl), publicUrl).href);
  assert.equal(page.url(), `${publicUrl}/signed-out`);
  assert.deepEqual(await context.cookies(publicUrl), []);
});

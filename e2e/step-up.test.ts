/** Step-up at Keycloak: a request that needs `gold` leads to a one-time password, once, and is then allowed. */
import assert from 'node:assert/strict';
import { oneTimePassword } from './support/one-time-password.ts';
import { apiRequest, cookieHeader, signIn } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({
  name: 'step-up',
  attributes: { 'access.token.lifespan': '300' },
  // The state of a sign-in is read from the address of the browser.
  provider: { pushedRequests: 'never' },
  routes: (upstream) => [
    { path: '/api/payments/**', upstream, rules: [{ token: 'user', acr: 'gold' }] },
    { path: '/api/vault/**', upstream, rules: [{ token: 'user', acr: 'platinum' }] },
    { path: '/api/**', upstream },
  ],
});
const { browser, issuer, publicUrl } = world;

browser.test(
  'RS-08 the response contains the login URL; after the one-time password the request is allowed',
  async (page) => {
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    const refused = await apiRequest(page, '/api/payments/1');
    assert.deepEqual([refused.status, refused.body.code], [401, 'step_up_required']);
    await page.goto(`${publicUrl}${String(refused.body.loginUrl)}&returnTo=/`);
    await page.fill('#otp', oneTimePassword());
    await page.click('#kc-login');
    await page.waitForURL(`${publicUrl}/`);
    assert.equal((await apiRequest(page, '/api/payments/1')).status, 200);
    assert.equal((await apiRequest(page, '/session')).body.acr, 'gold');
  },
);

browser.test(
  'RS-08 the challenge names what is missing (RFC 9470), and the API is not called',
  async (page, context) => {
    await signIn(page, world);
    const before = world.api.requests.length;
    const headers = { cookie: await cookieHeader(context, world), 'x-csrf': '1' };
    const refused = await fetch(`${publicUrl}/api/payments/1`, { headers });
    await refused.body?.cancel();
    const challenge = refused.headers.get('www-authenticate') ?? '';
    assert.equal(refused.status, 401);
    assert.match(challenge, /error="insufficient_user_authentication"/);
    assert.match(challenge, /acr_values="gold"/);
    assert.equal(world.api.requests.length, before);
  },
);

browser.test(
  'RS-08 a sign-in that Keycloak aborts ends at a page, once, and the session is unchanged',
  async (page) => {
    await signIn(page, world);
    const refused = await apiRequest(page, '/api/payments/1');
    const asked = page.waitForRequest(/\/protocol\/openid-connect\/auth\?/);
    await page.goto(`${publicUrl}${String(refused.body.loginUrl)}&returnTo=/`);
    const state = new URL((await asked).url()).searchParams.get('state') ?? '';
    const failure = new URLSearchParams({ error: 'access_denied', state, iss: issuer });
    const navigations: string[] = [];
    page.on('request', (request) => request.isNavigationRequest() && navigations.push(request.url()));
    const response = await page.goto(`${publicUrl}/callback?${failure}`);
    assert.equal(response?.status(), 403);
    assert.equal(navigations.length, 1, 'nothing leads on from there by itself');
    await page.goto(publicUrl);
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    assert.equal((await apiRequest(page, '/session')).body.acr, 'silver');
  },
);

browser.test('RS-08 a level that Keycloak cannot reach ends at a page, not in a loop', async (page) => {
  await signIn(page, world);
  const refused = await apiRequest(page, '/api/vault/1');
  assert.deepEqual([refused.status, refused.body.code], [401, 'step_up_required']);
  // Keycloak does not know this level, asks nothing, and returns the level that the user has.
  const response = await page.goto(`${publicUrl}${String(refused.body.loginUrl)}&returnTo=/`);
  assert.equal(response?.status(), 502);
  assert.ok(page.url().startsWith(`${publicUrl}/callback`), page.url());
  await page.goto(publicUrl);
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  assert.equal((await apiRequest(page, '/api/vault/1')).status, 401);
});

browser.test('RS-08 a user who goes back keeps the session unchanged', async (page) => {
  await signIn(page, world);
  const refused = await apiRequest(page, '/api/payments/1');
  await page.goto(`${publicUrl}${String(refused.body.loginUrl)}&returnTo=/`);
  await page.waitForSelector('#otp');
  await page.goto(publicUrl);
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  assert.equal((await apiRequest(page, '/api/payments/1')).status, 401);
});

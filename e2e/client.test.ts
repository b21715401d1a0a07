/** `/client.js` in a real browser: tabs in step, silent sign-in, step-up in a popup. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from './support/browser.ts';
import { oneTimePassword } from './support/one-time-password.ts';
import { COOKIE, signIn, signOut, submitCredentials, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({
  name: 'client',
  config: { frontend: { directory: join(import.meta.dirname, '../deploy/examples/plain') } },
  routes: (upstream) => [
    { path: '/api/payments/**', upstream, rules: [{ token: 'user', acr: 'gold' }] },
    { path: '/api/**', upstream },
  ],
});
const { api, browser, publicUrl } = world;

/** Runs `code` in the page with a new client as `client`; returns its result. */
function withClient<Result>(page: Page, code: string, options = '{}'): Promise<Result> {
  return page.evaluate<Result>(`(async () => {
    const { createClient } = await import('/client.js');
    const client = (globalThis.client ??= createClient(${options}));
    ${code}
  })()`);
}

browser.test(
  'a sign-out by a plain link in one tab is detected in the other when it becomes visible',
  async (page, context) => {
    await signIn(page, world);
    const other = await context.newPage();
    await other.goto(publicUrl);
    await other.getByText('Signed in as alice').waitFor();
    await other.getByLabel('What would you like?').fill('a long letter');
    await signOut(page, world);
    await page.close();
    // Headless tabs are never left and have no visibility changes; the test sends the events.
    await other.evaluate(`document.hasFocus = () => false;
      dispatchEvent(new Event('blur'));
      document.dispatchEvent(new Event('visibilitychange'));`);
    await other.getByText('Your session has ended.').waitFor();
    assert.equal(await other.getByLabel('What would you like?').inputValue(), 'a long letter');
  },
);

browser.test(
  'a sign-out by the client reaches the other tab at once, and so does the next sign-in',
  async (page, context) => {
    await signIn(page, world);
    await page.getByText('Signed in as alice').waitFor();
    const other = await context.newPage();
    await other.goto(publicUrl);
    await other.getByText('Signed in as alice').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${publicUrl}/signed-out`);
    await other.getByText('Your session has ended.').waitFor();
    await signIn(page, world, '/', 'bob');
    await other.getByText('Signed in as bob').waitFor();
  },
);

browser.test('silent sign-in: a user with a session at Keycloak is signed in', async (page, context) => {
  await signIn(page, world);
  await context.clearCookies({ name: COOKIE });
  await page.goto(`${publicUrl}/basket?open=1#third`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  void withClient(page, 'await client.silentLogin()').catch(() => undefined);
  await page.getByText('Signed in as alice').waitFor();
  assert.equal(page.url(), `${publicUrl}/basket?open=1#third`);
  assert.equal(await withClient(page, 'return client.silentLogin()'), true);
});

browser.test(
  'silent sign-in: a user without a session at Keycloak stays a visitor, after one attempt',
  async (page) => {
    const attempts: string[] = [];
    page.on('request', (request) => request.url().includes('prompt=none') && attempts.push(request.url()));
    await page.goto(`${publicUrl}/basket`);
    void withClient(page, 'await client.silentLogin()').catch(() => undefined);
    await until('the page came back', () => attempts.length > 0);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.waitForURL(`${publicUrl}/basket`);
    const before = attempts.length;
    assert.equal(await withClient(page, 'return client.silentLogin()'), false);
    assert.equal(attempts.length, before);
  },
);

browser.test('RS-08 step-up in a popup, then the request is sent again', async (page, context) => {
  await signIn(page, world);
  await page.getByText('Signed in as alice').waitFor();
  const told = withClient<{ status: number; events: unknown[] }>(
    page,
    `const events = [];
    client.on('stepup', ({ loginUrl }) => events.push(loginUrl));
    const response = await client.fetch('/api/payments/1', { method: 'POST' });
    return { status: response.status, events };`,
    "{ onUnauthenticated: 'popup' }",
  );
  const popup = await context.waitForEvent('page');
  await popup.fill('#otp', oneTimePassword());
  await Promise.all([popup.waitForEvent('close'), popup.click('#kc-login')]);
  const { status, events } = await told;
  assert.equal(status, 200);
  assert.deepEqual(events, ['/login?acr_values=gold']);
  assert.equal(api.requests.filter(({ path }) => path === '/api/payments/1').length, 1);
});

browser.test('the policy of the gateway allows the module, and no part of it holds a token', async (page) => {
  const problems: string[] = [];
  page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
  await signIn(page, world);
  const seen = await withClient<string>(
    page,
    'return JSON.stringify([await client.session(), await client.user(), { ...localStorage }, { ...sessionStorage }])',
  );
  assert.match(seen, /"alice"/);
  assert.doesNotMatch(seen, /eyJ[\w-]{20,}/);
  assert.deepEqual(problems, []);
});

browser.test(
  'signing in as another user in the popup does not send the request of the first user',
  async (page, context) => {
    await signIn(page, world);
    await page.getByText('Signed in as alice').waitFor();
    await world.admin.endSessions('alice');
    await context.clearCookies();
    const before = api.requests.length;
    await page.getByLabel('What would you like?').fill('a secret');
    await page.getByRole('button', { name: 'Order' }).click();
    await page.getByText('Your session has ended.').waitFor();
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Sign in again' }).click();
    const popup = await opened;
    await Promise.all([popup.waitForEvent('close'), submitCredentials(popup, 'bob')]);
    await page.getByText('The API responded with 401.').waitFor();
    await page.getByText('Signed in as bob').waitFor();
    assert.equal(api.requests.length, before);
  },
);

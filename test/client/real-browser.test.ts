/** The client in Chromium: sign-out, navigations that end on the page, popups, many tabs, several users. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BOB } from '../support/provider-state.ts';
import { type Page, type RealWorld, startRealWorld } from '../support/real-browser.ts';
import { until } from '../support/wait.ts';
import { resultOf, setUpSso, startInPage, untilInPage, withClient } from './sso.ts';

/** Opens the app in a profile where the user is signed in, at the provider too. */
async function openSignedIn(world: RealWorld): Promise<Page> {
  const page = await world.open();
  await page.goto(`${world.gateway.url}/login?returnTo=/app`);
  await page.click('#go');
  await page.locator('body[data-signed-in=true]').waitFor();
  return page;
}

async function start(t: TestContext, options: Parameters<typeof setUpSso>[1] = {}) {
  const world = await startRealWorld(t);
  setUpSso(world.provider, options);
  return world;
}

const POLL = `
  globalThis.refusals = 0;
  setInterval(async () => { if ((await client.fetch('/api/x')).status === 401) globalThis.refusals++; }, 100);`;

test('B01 a sign-out completes while requests are refused in two tabs and the provider is slow', async (t) => {
  const world = await start(t, { slowEnd: 1_500 });
  const page = await openSignedIn(world);
  const other = await page.context().newPage();
  await other.goto(`${world.gateway.url}/app`);
  for (const tab of [page, other])
    await withClient(tab, `await client.session(); ${POLL}`, "{ onUnauthenticated: 'login' }");
  const before = world.provider.requests.authorize.length;
  await startInPage(page, 'done', 'await client.logout()');
  await page.waitForURL('**/signed-out', { timeout: 60_000 });
  await untilInPage(other, 'globalThis.refusals >= 5');
  assert.equal(world.provider.requests.authorize.length, before, 'no tab has begun a sign-in');
  assert.equal(new URL(other.url()).pathname, '/app');
});

test('B01 pages that are loaded while the provider ends its session start no sign-in: a reload and a new tab', async (t) => {
  const world = await start(t, { slowEnd: 3_000 });
  const page = await openSignedIn(world);
  const other = await page.context().newPage();
  await other.goto(`${world.gateway.url}/app`);
  for (const tab of [page, other]) await withClient(tab, 'await client.session()', "{ onUnauthenticated: 'login' }");
  const before = world.provider.requests.authorize.length;
  await startInPage(page, 'done', 'await client.logout()');
  await until(() => world.provider.requests.end_session.length > 0);
  await other.reload();
  const third = await page.context().newPage();
  await third.goto(`${world.gateway.url}/app`);
  for (const tab of [other, third]) await withClient(tab, POLL, "{ onUnauthenticated: 'login' }");
  await page.waitForURL('**/signed-out', { timeout: 60_000 });
  for (const tab of [other, third]) await untilInPage(tab, 'globalThis.refusals >= 5');
  assert.equal(world.provider.requests.authorize.length, before, 'no tab has begun a sign-in');
});

test('B02 a navigation that the user stops: the request is refused, and the next one asks again', async (t) => {
  const world = await start(t);
  const page = await world.open();
  await page.goto(`${world.gateway.url}/app`);
  let visits = 0;
  world.provider.behaviour.authorize = () => {
    visits++;
    return { status: 200, headers: {}, raw: () => new Promise(() => undefined) };
  };
  const options = "{ onUnauthenticated: 'login' }";
  for (const round of [1, 2]) {
    await startInPage(page, `call${round}`, "return (await client.fetch('/api/x')).status", options);
    await until(() => visits === round);
    const session = await page.context().newCDPSession(page);
    await session.send('Page.stopLoading');
    assert.equal(await resultOf(page, `call${round}`), 401);
  }
});

test('B02 the user stays in a beforeunload dialog: login() settles', async (t) => {
  const world = await start(t);
  const page = await world.open();
  await page.goto(`${world.gateway.url}/app`);
  page.on('dialog', (dialog) => void dialog.dismiss());
  await page.mouse.click(10, 10);
  await page.evaluate("addEventListener('beforeunload', (event) => event.preventDefault())");
  await startInPage(page, 'login', 'await new Promise((resolve) => setTimeout(resolve)); return client.login()');
  assert.equal(await resultOf(page, 'login'), false);
});

test('B03 popup: it waits while the page has the focus, ends with the window, and knows the sign-in', async (t) => {
  const world = await start(t);
  const page = await world.open();
  await page.goto(`${world.gateway.url}/app`);
  const open = async (name: string) => {
    const popup = page.context().waitForEvent('page');
    await startInPage(page, name, 'return client.login({ popup: true })');
    const opened = await popup;
    await opened.locator('#go').waitFor();
    await page.evaluate("window.dispatchEvent(new Event('focus'))");
    return opened;
  };
  const closed = await open('first');
  await page.waitForTimeout(1_000);
  assert.equal(await page.evaluate("'first' in globalThis.results"), false, 'it goes on waiting');
  await closed.close();
  assert.equal(await resultOf(page, 'first'), false);
  const used = await open('second');
  await startInPage(page, 'third', 'return client.login({ popup: true })');
  assert.equal(page.context().pages().length, 2, 'one window');
  await Promise.all([used.waitForEvent('close'), used.click('#go')]);
  assert.deepEqual([await resultOf(page, 'second'), await resultOf(page, 'third')], [true, true]);
});

test('B03 popup at a provider that cuts the link to it: first use of a client, true and signedin', async (t) => {
  const world = await start(t, { headers: { 'cross-origin-opener-policy': 'same-origin' } });
  const page = await world.open();
  await page.goto(`${world.gateway.url}/app`);
  const opened = page.context().waitForEvent('page');
  await startInPage(
    page,
    'login',
    `globalThis.events = []; client.on('signedin', () => globalThis.events.push('signedin'));
    return client.login({ popup: true })`,
  );
  const popup = await opened;
  await Promise.all([popup.waitForEvent('close'), popup.click('#go')]);
  assert.equal(await resultOf(page, 'login'), true);
  assert.deepEqual(await page.evaluate('globalThis.events'), ['signedin']);
});

test('B03 popup at a provider whose second page cuts the link to it: the page waits while the user types there', async (t) => {
  const world = await start(t, { broker: true, headers: { 'cross-origin-opener-policy': 'same-origin' } });
  const page = await world.open();
  await page.goto(`${world.gateway.url}/app`);
  const opened = page.context().waitForEvent('page');
  await startInPage(
    page,
    'login',
    `const { open } = window; window.open = (...args) => (globalThis.popup = open.apply(window, args));
    // The user is in the other window; automated pages all have the focus.
    document.hasFocus = () => false;
    return client.login({ popup: true })`,
  );
  const popup = await opened;
  await popup.locator('#broker').waitFor();
  // The client has looked at the popup there.
  await page.waitForTimeout(600);
  await popup.click('#broker');
  await popup.locator('#go').waitFor();
  await untilInPage(page, 'globalThis.popup.closed');
  await page.waitForTimeout(1_500);
  assert.equal(await page.evaluate("'login' in globalThis.results"), false, 'it goes on waiting');
  await Promise.all([popup.waitForEvent('close'), popup.click('#go')]);
  assert.equal(await resultOf(page, 'login'), true);
});

for (const [mode, code] of [
  ['login', "await client.fetch('/api/x')"],
  ['silentLogin', 'await client.silentLogin()'],
] as const)
  test(`B04 ten tabs at once get back to their pages, signed in (${mode})`, async (t) => {
    const world = await start(t);
    const first = await openSignedIn(world);
    const { url } = world.gateway;
    await first.context().clearCookies({ name: 'bff' });
    const tabs = await Promise.all(Array.from({ length: 10 }, () => first.context().newPage()));
    await Promise.all(tabs.map((tab, index) => tab.goto(`${url}/tab-${index}`)));
    await Promise.all(
      tabs.map((tab) => startInPage(tab, 'work', code, "{ onUnauthenticated: 'login' }").catch(() => undefined)),
    );
    for (const [index, tab] of tabs.entries()) {
      const signedIn = () =>
        withClient<boolean>(tab, 'return (await client.session()).authenticated').catch(() => false);
      await until(async () => tab.url() === `${url}/tab-${index}` && (await signedIn()), {
        timeout: 90_000,
        interval: 100,
      });
    }
  });

test('B08 another user signs in in another tab: the first tab sends nothing as that user, and is told', async (t) => {
  const world = await start(t);
  const page = await openSignedIn(world);
  await withClient(
    page,
    `await client.user(); globalThis.events = []; client.on('userchanged', ({ sub }) => events.push(sub));`,
  );
  const other = await page.context().newPage();
  world.provider.next.nextUser = BOB;
  await other.goto(`${world.gateway.url}/login?returnTo=/app`);
  await other.locator('body[data-signed-in=true]').waitFor();
  const post = () =>
    withClient<number>(page, "return (await client.fetch('/api/x', { method: 'POST', body: 'x' })).status");
  assert.equal(await post(), 409);
  assert.deepEqual(await page.evaluate('globalThis.events'), [BOB.sub]);
  assert.equal(world.upstream.requests.length, 0);
  await withClient(page, 'await client.user()');
  assert.equal(await post(), 200);
});

test('B12 eleven tabs: each reads the session once when a user signs in', async (t) => {
  const world = await start(t);
  const first = await world.open();
  const { url } = world.gateway;
  const tabs = await Promise.all(Array.from({ length: 10 }, () => first.context().newPage()));
  for (const tab of tabs) {
    await tab.goto(`${url}/app`);
    await withClient(
      tab,
      "await client.session(); globalThis.events = []; client.on('signedin', () => events.push(1));",
    );
  }
  const reads = new Map(tabs.map((tab) => [tab, 0]));
  for (const tab of tabs)
    tab.on('request', (request) => {
      if (request.url().endsWith('/session')) reads.set(tab, (reads.get(tab) ?? 0) + 1);
    });
  await first.goto(`${url}/login?returnTo=/app`);
  await first.click('#go');
  await first.locator('body[data-signed-in=true]').waitFor();
  await withClient(first, 'await client.session()');
  for (const tab of tabs) await untilInPage(tab, 'globalThis.events.length > 0');
  await withClient(first, 'await client.session()');
  assert.deepEqual(
    [...reads.values()],
    tabs.map(() => 1),
  );
});

test('B12 the focus that moves between the page and its frames reads the session once at most', async (t) => {
  const world = await start(t);
  const page = await openSignedIn(world);
  await withClient(page, 'await client.session()');
  let reads = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/session')) reads++;
  });
  await page.evaluate(`(() => {
    document.body.insertAdjacentHTML('beforeend', '<button id="here">b</button><iframe srcdoc="<input>"></iframe>');
    globalThis.blurs = 0;
    addEventListener('blur', () => globalThis.blurs++);
    // The clock of the page stands still: all moves are within one return, however long the browser takes for them.
    const now = Date.now();
    Date.now = () => now;
  })()`);
  const input = page.frameLocator('iframe').locator('input');
  for (let n = 0; n < 10; n++) {
    await input.focus();
    await page.locator('#here').focus();
  }
  await untilInPage(page, 'globalThis.blurs >= 10');
  await withClient(page, 'await client.user()');
  assert.ok(reads <= 1, `${reads} reads`);
});

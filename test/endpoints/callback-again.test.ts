/** Callbacks that complete no sign-in: opened again, prefetched, or of a sign-in that was dropped; and the next try after a failure. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../src/observe/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import type { Browser, Page } from '../support/browser.ts';
import { denying, status } from '../support/provider-faults.ts';
import { CSRF, startWorld } from '../support/world.ts';

const atCallback = (url: URL) => url.pathname === '/callback';

/** Starts a sign-in; returns the callback that the provider would redirect to. */
async function pendingCallback(browser: Browser, returnTo = '/app'): Promise<string> {
  const page = await browser.navigate(`/login?returnTo=${encodeURIComponent(returnTo)}`, { stopAt: atCallback });
  assert.ok(page.stoppedAt, `no callback: ${page.status} ${page.body.slice(0, 200)}`);
  return page.stoppedAt.href;
}

const signedIn = async (browser: Browser) =>
  (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;

/** The target of "Try again" on the page of a failed sign-in. */
const nextTry = ({ body }: Page) =>
  /<a class="button primary" href="([^"]*)">Try again/.exec(body)?.[1]?.replaceAll('&amp;', '&');

const start = (t: TestContext) => startWorld(t);

for (const from of ['provider', 'typed'] as const)
  test(`E14 a callback that is opened again with a live session leads into the app (${from})`, async (t) => {
    const { gateway, provider } = await start(t);
    const browser = gateway.browser();
    const callback = await pendingCallback(browser);
    await browser.navigate(callback, { from: provider.issuer });
    assert.equal(await signedIn(browser), true);
    const again = await browser.navigate(callback, from === 'provider' ? { from: provider.issuer } : {});
    assert.equal(again.url.pathname, '/app');
    assert.equal(await signedIn(browser), true);
    assert.equal(provider.requests.token.length, 1, 'no second exchange');
    assert.ok(
      again.hops.every(({ url }, at) => at === 0 || !url.searchParams.has('code')),
      'the code leaves the address bar',
    );
  });

test('E14 a callback that is opened again without a session is refused', async (t) => {
  const { gateway, provider } = await start(t);
  const browser = gateway.browser();
  const callback = await pendingCallback(browser);
  await browser.navigate(callback, { from: provider.issuer });
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  for (const options of [{ from: provider.issuer }, {}])
    assert.equal((await browser.navigate(callback, options)).status, 400);
  assert.equal(provider.requests.token.length, 1);
});

test('E14 a callback that arrives twice at once keeps the return address of a browser without a session', async (t) => {
  const { gateway } = await start(t);
  const browser = gateway.browser();
  const callback = await pendingCallback(browser, '/orders?id=7');
  const cookie = browser.cookieHeader('/');
  // The browser gave up the first navigation for the second one, and with it the session cookie of its response.
  await fetch(callback, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
  const page = await browser.navigate(callback);
  assert.equal(page.status, 400);
  assert.equal(nextTry(page), '/login?returnTo=%2Forders%3Fid%3D7');
});

const PREFETCHES: [string, string][] = [
  ['sec-purpose', 'prefetch'],
  ['sec-purpose', 'prefetch;prerender'],
  ['purpose', 'prefetch'],
  ['x-moz', 'prefetch'],
];
for (const [name, value] of PREFETCHES)
  test(`E14 a prefetch of the callback consumes nothing (${name}: ${value})`, async (t) => {
    const { gateway, provider } = await start(t);
    const browser = gateway.browser();
    const callback = await pendingCallback(browser);
    const prefetch = await browser.navigate(callback, { headers: { [name]: value } });
    assert.equal(prefetch.status, 401);
    const head = await fetch(callback, { method: 'HEAD', headers: { cookie: browser.cookieHeader('/') } });
    assert.equal(head.status, 401);
    assert.equal(provider.requests.token.length, 0);
    const page = await browser.navigate(callback, { from: provider.issuer });
    assert.equal(page.url.pathname, '/app');
    assert.equal(await signedIn(browser), true);
  });

test('E14 with too many pending sign-ins the dropped ones lead into the app once the user is signed in', async (t) => {
  const { gateway, provider } = await start(t);
  const browser = gateway.browser();
  const callbacks: string[] = [];
  for (let tab = 0; tab < 12; tab += 1) callbacks.push(await pendingCallback(browser, `/tab/${tab}`));
  const newest = await browser.navigate(callbacks.pop() ?? '', { from: provider.issuer });
  assert.equal(newest.url.pathname, '/tab/11');
  for (const callback of callbacks) {
    const page = await browser.navigate(callback, { from: provider.issuer });
    assert.match(page.url.pathname, /^\/(tab\/\d+)?$/);
  }
  assert.equal(await signedIn(browser), true);
});

const FAILURES: Record<string, (world: Awaited<ReturnType<typeof start>>) => void> = {
  'the provider denies it': ({ provider }) => {
    provider.behaviour.authorize = denying('access_denied');
  },
  'the provider is temporarily unavailable': ({ provider }) => {
    provider.behaviour.authorize = denying('temporarily_unavailable');
  },
  'the code exchange fails': ({ provider }) => {
    provider.behaviour.token = () => status(500);
  },
  'the ID token is not valid': ({ provider }) => {
    provider.behaviour.idToken = (draft) => ({ ...draft, signature: 'broken' });
  },
};
for (const [name, fail] of Object.entries(FAILURES))
  test(`E14 the page of a failed sign-in keeps the return address for the next try: ${name}`, async (t) => {
    const world = await start(t);
    fail(world);
    const browser = world.gateway.browser();
    const failed = await browser.navigate('/login?returnTo=%2Forders%3Fid%3D7%26x%3D%3Cb%3E');
    assert.ok(failed.status >= 400);
    const link = nextTry(failed) ?? '';
    world.provider.resetBehaviour();
    const page = await browser.navigate(link, { from: world.gateway.url });
    assert.equal(page.url.pathname + page.url.search, '/orders?id=7&x=%3Cb%3E');
    assert.equal(await signedIn(browser), true);
  });

test('E14 a sign-in that cannot start keeps the return address, a foreign one is dropped', async (t) => {
  const world = await startWorld(t, { gateway: { config: { limits: { loginsPerMinute: 1 } } } });
  const browser = world.gateway.browser();
  await browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
  const limited = await browser.navigate('/login?returnTo=/orders');
  assert.equal(limited.status, 429);
  assert.equal(nextTry(limited), '/login?returnTo=%2Forders');
  assert.equal(nextTry(await browser.navigate('/login?returnTo=https://evil.example/')), '/login');
});

test('E14 while the store is down the callback keeps the sign-in and the return address', async (t) => {
  const store = openSqliteStore({ file: ':memory:' }, { log: createLogger('silent') });
  let down = false;
  const markOnce: typeof store.markOnce = async (name, ttl) => {
    if (down) throw new Error('down');
    return await store.markOnce(name, ttl);
  };
  const world = await startWorld(t, { gateway: { store: { ...store, markOnce } } });
  const browser = world.gateway.browser();
  const callback = await pendingCallback(browser, '/orders');
  down = true;
  const failed = await browser.navigate(callback);
  assert.ok(failed.status >= 500);
  assert.equal(nextTry(failed), '/login?returnTo=%2Forders');
  down = false;
  assert.equal((await browser.navigate(callback)).url.pathname, '/orders');
});

/** Own pages that a link of another site leads to: they open themselves once more with the Strict cookie, and never again. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAgent, send } from '../support/browser-http.ts';
import { startWorld, type World } from '../support/world.ts';

const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
/** More than any of the pages needs. */
const MAX_REQUESTS = 10;

const agent = createAgent();

describe('own pages behind a link of another site', () => {
  let world: World;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    world = await startWorld({ after: (fn) => void cleanups.push(fn as () => unknown) });
    await world.signIn();
  });
  after(async () => {
    agent.destroy();
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  /** Follows redirects and reloads of pages of the gateway; returns the addresses, the last one being where the window stays. */
  async function follow(path: string, headersOf: (reloaded: boolean) => Record<string, string>) {
    const addresses = [path];
    for (let reloaded = false; ; ) {
      const url = new URL(addresses.at(-1) ?? '', world.gateway.url);
      const response = await send({ url, method: 'GET', headers: { ...NAVIGATION, ...headersOf(reloaded) } }, agent);
      const text = response.body.toString();
      const [, refresh] = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(text) ?? [];
      const next = response.headers.location ?? refresh?.replaceAll('&amp;', '&');
      if (next === undefined) return { addresses, text, status: response.status };
      assert.ok(addresses.length < MAX_REQUESTS, `it ends: ${addresses.join(' ')}`);
      reloaded ||= refresh !== undefined;
      addresses.push(String(next));
      // The application, or the provider.
      if (next === '/' || !String(next).startsWith('/') || String(next).startsWith('/login'))
        return { addresses, text: '', status: 0 };
    }
  }

  /** In a window with an opaque origin, each request is one of another site and lacks the Strict cookie. */
  const opaque = () => ({ 'sec-fetch-site': 'cross-site' });
  const ordinary = (reloaded: boolean): Record<string, string> =>
    reloaded
      ? { 'sec-fetch-site': 'same-origin', cookie: world.browser.cookieHeader('/') }
      : { 'sec-fetch-site': 'cross-site' };
  const withoutSession = (reloaded: boolean) => ({ 'sec-fetch-site': reloaded ? 'same-origin' : 'cross-site' });
  /** A service worker passes each request on, so that the gateway cannot tell where it started. */
  const passedOn = () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' });

  for (const [path, end] of [
    ['/sessions', '/login?returnTo=%2Fsessions'],
    ['/logout', '/'],
    ['/signed-in', '/'],
    ['/signed-out', '/'],
    ['/signed-out?state=x', '/'],
  ] as const)
    test(`CS-05 ${path} in a popup of a sandboxed frame comes to an end, and claims nothing`, async () => {
      const { addresses } = await follow(path, opaque);
      assert.equal(addresses.at(-1), end, addresses.join(' '));
    });

  test('CS-05 the callback in a popup of a sandboxed frame comes to an end', async () => {
    const { status, addresses } = await follow('/callback?code=x&state=y', opaque);
    assert.equal(status, 400, addresses.join(' '));
  });

  for (const [path, heading] of [
    ['/sessions', /Where you are signed in/],
    ['/logout', /Sign out\?/],
  ] as const)
    test(`CS-05 ${path} finds the session, and its address does not keep the mark`, async () => {
      const { addresses, text } = await follow(path, ordinary);
      assert.match(text, heading);
      assert.equal(addresses.at(-1), path);
    });

  test('CS-05 /signed-out of a user who is signed out does not keep the mark either', async () => {
    const { addresses, text } = await follow('/signed-out?provider=unreachable&state=x', withoutSession);
    assert.match(text, /signed out/i);
    assert.equal(addresses.at(-1), '/signed-out?provider=unreachable');
  });

  test('CS-05 /signed-out through a service worker is shown, with the mark', async () => {
    const { addresses } = await follow('/signed-out', passedOn);
    assert.equal(addresses.at(-1), '/signed-out?reloaded=1');
  });
});

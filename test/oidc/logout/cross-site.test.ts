/** Cross-site sign-out: other sites, prefetches and safe requests cannot sign a user out. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { createAgent, send } from '../../support/browser-http.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

const EVIL = 'https://evil.example.test/';
const agent = createAgent();

describe('R18 CS-05 the session survives', () => {
  let world: World;
  const cleanups: (() => Promise<void>)[] = [];
  before(async () => {
    world = await startWorld({ after: (fn) => void cleanups.push(fn as () => Promise<void>) });
    await world.signIn();
  });
  after(async () => {
    agent.destroy();
    for (const cleanup of cleanups) await cleanup();
  });
  afterEach(async () => {
    assert.equal((await world.session()).authenticated, true);
    assert.equal((await world.api()).status, 200);
    assert.equal(world.provider.requests.end_session.length, 0);
    assert.equal(world.provider.requests.revocation.length, 0);
  });

  const logoutUrl = async () => String((await world.session()).logoutUrl);
  /** Sends the session cookie regardless of its SameSite attribute, so that only the gateway's own checks protect the session. */
  const withCookie = (path: string, headers: Record<string, string>, method = 'GET', body?: string) =>
    send(
      {
        url: new URL(path, world.gateway.url),
        method,
        headers: { cookie: world.browser.cookieHeader('/'), accept: 'text/html', ...headers },
        body,
      },
      agent,
    );

  test('an image, a frame and a script on another site', async () => {
    for (const dest of ['image', 'iframe', 'script', 'empty'] as const)
      await world.browser.fetch('/logout', { from: EVIL, dest, mode: 'no-cors' });
  });

  test('a link on another site: a confirmation page is shown', async () => {
    const page = await world.browser.navigate('/logout', { from: EVIL });
    assert.equal(page.status, 200);
    assert.match(page.body, /Sign out\?/);
  });

  test('a form post from another site', async () => {
    for (const form of [{}, { sid: 'guessed' }]) {
      const page = await world.browser.navigate('/logout', { method: 'POST', from: EVIL, form });
      assert.equal(page.url.pathname, '/', 'the Strict cookie is not sent, so the request has no session');
      assert.deepEqual(page.hops[0]?.setCookies, [], 'no cookie is cleared');
    }
  });

  test('a form post from another site by a browser that sends the cookie despite SameSite', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(EVIL).origin };
    for (const site of ['cross-site', 'same-site', 'none']) {
      const response = await withCookie('/logout', { ...form, 'sec-fetch-site': site }, 'POST', 'sid=guessed');
      assert.equal(response.status, 403, site);
      assert.deepEqual(response.setCookies, []);
    }
    assert.equal((await withCookie('/logout', form, 'POST', 'sid=guessed')).status, 403);
  });

  test('a script on another site that sends the CSRF header', async () => {
    const response = await withCookie('/logout', { ...CSRF, origin: 'https://evil.example.test' }, 'POST');
    assert.equal(response.status, 403);
  });

  test('a prefetch of the genuine logout URL', async () => {
    const url = await logoutUrl();
    for (const purpose of [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ]) {
      const response = await withCookie(url, { ...purpose, 'sec-fetch-site': 'same-origin' });
      assert.deepEqual(response.setCookies, []);
    }
  });

  test('a HEAD request to the genuine logout URL, with or without the CSRF header', async () => {
    const url = await logoutUrl();
    for (const headers of [{}, CSRF]) {
      const response = await withCookie(url, headers, 'HEAD');
      assert.deepEqual(response.setCookies, []);
    }
  });

  test('the logout nonce of another session of the same user', async () => {
    const other = world.gateway.browser();
    await other.navigate('/login');
    const { logoutUrl } = (await other.fetch('/session', { headers: CSRF })).json();
    const page = await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.match(page.body, /Sign out\?/);
    assert.equal((await other.fetch('/session', { headers: CSRF })).json().authenticated, true);
  });

  test('a visit to the signed-out page, which does not claim a sign-out', async () => {
    for (const path of ['/signed-out', '/signed-out?state=x', '/signed-out?provider=unreachable']) {
      const page = await world.browser.navigate(path, { from: EVIL });
      assert.doesNotMatch(page.hops.map(({ body }) => body).join(), /You are signed out/);
    }
  });
});

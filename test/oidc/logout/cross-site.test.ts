/** Nobody but the user signs a user out: not another site, not a browser that looks ahead, not a program that only asks. */
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
    assert.equal(world.provider.calls.end_session.length, 0);
    assert.equal(world.provider.calls.revocation.length, 0);
  });

  const genuine = async () => String((await world.session()).logoutUrl);
  /** Whatever attributes and site rules the cookie has, it is sent: what is left is the gateway's own judgement. */
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

  test('an image, a frame and a script of another site', async () => {
    for (const dest of ['image', 'iframe', 'script', 'empty'] as const)
      await world.browser.fetch('/logout', { from: EVIL, dest, mode: 'no-cors' });
  });

  test('a link on another site: the page asks first', async () => {
    const page = await world.browser.navigate('/logout', { from: EVIL });
    assert.equal(page.status, 200);
    assert.match(page.body, /Sign out\?/);
  });

  test('a form post of another site', async () => {
    for (const form of [{}, { sid: 'guessed' }]) {
      const page = await world.browser.navigate('/logout', { method: 'POST', from: EVIL, form });
      assert.equal(page.url.pathname, '/', 'without its Strict cookie the call is about nobody');
      assert.deepEqual(page.hops[0]?.setCookies, [], 'and drops nothing');
    }
  });

  test('a form post of another site by a browser that sends the cookie all the same', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(EVIL).origin };
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await withCookie('/logout', { ...form, 'sec-fetch-site': site }, 'POST', 'sid=guessed');
      assert.equal(answer.status, 403, site);
      assert.deepEqual(answer.setCookies, []);
    }
    assert.equal((await withCookie('/logout', form, 'POST', 'sid=guessed')).status, 403);
  });

  test('a script of another site that brings the CSRF header', async () => {
    const answer = await withCookie('/logout', { ...CSRF, origin: 'https://evil.example.test' }, 'POST');
    assert.equal(answer.status, 403);
  });

  test('a prefetch of the genuine address', async () => {
    const address = await genuine();
    for (const purpose of [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ]) {
      const answer = await withCookie(address, { ...purpose, 'sec-fetch-site': 'same-origin' });
      assert.deepEqual(answer.setCookies, []);
    }
  });

  test('a HEAD of the genuine address, with or without the CSRF header', async () => {
    const address = await genuine();
    for (const headers of [{}, CSRF]) {
      const answer = await withCookie(address, headers, 'HEAD');
      assert.deepEqual(answer.setCookies, []);
    }
  });

  test('the value of another session of the same user', async () => {
    const other = world.gateway.browser();
    await other.navigate('/login');
    const { logoutUrl } = (await other.fetch('/session', { headers: CSRF })).json();
    const page = await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.match(page.body, /Sign out\?/);
    assert.equal((await other.fetch('/session', { headers: CSRF })).json().authenticated, true);
  });

  test('a visit of the signed-out page, which claims no sign-out', async () => {
    for (const path of ['/signed-out', '/signed-out?state=x', '/signed-out?provider=unreachable']) {
      const page = await world.browser.navigate(path, { from: EVIL });
      assert.doesNotMatch(page.hops.map(({ body }) => body).join(), /You are signed out/);
    }
  });
});

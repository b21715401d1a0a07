/** Checks of a whole site behind a front proxy that is configured as documented. */
import assert from 'node:assert/strict';
import type { Browser } from '../../support/browser.ts';
import { echo } from '../../support/upstream.ts';
import { type FrontSite, PREFIX } from './front-site.ts';
import { FORGED } from './shop.ts';

const DEEP = '/a/b?x=1&y=%2F';
const USER = 'alice@shop.test';

/** A person without a session is sent to the sign-in of this host, and comes back to the same address. */
export async function checkSignIn(site: FrontSite, redirect: number): Promise<void> {
  const { length } = site.upstream.requests;
  const page = await site.browser().navigate(DEEP);
  const [first] = page.hops;
  const address = `${site.origin}${PREFIX}/login?returnTo=${encodeURIComponent(DEEP)}`;
  assert.deepEqual([first?.status, first?.headers.location], [redirect, address]);
  assert.deepEqual(first?.setCookies, []);
  assert.deepEqual([page.status, page.url.href], [200, site.origin + DEEP], page.body);
  const reached = site.upstream.requests.slice(length);
  assert.deepEqual(
    reached.map(({ target }) => target),
    [DEEP],
    'the site is reached once, after the sign-in',
  );
  checkIdentity(site);
}

/** The site knows the user, and gets neither token nor cookie of the gateway. */
function checkIdentity({ upstream }: FrontSite): void {
  const received = upstream.requests.at(-1);
  assert.equal(received?.header('x-webauth-user'), USER);
  assert.equal(received?.header('authorization') ?? '', '');
  assert.doesNotMatch(received?.header('cookie') ?? '', /bff/);
}

/** Nothing but a navigation is redirected, and no refusal is an error of the front proxy. */
export async function checkPrograms(site: FrontSite): Promise<void> {
  const { length } = site.upstream.requests;
  const browser = site.browser();
  const responses = {
    fetch: await browser.fetch('/wiki'),
    image: await browser.fetch('/logo.png', { dest: 'image', mode: 'no-cors' }),
    frame: await browser.fetch('/wiki', { dest: 'iframe' }),
    'fetch by POST': await browser.fetch('/wiki', { method: 'POST', body: 'a=1' }),
    form: await browser.navigate('/wiki', { method: 'POST', form: { a: '1' }, from: `${site.origin}/wiki` }),
    program: await browser.fetch('/wiki', { headers: { 'sec-fetch-mode': 'navigate', authorization: 'Bearer abc' } }),
  };
  for (const [what, response] of Object.entries(responses)) {
    assert.equal(response.status, 401, what);
    assert.equal(response.headers.location, undefined, what);
    assert.equal(response.headers['x-login-url'], undefined, what);
  }
  assert.equal(site.upstream.requests.length, length);
}

/** With a session, pages of the site work, and those of other sites do nothing, be they on a host beside it. */
export async function checkForgery(site: FrontSite, other: FrontSite, browser: Browser): Promise<void> {
  assert.equal((await browser.fetch('/wiki/data')).status, 200);
  checkIdentity(site);
  const form = { method: 'POST' as const, form: { text: 'two shoes' } };
  const saved = await browser.navigate('/save?x=1', { ...form, from: `${site.origin}/wiki` });
  assert.equal(saved.status, 200);
  const received = site.upstream.requests.at(-1);
  assert.deepEqual(
    [received?.method, received?.target, received?.body.toString()],
    ['POST', '/save?x=1', 'text=two+shoes'],
  );
  const { length } = site.upstream.requests;
  const cookie = browser.cookieHeader('/');
  // The session cookie of a browser that ignores SameSite.
  const foreign = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const sibling = { cookie, origin: other.origin, 'sec-fetch-site': 'same-site' };
  for (const headers of [foreign, sibling]) {
    assert.equal((await browser.fetch('/save', { method: 'POST', body: 'a=1', headers })).status, 403);
    assert.equal((await browser.fetch('/wiki', { headers })).status, 403);
  }
  assert.equal(site.upstream.requests.length, length);
}

/** Handshakes of pages of the site open, those of others do not. `refused` is the status where the route has no WebSockets. */
export async function checkLive(site: FrontSite, other: FrontSite, browser: Browser, refused: number): Promise<void> {
  const cookie = browser.cookieHeader('/');
  const { origin } = site;
  assert.equal(await site.live('/live', { cookie, origin }), 'ping');
  const handshake = site.upstream.upgrades.at(-1);
  assert.equal(handshake?.header('x-webauth-user'), USER);
  assert.doesNotMatch(handshake?.header('cookie') ?? '', /bff/);
  const { length } = site.upstream.upgrades;
  assert.equal(await site.live('/live', { cookie, origin: 'https://evil.example' }), 403);
  assert.equal(await site.live('/live', { cookie, origin: other.origin }), 403);
  assert.equal(await site.live('/live', { cookie }), 403);
  assert.equal(await site.live('/live', { origin }), 401);
  assert.equal(await site.live('/quiet/x', { cookie, origin }), refused);
  assert.equal(site.upstream.upgrades.length, length);
}

const namesOf = (other: FrontSite): [name: string, value: string][] => [
  ...['evil.example', new URL(other.origin).host].flatMap((host): [string, string][] => [
    ['x-forwarded-host', host],
    ['x-original-host', host],
  ]),
  ['x-forwarded-uri', `${PREFIX}/session`],
  ['x-original-uri', `${PREFIX}/session`],
  ['x-forwarded-method', 'HEAD'],
  ['x-original-method', 'HEAD'],
];

/**
 * A client that names another host or request changes neither the decision nor the address of the sign-in: where the front
 * proxy replaces the header, nothing changes, and elsewhere the request is refused.
 */
export async function checkForgedNames(site: FrontSite, other: FrontSite, replaced: RegExp): Promise<void> {
  const reached = () => site.upstream.requests.length + other.upstream.requests.length;
  const before = reached();
  for (const [name, value] of namesOf(other)) {
    const headers = { [name]: value };
    const isLogin = (url: URL) => url.pathname === `${PREFIX}/login`;
    const page = await site.browser().navigate('/wiki', { headers, stopAt: isLogin });
    const { stoppedAt } = page;
    if (stoppedAt) assert.equal(stoppedAt.href, `${site.origin}${PREFIX}/login?returnTo=%2Fwiki`, name);
    else assert.ok(!replaced.test(name) && [400, 403].includes(page.status), `${name}: ${page.status}`);
    const post = await site.browser().fetch('/wiki', { method: 'POST', headers });
    assert.ok([400, 401, 403].includes(post.status), `${name}: ${post.status}`);
  }
  const elsewhere = await site.browser().navigate('/wiki', { headers: { host: 'evil.example' } });
  // Caddy responds to an unknown host itself, with an empty 200.
  assert.ok([403, 404].includes(elsewhere.status) || elsewhere.body === '', `another Host: ${elsewhere.status}`);
  assert.equal(elsewhere.headers.location, undefined);
  assert.equal(reached(), before);
}

/** A session of one site is none of the other; a person who opens the other one gets a session there without doing anything. */
export async function checkOtherSite(site: FrontSite, other: FrontSite, redirect: number): Promise<void> {
  const browser = await site.signIn();
  const { length } = other.upstream.requests;
  const cookie = browser.cookieHeader(`${site.origin}/`);
  assert.match(cookie, /bff=/);
  assert.doesNotMatch(browser.cookieHeader(`${other.origin}/`), /bff=/, 'the cookie belongs to its host');
  assert.equal((await browser.fetch(`${other.origin}/wiki`, { headers: { cookie } })).status, 401);
  const post = { method: 'POST', body: 'a=1', headers: { cookie } };
  assert.equal((await browser.fetch(`${other.origin}/save`, post)).status, 401);
  assert.equal(other.upstream.requests.length, length);

  const page = await browser.navigate(other.origin + DEEP);
  assert.deepEqual([page.status, page.url.href], [200, other.origin + DEEP], page.body);
  const hops = page.hops.map(({ status, url }) => [status, url.origin]);
  assert.deepEqual(hops, [
    [redirect, other.origin],
    [303, other.origin],
    [302, new URL(other.provider.issuer).origin],
    [303, other.origin],
    [200, other.origin],
  ]);
  assert.equal((await browser.fetch(`${site.origin}/wiki`)).status, 200, 'the session at the first host goes on');
}

/** A client says who it is in vain, and cannot hide what the gateway said by naming it in `Connection`. */
export async function checkForgedUser(site: FrontSite, browser: Browser): Promise<void> {
  const hidden = { connection: 'close, X-Webauth-User, X-Forwarded-Uri, X-Original-Uri' };
  assert.equal((await browser.fetch('/wiki', { headers: hidden })).status, 200);
  checkIdentity(site);
  const { length } = site.upstream.requests;
  for (const name of ['X-Webauth-User', 'x-webauth-user', 'X-Forward-Cookie']) {
    const forged = await browser.fetch('/wiki', { headers: { [name]: FORGED } });
    assert.ok([400, 403].includes(forged.status), String(forged.status));
  }
  assert.equal(site.upstream.requests.length, length);
}

/** What the site must not say in the name of the gateway, or for the whole host, does not arrive. */
export async function checkResponses(site: FrontSite, browser: Browser): Promise<void> {
  const dropped = ['x-bff-gateway', 'service-worker-allowed', 'nel', 'report-to', 'reporting-endpoints'];
  site.upstream.respondWith((_req, res) => {
    const headers = Object.fromEntries(dropped.map((name) => [name, 'of the site']));
    res.writeHead(401, { ...headers, 'x-kept': '1', 'set-cookie': 'wiki=1; Path=/' }).end('of the site');
  });
  const response = await browser.fetch('/wiki');
  site.upstream.respondWith(echo);
  assert.deepEqual([response.status, response.body], [401, 'of the site'], 'a 401 of the site itself is no sign-in');
  for (const name of dropped) assert.equal(response.headers[name], undefined, name);
  assert.equal(response.headers['x-kept'], '1');
  assert.deepEqual(response.setCookies, ['wiki=1; Path=/']);
  const session = await browser.fetch(`${PREFIX}/session`, { headers: { 'x-csrf': '1' } });
  assert.deepEqual([session.status, session.headers['x-bff-gateway']], [200, 'ok']);
}

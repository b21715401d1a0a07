/** The sessions of a user: the list, ending one or all others, the limit per user, front-channel logout. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressRange, describeDevice } from '../../src/session/device.ts';
import type { Browser } from '../support/browser.ts';
import { BOB } from '../support/provider-state.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

async function signIn({ gateway }: World, userAgent = FIREFOX): Promise<Browser> {
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app', { headers: { 'user-agent': userAgent } });
  return browser;
}
interface Listed {
  id: string;
  current: boolean;
  device?: string;
  address?: string;
}
const list = async (browser: Browser): Promise<Listed[]> =>
  (await browser.fetch('/sessions', { headers: CSRF })).json().sessions as Listed[];
const signedIn = async (browser: Browser) =>
  (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;

test('SE-13 the list contains only the sessions of this user, newest first, and no secret', async (t) => {
  const world = await startWorld(t);
  const first = await signIn(world, SAFARI);
  const second = await signIn(world);
  world.provider.next.nextUser = BOB;
  await signIn(world);
  const response = await second.fetch('/sessions', { headers: CSRF });
  assert.equal(response.headers['cache-control'], 'no-store');
  const sessions = response.json().sessions as Listed[];
  assert.deepEqual(
    sessions.map(({ current, device, address }) => ({ current, device, address })),
    [
      { current: true, device: 'Firefox on Linux', address: '127.0.0.0/24' },
      { current: false, device: 'Safari on iOS', address: '127.0.0.0/24' },
    ],
  );
  const keyOf = (browser: Browser) => /bff=s%3A([^.]+)/.exec(browser.cookieHeader('/session'))?.[1] ?? 'none';
  for (const secret of [keyOf(first), keyOf(second), ...world.provider.secrets.keys()])
    assert.ok(!response.body.includes(secret));
});

test('SE-13 one session is ended by its id, all others at once; an unknown id is not found', async (t) => {
  const world = await startWorld(t);
  const [one, two, three] = [await signIn(world), await signIn(world), await signIn(world)];
  world.provider.next.nextUser = BOB;
  const bob = await signIn(world);
  const idOfOne = (await list(one)).find(({ current }) => current)?.id ?? '';
  const end = (browser: Browser, id: string, headers: Record<string, string> = CSRF) =>
    browser.fetch(`/sessions/${id}/revoke`, { method: 'POST', headers });
  assert.equal((await end(bob, idOfOne)).status, 404, 'of another user');
  assert.equal((await end(three, 'guessed')).status, 404);
  assert.equal((await end(three, idOfOne, {})).status, 403, 'without the CSRF header');
  assert.equal((await end(world.gateway.browser(), idOfOne)).status, 401, 'without a session');
  assert.equal(await signedIn(one), true);
  assert.deepEqual((await end(three, idOfOne)).json(), { ended: 1 });
  assert.equal(await signedIn(one), false);
  assert.deepEqual((await end(three, 'others')).json(), { ended: 1 });
  assert.deepEqual([await signedIn(two), await signedIn(three), await signedIn(bob)], [false, true, true]);
  assert.deepEqual((await end(three, 'others')).json(), { ended: 0 });
});

test('the page lists the sessions, and its forms end them', async (t) => {
  const world = await startWorld(t);
  const one = await signIn(world, SAFARI);
  const two = await signIn(world);
  const page = await two.navigate('/sessions');
  assert.equal(page.status, 200);
  assert.match(page.body, /Firefox on Linux<\/strong> <span class="tag">This browser/);
  assert.match(page.body, /Safari on iOS/);
  const action = /action="(\/sessions\/(?!others)[^"]+)"/.exec(page.body)?.[1] ?? '';
  const sid = /name="sid" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  const post = (value: string) =>
    two.fetch(action, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-mode': 'navigate' },
      body: new URLSearchParams({ sid: value }).toString(),
    });
  assert.equal((await post('guessed')).status, 403);
  assert.equal(await signedIn(one), true);
  const response = await post(sid);
  assert.deepEqual([response.status, response.headers.location], [303, '/sessions']);
  assert.equal(await signedIn(one), false);
  const signedOut = await one.navigate('/sessions');
  assert.equal(signedOut.url.pathname, '/sessions', 'after a sign-in it is there again');
  assert.equal(await signedIn(one), true);
});

test('SE-13 with a limit, a further sign-in ends only the oldest session', async (t) => {
  const world = await startWorld(t, {
    gateway: { config: { session: { store: { sqlite: { file: ':memory:' } }, maxPerUser: 2 } } },
  });
  const browsers = [await signIn(world), await signIn(world)];
  world.provider.next.nextUser = BOB;
  const bob = await signIn(world);
  world.provider.next.nextUser = { sub: 'user-alice', claims: {} };
  browsers.push(await signIn(world));
  assert.deepEqual(await Promise.all(browsers.map(signedIn)), [false, true, true]);
  assert.equal(await signedIn(bob), true);
  assert.match(world.gateway.logText(), /"reason":"session_limit"/);
});

describe('LO-10 front-channel logout', () => {
  const on = { gateway: { config: { logout: { frontChannel: true } } } };
  const frame = (browser: Browser, query: Record<string, string>) =>
    browser.fetch(`/frontchannel-logout?${new URLSearchParams(query)}`);

  test('is not offered unless configured', async (t) => {
    const world = await startWorld(t);
    assert.equal((await frame(world.browser, { iss: 'x', sid: 'y' })).status, 404);
  });

  test('ends the session that matches both issuer and sid, without revocation; only the provider may frame it', async (t) => {
    const world = await startWorld(t, on);
    world.provider.next.nextSid = 'sid-1';
    const browser = await signIn(world);
    const { issuer } = world.provider;
    for (const query of [
      {},
      { sid: 'sid-1' },
      { iss: issuer },
      { iss: issuer, sid: 'x' },
      { iss: 'x', sid: 'sid-1' },
    ]) {
      const response = await frame(browser, query as Record<string, string>);
      assert.equal(response.status, 200);
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.equal(await signedIn(browser), true, JSON.stringify(query));
    }
    const response = await frame(browser, { iss: issuer, sid: 'sid-1' });
    assert.match(
      String(response.headers['content-security-policy']),
      new RegExp(`frame-ancestors ${new URL(issuer).origin}$`),
    );
    assert.equal(response.headers['x-frame-options'], undefined);
    assert.equal(await signedIn(browser), false);
    assert.equal(world.provider.requests.revocation.length, 0);
  });

  test('without the cookie, which most browsers withhold in a frame, nothing ends', async (t) => {
    const world = await startWorld(t, on);
    world.provider.next.nextSid = 'sid-1';
    const browser = await signIn(world);
    await frame(world.gateway.browser(), { iss: world.provider.issuer, sid: 'sid-1' });
    assert.equal(await signedIn(browser), true);
  });
});

describe('descriptions of devices and networks', () => {
  const devices: [string | undefined, string | undefined][] = [
    [FIREFOX, 'Firefox on Linux'],
    [SAFARI, 'Safari on iOS'],
    [undefined, undefined],
    ['', undefined],
    ['x'.repeat(600), undefined],
    ['\u0000<script>', undefined],
  ];
  for (const [agent, device] of devices)
    test(`${agent?.slice(0, 30)}: ${device}`, () => assert.equal(describeDevice(agent), device));
  const ranges: [string, string | undefined][] = [
    ['203.0.113.9', '203.0.113.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:12:34::9', '2001:db8:12::/48'],
    ['2001:0db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
    ['nonsense', undefined],
    ['', undefined],
  ];
  for (const [address, range] of ranges) test(`${address}: ${range}`, () => assert.equal(addressRange(address), range));
});

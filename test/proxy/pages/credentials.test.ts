/** A site with a sign-in of its own behind the gateway: its Authorization, and the host that it compares with Origin. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { startUpstream } from '../../support/upstream.ts';
import { navigation, PREFIX, send, startSite } from './site.ts';

const BASIC = 'Basic YWxpY2U6cHc=';
const OWN_CREDENTIALS = { route: { authorization: 'forward', upstreamToken: 'none' } } as const;

for (const [what, options, expected] of [
  ['with authorization: forward and a session', OWN_CREDENTIALS, BASIC],
  ['by default not', { route: { upstreamToken: 'none' } }, undefined],
  ['by default with the token of the session in their place', {}, /^Bearer /],
] as const)
  test(`the credentials of the browser reach a site ${what}`, async (t) => {
    const site = await startSite(t, options);
    await site.open();
    await send(site, '/dav', { 'sec-fetch-site': 'same-origin', authorization: BASIC });
    const received = site.upstream.requests.at(-1)?.header('authorization');
    if (expected instanceof RegExp) assert.match(received ?? '', expected);
    else assert.equal(received, expected);
  });

test('without a session, no credentials reach a site with authorization: forward', async (t) => {
  const site = await startSite(t, OWN_CREDENTIALS);
  for (const authorization of [BASIC, 'Bearer abc'])
    assert.equal((await send(site, '/dav', { 'sec-fetch-site': 'same-origin', authorization })).status, 401);
  assert.deepEqual(site.reached(), []);
});

test('a browser that keeps the password of a site is redirected to the sign-in; a program with credentials is not', async (t) => {
  const site = await startSite(t, OWN_CREDENTIALS);
  const page = await send(site, '/wiki', { ...navigation(), authorization: BASIC });
  assert.equal(page.status, 303);
  assert.equal(page.header('location'), `${PREFIX}/login?returnTo=%2Fwiki`);
  assert.equal((await send(site, '/wiki', { ...navigation(), authorization: 'Bearer abc' })).status, 401);
  assert.equal((await send(site, '/wiki', { accept: 'text/html', authorization: BASIC })).status, 401);
  assert.equal((await send(site, '/wiki', { accept: 'text/html' })).status, 303);
});

for (const [what, route, hostOf] of [
  ['the public host by default', {}, (_: URL, gateway: URL) => gateway.host],
  ['its own host with hostHeader: upstream', { hostHeader: 'upstream' }, (upstream: URL) => upstream.host],
] as const)
  test(`a site sees ${what}, also in a WebSocket handshake`, async (t) => {
    const upstream = await startUpstream({ websocket: true });
    t.after(() => upstream.close());
    const site = await startSite(t, { route: { ...route, upstream: upstream.origin } });
    await site.open();
    const origin = site.gateway.url;
    const headers = { origin, cookie: site.browser.cookieHeader('/') };
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/live`, { headers });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    const expected = hostOf(new URL(upstream.origin), new URL(origin));
    const hosts = [...upstream.requests, ...upstream.upgrades].map((received) => received.header('host'));
    assert.deepEqual(hosts, [expected, expected]);
  });

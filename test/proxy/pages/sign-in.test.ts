/** Pages without a session: people are sent to the sign-in and back, and nothing else is redirected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawRequest } from '../../support/raw.ts';
import { navigation, PREFIX, send, startSite } from './site.ts';

test('PG-01 a person who opens a page signs in and gets exactly that page', async (t) => {
  const site = await startSite(t);
  const page = await site.open('/a/b?x=1&y=%2F');
  assert.equal(page.status, 200);
  assert.equal(page.url.pathname + page.url.search, '/a/b?x=1&y=%2F');
  assert.deepEqual(site.reached(), ['/a/b?x=1&y=%2F']);
  const [first] = page.hops;
  assert.equal(first?.status, 303);
  assert.equal(first.headers['cache-control'], 'no-store');
  assert.equal(first.setCookies.length, 0);
  assert.equal(first.headers.location, `${PREFIX}/login?returnTo=%2Fa%2Fb%3Fx%3D1%26y%3D%252F`);
});

test('PG-02 scripts, images, frames, prefetches, forms and programs get 401, without a cookie', async (t) => {
  const site = await startSite(t);
  const requests: [what: string, headers: Record<string, string>, method?: string][] = [
    ['fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }],
    ['image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'same-origin' }],
    ['frame', { ...navigation('same-origin'), 'sec-fetch-dest': 'iframe' }],
    ['prefetch', { ...navigation('same-origin'), 'sec-purpose': 'prefetch' }],
    ['XMLHttpRequest without metadata', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }],
    ['a program', { accept: '*/*' }],
    ['a program with a token', { ...navigation(), authorization: 'Bearer abc' }],
    ['a form', { ...navigation('same-origin'), origin: site.gateway.url }, 'POST'],
  ];
  for (const [what, headers, method] of requests) {
    const response = await send(site, '/wiki', headers, { method: method ?? 'GET', cookie: '' });
    assert.equal(response.status, 401, what);
    assert.equal(response.setCookies.length, 0, what);
    assert.equal(response.header('location'), undefined, what);
  }
  const { port, host } = new URL(site.gateway.url);
  const handshake = await rawRequest(
    Number(port),
    `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: ${site.gateway.url}\r\n\r\n`,
  );
  assert.equal(handshake.status, 401);
  assert.deepEqual(site.reached(), []);
});

test('PG-02 an address that is too long for the way back leads to the sign-in without it', async (t) => {
  const site = await startSite(t);
  const response = await send(site, `/wiki?${'a'.repeat(2_100)}`, navigation(), { cookie: '' });
  assert.deepEqual([response.status, response.header('location')], [303, `${PREFIX}/login?`]);
});

test('PG-06 no spelling of an address below the prefix reaches the site', async (t) => {
  const site = await startSite(t);
  await site.open();
  const { length } = site.reached();
  const spellings = [
    '/.auth',
    '/.auth/',
    '/.auth/zzz',
    '/.AUTH/login',
    '/%2eauth/login',
    '/.auth%2flogin',
    '//.auth/login',
    '/.auth/callback/zzz',
    '/.auth;x/login',
    '/.auth/login/',
    '/.auth/LOGOUT',
    '/%2Eauth%2fzzz',
    '/.auth%00/login',
    '/./.auth/login',
    '/x/../.auth/login',
    '/.auth/..;/x',
  ];
  const { port, host } = new URL(site.gateway.url);
  for (const path of spellings) {
    const response = await rawRequest(
      Number(port),
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${site.browser.cookieHeader('/')}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n`,
    );
    assert.ok([400, 404, 401, 403].includes(response.status), `${path}: ${response.status}`);
  }
  assert.equal(site.reached().length, length);
});

test('PG-07 a browser that keeps no session cookie is asked once, and then told', async (t) => {
  const site = await startSite(t);
  const { stoppedAt } = await site.browser.navigate('/wiki', {
    stopAt: (url) => url.pathname === `${PREFIX}/callback`,
  });
  const cookie = site.browser.cookieHeader(`${PREFIX}/callback`);
  const address = stoppedAt ? stoppedAt.pathname + stoppedAt.search : '';
  const callback = await send(site, address, navigation('cross-site'), { cookie });
  assert.deepEqual([callback.status, callback.header('location')], [303, '/wiki']);
  const kept = callback.setCookies.filter((line) => line.startsWith('bff-arrived='));
  assert.equal(kept.length, 1);
  const arrived = kept[0]?.split(';')[0] ?? '';
  const told = await send(site, '/wiki', navigation('cross-site'), { cookie: arrived });
  assert.equal(told.status, 401);
  assert.match(told.text, /session did not last/);
  const forged = await send(site, '/wiki', navigation('cross-site'), { cookie: 'bff-arrived=abc' });
  assert.equal(forged.status, 303, 'a mark of another origin counts for nothing');
  assert.deepEqual(site.reached(), []);
});

test('PG-07 after a sign-out the next page leads to the sign-in again', async (t) => {
  const site = await startSite(t);
  await site.open();
  const session = await site.browser.fetch(`${PREFIX}/session`, { headers: { 'x-csrf': '1' } });
  await site.browser.navigate(String(session.json().logoutUrl), { from: `${site.gateway.url}/wiki` });
  const page = await site.open('/again');
  assert.equal(page.status, 200);
  assert.equal(page.url.pathname, '/again');
});

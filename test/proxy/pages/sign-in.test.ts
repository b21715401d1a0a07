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

test('PG-02 a form that is sent without a session gets a page: nothing was saved, and the way back to the page', async (t) => {
  const site = await startSite(t);
  const form = { ...navigation('same-origin'), origin: site.gateway.url };
  const referer = `${site.gateway.url}/edit?page=1`;
  const cases: [what: string, headers: Record<string, string>, returnTo: string][] = [
    ['the page of the form', { ...form, referer }, '/edit?page=1'],
    ['without a referrer the address of the form', form, '/save'],
    ['the referrer of another site', { ...form, referer: 'https://evil.example/x' }, '/save'],
    ['a host that starts alike', { ...form, referer: `${site.gateway.url}.evil.example/x` }, '/save'],
    ['without fetch metadata', { accept: 'text/html', referer }, '/edit?page=1'],
  ];
  for (const [what, headers, returnTo] of cases)
    for (const cookie of ['', 'bff=ended']) {
      const response = await send(site, '/save', headers, { method: 'POST', cookie });
      assert.equal(response.status, 401, what);
      assert.match(response.header('content-type') ?? '', /^text\/html/, what);
      assert.match(response.text, /<h1>Nothing was saved<\/h1>/, what);
      assert.match(response.header('cache-control') ?? '', /no-store/);
      assert.equal(response.setCookies.length, 0, what);
      const link = /class="button primary" href="([^"]*)">Sign in</.exec(response.text)?.[1];
      assert.equal(link, `${PREFIX}/login?${new URLSearchParams({ returnTo })}`, what);
    }
  assert.deepEqual(site.reached(), []);
});

test('PG-02 the link of that page signs in and opens the page of the form, once and by GET', async (t) => {
  const site = await startSite(t);
  const page = await site.browser.navigate('/save', {
    method: 'POST',
    form: { text: 'a long text' },
    from: `${site.gateway.url}/edit`,
  });
  const link = /class="button primary" href="([^"]*)"/.exec(page.body)?.[1] ?? '';
  const back = await site.browser.navigate(link, { from: page.url.href });
  assert.deepEqual([back.status, back.method], [200, 'GET']);
  assert.equal(site.upstream.requests.length, 1);
  assert.equal(site.upstream.requests[0]?.method, 'GET');
});

test('PG-02 a script that sends the same gets problem+json', async (t) => {
  const site = await startSite(t);
  const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };
  for (const headers of [
    { ...script, accept: 'text/html' },
    { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' },
    { accept: 'text/html', 'x-csrf': '1' },
    { ...navigation('same-origin'), authorization: 'Bearer abc' },
  ]) {
    const response = await send(site, '/save', headers, { method: 'POST', cookie: '' });
    assert.deepEqual(
      [response.status, response.header('content-type')?.split(';')[0]],
      [401, 'application/problem+json'],
    );
  }
});

test('PG-02 a denied user gets a page in a window, also for a form, and problem+json in a script', async (t) => {
  const site = await startSite(t, {
    first: (upstream) => [
      {
        path: '/admin/**',
        upstream,
        kind: 'page',
        rules: [{ token: 'user', identity: { groups: { anyOf: ['admin'] } } }],
      },
    ],
  });
  await site.open();
  const form = { ...navigation('same-origin'), origin: site.gateway.url };
  const script = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
  const cases: [headers: Record<string, string>, method: string, type: string][] = [
    [navigation('cross-site'), 'GET', 'text/html'],
    [form, 'POST', 'text/html'],
    [{ accept: 'text/html' }, 'GET', 'text/html'],
    [{ ...script, accept: 'text/html' }, 'GET', 'application/problem+json'],
  ];
  for (const [headers, method, type] of cases) {
    const response = await send(site, '/admin/users', headers, { method });
    assert.deepEqual([response.status, response.header('content-type')?.split(';')[0]], [403, type]);
  }
  assert.ok(!site.reached().includes('/admin/users'));
});

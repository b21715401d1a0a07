/** The sign-out of a site: its own addresses for it end the session at the gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { navigation, PREFIX, send, startSite } from './site.ts';

const OPTIONS = { route: { logoutPaths: ['/users/logout'] } };

test('PG-12 a form or script of the site signs out as well; an image, frame or prefetch that a user placed there does not', async (t) => {
  const site = await startSite(t, OPTIONS);
  await site.open();
  const own = { origin: site.gateway.url, 'sec-fetch-site': 'same-origin' };
  const requests: [what: string, headers: Record<string, string>, method: string, signsOut: boolean][] = [
    [
      'image',
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      'GET',
      false,
    ],
    ['frame', { ...navigation('same-origin'), 'sec-fetch-dest': 'iframe' }, 'GET', false],
    ['prefetch', { ...navigation('same-origin'), 'sec-purpose': 'prefetch' }, 'GET', false],
    ['form of another site', { ...navigation('cross-site'), origin: 'https://evil.example' }, 'POST', false],
    ['link of a sibling', navigation('same-site'), 'GET', false],
    ['typed address', navigation('none'), 'GET', false],
    ['program without metadata', { accept: 'text/html' }, 'GET', false],
    ['link', navigation('same-origin'), 'GET', true],
    ['form', { ...navigation('same-origin'), ...own }, 'POST', true],
    ['script', { ...own, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'POST', true],
  ];
  for (const [what, headers, method, signsOut] of requests) {
    const response = await send(site, '/users/logout', headers, { method });
    assert.equal(response.status, 303, what);
    const location = new URL(response.header('location') ?? '', site.gateway.url);
    assert.deepEqual([location.pathname, location.searchParams.has('sid')], [`${PREFIX}/logout`, signsOut], what);
  }
  assert.ok(!site.reached().includes('/users/logout'));
});

test('PG-12 without a session, and with a cookie that is not genuine, the sign-out path asks', async (t) => {
  const site = await startSite(t, OPTIONS);
  for (const cookie of ['', 'bff=forged']) {
    const response = await send(site, '/users/logout', navigation('same-origin'), { cookie });
    assert.deepEqual([response.status, response.header('location')], [303, `${PREFIX}/logout`]);
  }
  assert.deepEqual(site.reached(), []);
});

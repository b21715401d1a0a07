/** Navigations as browsers send them: fetch metadata, prefetch headers, and forms of Accept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDocumentRequest, isTopLevelNavigation } from '../../src/policy/navigation.ts';

const GO = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  accept: 'text/html',
};

test('AR-16 a link, the address bar and a redirect are navigations, from any site', () => {
  for (const site of ['none', 'same-origin', 'same-site', 'cross-site'])
    assert.equal(isTopLevelNavigation({ ...GO, 'sec-fetch-site': site, 'sec-fetch-user': '?1' }, 'GET'), true, site);
});

test('AR-16 every other destination and mode is a background request', () => {
  const elsewhere = [
    'iframe',
    'frame',
    'embed',
    'object',
    'image',
    'script',
    'style',
    'worker',
    'video',
    'DOCUMENT',
    '',
  ];
  for (const dest of elsewhere)
    assert.equal(isTopLevelNavigation({ ...GO, 'sec-fetch-dest': dest }, 'GET'), false, dest);
  for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket', 'nested-navigate', ''])
    assert.equal(isTopLevelNavigation({ ...GO, 'sec-fetch-mode': mode }, 'GET'), false, mode);
});

test('AR-16 a request with one fetch metadata header needs the others too', () => {
  for (const name of ['sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-site', 'sec-fetch-user'] as const) {
    const word = { 'sec-fetch-user': '?1', ...GO }[name];
    assert.equal(isTopLevelNavigation({ accept: 'text/html', [name]: word }, 'GET'), false, name);
  }
});

test('AR-16 a prefetch or preview is not a navigation, in any of its spellings', () => {
  const marks = {
    'sec-purpose': 'prefetch;prerender',
    purpose: 'prefetch',
    'x-purpose': 'preview',
    'x-moz': 'prefetch',
  };
  for (const [name, value] of Object.entries(marks)) {
    assert.equal(isTopLevelNavigation({ ...GO, [name]: value }, 'GET'), false, name);
    assert.equal(isTopLevelNavigation({ accept: 'text/html', [name]: value }, 'GET'), false, name);
  }
});

test('AR-16 without fetch metadata, Accept must name text/html', () => {
  const rows: [string | undefined, boolean][] = [
    ['text/html', true],
    ['text/html;q=0.9', true],
    ['application/xhtml+xml, TEXT/HTML ;level=1', true],
    ['text/htmlx', false],
    ['x-text/html', false],
    ['text/html-sandboxed', false],
    ['application/json', false],
    ['image/avif,image/webp,*/*', false],
    ['*/*', false],
    ['text/*', false],
    ['', false],
    [undefined, false],
  ];
  for (const [accept, expected] of rows) assert.equal(isTopLevelNavigation({ accept }, 'GET'), expected, accept);
});

test('AR-16 a script that identifies itself, also by the configured header, is not a navigation', () => {
  const accept = 'text/html';
  assert.equal(isTopLevelNavigation({ accept, 'x-requested-with': 'fetch' }, 'GET'), false);
  assert.equal(isTopLevelNavigation({ accept, 'x-csrf': '1' }, 'GET'), false);
  assert.equal(isTopLevelNavigation({ accept, 'x-shop': '' }, 'GET', 'X-Shop'), false);
  assert.equal(isTopLevelNavigation({ accept, 'x-csrf': '1' }, 'GET', 'X-Shop'), true);
});

test('AR-16 only GET is a navigation', () => {
  for (const method of ['POST', 'HEAD', 'OPTIONS', 'PUT', 'get', ''])
    assert.equal(isTopLevelNavigation(GO, method), false, method);
});

test('W01 a navigation that a service worker passes on is one, wherever it started; other requests of a worker are not', () => {
  const passedOn = { ...GO, 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };
  // Chromium names the site that started the navigation, or `none` for an address that was typed.
  for (const site of ['same-origin', 'none', 'same-site', 'cross-site'])
    assert.equal(isTopLevelNavigation({ ...passedOn, 'sec-fetch-site': site }, 'GET'), true, site);
  for (const mode of ['cors', 'no-cors', 'same-origin', ''])
    assert.equal(isTopLevelNavigation({ ...passedOn, 'sec-fetch-mode': mode }, 'GET'), false, mode);
  for (const dest of ['iframe', 'frame', 'embed', 'object', 'script', ''])
    assert.equal(isTopLevelNavigation({ ...passedOn, 'sec-fetch-dest': dest }, 'GET'), false, dest);
  assert.equal(isTopLevelNavigation({ ...passedOn, 'sec-purpose': 'prefetch' }, 'GET'), false);
  assert.equal(isTopLevelNavigation(passedOn, 'POST'), false);
});

test('W01 a navigation that a service worker passes on in Firefox is one; a fetch of the same mode is not', () => {
  const passedOn = {
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'upgrade-insecure-requests': '1',
    'sec-fetch-dest': 'empty',
    'sec-fetch-mode': 'same-origin',
    'sec-fetch-site': 'same-origin',
  };
  assert.equal(isTopLevelNavigation(passedOn, 'GET'), true);
  assert.equal(isDocumentRequest(passedOn), true);
  const { 'upgrade-insecure-requests': _, ...fetched } = passedOn;
  for (const headers of [
    fetched,
    { ...passedOn, accept: '*/*' },
    { ...passedOn, 'x-csrf': '1' },
    { ...passedOn, 'sec-fetch-site': 'same-site' },
    { ...passedOn, 'sec-fetch-site': 'cross-site' },
    { ...passedOn, 'sec-fetch-dest': 'image' },
    { ...passedOn, 'sec-fetch-mode': 'cors' },
  ]) {
    assert.equal(isTopLevelNavigation(headers, 'GET'), false, JSON.stringify(headers));
    assert.equal(isDocumentRequest(headers), false, JSON.stringify(headers));
  }
  assert.equal(isTopLevelNavigation({ ...passedOn, 'sec-purpose': 'prefetch' }, 'GET'), false);
  assert.equal(isTopLevelNavigation(passedOn, 'POST'), false);
});

/** Tables for CSRF, CORS, navigations and return URLs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCors, isPreflight } from '../../src/policy/cors.ts';
import { checkCsrf, checkUpgradeOrigin } from '../../src/policy/csrf.ts';
import { isTopLevelNavigation } from '../../src/policy/navigation.ts';
import { safeReturnPath } from '../../src/policy/return-url.ts';
import { fc } from '../support/properties.ts';

const OWN = 'https://shop.example.com';
const FRIEND = 'https://friend.example.com';
const csrf = (method: string, headers: Record<string, string>, mode: 'header' | 'fetch-metadata' = 'header') => {
  const outcome = checkCsrf({
    method,
    headers,
    mode,
    strictCookie: true,
    headerName: 'X-CSRF',
    publicOrigin: OWN,
    allowedOrigins: [FRIEND],
  });
  return outcome.kind === 'pass' ? 'pass' : outcome.code;
};

describe('CS-01 CS-02 R24 forged requests', () => {
  const H = { 'x-csrf': '1' };
  const rows: [string, Record<string, string>, string][] = [
    ['the header alone', H, 'pass'],
    ['the header from the own origin', { ...H, origin: OWN, 'sec-fetch-site': 'same-origin' }, 'pass'],
    ['nothing', {}, 'csrf_header_missing'],
    ['another value', { 'x-csrf': 'yes' }, 'csrf_header_missing'],
    ['the header twice', { 'x-csrf': '1, 1' }, 'csrf_header_missing'],
    ['the own origin without the header', { origin: OWN, 'sec-fetch-site': 'same-origin' }, 'csrf_header_missing'],
    ['another site', { ...H, 'sec-fetch-site': 'cross-site' }, 'csrf_cross_site'],
    ['a sibling', { ...H, 'sec-fetch-site': 'same-site' }, 'csrf_cross_site'],
    ['the address bar', { ...H, 'sec-fetch-site': 'none' }, 'csrf_cross_site'],
    ['a foreign origin', { ...H, origin: 'https://evil.example' }, 'csrf_cross_site'],
    ['origin null', { ...H, origin: 'null' }, 'csrf_cross_site'],
    ['an origin that starts like the own one', { ...H, origin: `${OWN}.evil.example` }, 'csrf_cross_site'],
    ['the own host over http', { ...H, origin: 'http://shop.example.com' }, 'csrf_cross_site'],
    ['a listed origin', { ...H, origin: FRIEND, 'sec-fetch-site': 'same-site' }, 'pass'],
    ['a listed origin without the header', { origin: FRIEND, 'sec-fetch-site': 'same-site' }, 'csrf_header_missing'],
  ];
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
    for (const [name, headers, expected] of rows)
      test(`${method} with ${name}: ${expected}`, () => assert.equal(csrf(method, headers), expected));
  }

  test('fetch-metadata mode exempts GET and HEAD from own pages, nothing else', () => {
    const same = { 'sec-fetch-site': 'same-origin' };
    assert.equal(csrf('GET', same, 'fetch-metadata'), 'pass');
    assert.equal(csrf('HEAD', same, 'fetch-metadata'), 'pass');
    assert.equal(csrf('POST', same, 'fetch-metadata'), 'csrf_header_missing');
    assert.equal(csrf('GET', {}, 'fetch-metadata'), 'csrf_header_missing');
    for (const site of ['cross-site', 'same-site', 'none'])
      assert.equal(csrf('GET', { 'sec-fetch-site': site }, 'fetch-metadata'), 'csrf_cross_site');
  });

  test('CS-06 a method override header has no effect', () => {
    assert.equal(
      csrf('POST', { 'x-http-method-override': 'GET', 'sec-fetch-site': 'same-origin' }, 'fetch-metadata'),
      'csrf_header_missing',
    );
  });

  test('CS-07 a WebSocket handshake must come from the own origin or a listed one', () => {
    const upgrade = (origin?: string) =>
      checkUpgradeOrigin({
        headers: origin === undefined ? {} : { origin },
        publicOrigin: OWN,
        allowedOrigins: [FRIEND],
      }).kind;
    assert.deepEqual([OWN, FRIEND, undefined, 'null', 'https://evil.example'].map(upgrade), [
      'pass',
      'pass',
      'refused',
      'refused',
      'refused',
    ]);
  });
});

describe('R26 CS-03 CORS', () => {
  const cors = createCors([FRIEND, 'null']);
  const preflight = (origin: string) => ({
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-csrf',
  });

  test('a listed origin gets exactly itself, and credentials', () => {
    const headers = cors.preflightHeaders(preflight(FRIEND));
    assert.equal(headers['access-control-allow-origin'], FRIEND);
    assert.equal(headers['access-control-allow-credentials'], 'true');
    assert.match(headers.vary ?? '', /Origin/);
    assert.equal(cors.corsHeaders(FRIEND)['access-control-allow-origin'], FRIEND);
  });
  test('any other origin gets no CORS headers', () => {
    for (const origin of [
      'https://evil.example',
      'null',
      `${FRIEND}.evil.example`,
      FRIEND.toUpperCase(),
      'http://friend.example.com',
      `${FRIEND}:8443`,
    ]) {
      for (const headers of [cors.preflightHeaders(preflight(origin)), cors.corsHeaders(origin)]) {
        assert.deepEqual(
          Object.keys(headers).filter((name) => name.startsWith('access-control')),
          [],
          origin,
        );
      }
    }
  });
  test('an OPTIONS without a requested method is an ordinary request', () => {
    assert.equal(isPreflight('OPTIONS', { origin: FRIEND }), false);
    assert.equal(isPreflight('GET', preflight(FRIEND)), false);
    assert.equal(isPreflight('OPTIONS', preflight(FRIEND)), true);
  });
  test('without a list CORS is off', () => assert.deepEqual(createCors([]).corsHeaders(FRIEND), {}));
});

describe('AR-16 only navigations of a user', () => {
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
  const rows: [string, string, Record<string, string>, boolean][] = [
    ['a navigation', 'GET', navigation, true],
    ['an older browser', 'GET', { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }, true],
    ['a POST', 'POST', navigation, false],
    ['a frame', 'GET', { ...navigation, 'sec-fetch-dest': 'iframe' }, false],
    ['an image', 'GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, false],
    ['a fetch', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' }, false],
    ['a prefetch', 'GET', { ...navigation, 'sec-purpose': 'prefetch' }, false],
    ['an old prefetch', 'GET', { ...navigation, purpose: 'prefetch' }, false],
    ['half of the metadata', 'GET', { 'sec-fetch-mode': 'navigate', accept: 'text/html' }, false],
    ['curl', 'GET', { accept: '*/*' }, false],
    ['a script that identifies itself', 'GET', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }, false],
    ['the CSRF header', 'GET', { accept: 'text/html', 'x-csrf': '1' }, false],
  ];
  for (const [name, method, headers, expected] of rows)
    test(`${name}: ${expected}`, () => assert.equal(isTopLevelNavigation(headers, method), expected));
});

describe('R33 AR-12 return URLs', () => {
  const to = (value: unknown) => safeReturnPath(value, OWN, ['/login', '/callback', '/logout']);
  const hostile = [
    'https://evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    `${OWN}@evil.example/`,
    `${OWN}.evil.example/`,
    '/%09/evil.example',
    '/\t/evil.example',
    '/%2f/evil.example',
    '/%5cevil.example',
    'javascript:alert(1)',
    '/\r\nLocation: x',
    '/%0d%0aLocation:x',
    '/／evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    ' /x',
    'x',
    '',
    '/login',
    '/LOGIN/',
    '/callback?code=1',
    '/%6cogin',
    '/logout?sid=x',
    `/${'a'.repeat(2001)}`,
    7,
    undefined,
    ['/x'],
    '/%',
  ];
  for (const value of hostile)
    test(`${JSON.stringify(value)?.slice(0, 60)} is refused as return URL`, () => assert.equal(to(value), '/'));
  test('own paths are accepted, with query and fragment', () => {
    for (const value of ['/', '/orders/1', '/orders?page=2&q=a%20b', '/#/orders', '/a%2Fb?next=https://evil.example'])
      assert.equal(to(value), value);
    assert.equal(to(`${OWN}/orders`), '/orders');
  });
  test('for any input, a browser stays on the own origin', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '//',
      '.',
      '..',
      '%2f',
      '%5c',
      '%09',
      '\t',
      '\n',
      '@',
      ':',
      'https:',
      'evil.example',
      'x',
      '?',
      '#',
      '／',
      '%',
      '。',
      OWN,
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
        ),
        (value) => {
          assert.equal(new URL(to(value), `${OWN}/callback`).origin, OWN);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

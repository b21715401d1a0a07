/** Properties of the CSRF check: no combination of headers that another site can cause passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CsrfCheck, checkCsrf, checkUpgradeOrigin } from '../../src/policy/csrf.ts';
import { fc } from '../support/properties.ts';

const OWN = 'https://shop.example.com';
const FRIEND = 'https://friend.example.com';
const HEADER = 'X-Shop-CSRF';

function codeOf(check: Pick<CsrfCheck, 'method' | 'headers'> & Partial<CsrfCheck>): string {
  const outcome = checkCsrf({
    mode: 'header',
    strictCookie: true,
    headerName: HEADER,
    publicOrigin: OWN,
    allowedOrigins: [FRIEND, 'null'],
    ...check,
  });
  return outcome.kind === 'pass' ? 'pass' : outcome.code;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'get'];
const SITES = [
  'same-origin',
  'same-site',
  'cross-site',
  'none',
  'Same-Origin',
  'same-origin, cross-site',
  '',
  undefined,
];
const ORIGINS = [
  ...[OWN, FRIEND, undefined, 'null', '', 'https://evil.example', `${OWN}.evil.example`, `${OWN}:8443`, `${OWN}/`],
  ...['http://shop.example.com', 'https://SHOP.example.com', 'https://evil.shop.example.com', `${OWN}, ${OWN}`],
];
const VALUES = ['1', undefined, '', '0', '2', 'true', ' 1', '1, 1', '11'];

test('CS-02 R24 the two checks decide every combination of method, site, origin and header', () => {
  for (const method of METHODS) {
    for (const site of SITES) {
      for (const origin of ORIGINS) {
        for (const value of VALUES) {
          for (const mode of ['header', 'fetch-metadata'] as const) {
            const listed = origin === FRIEND;
            const ours = origin === undefined || origin === OWN || listed;
            const near = site === undefined || site === 'same-origin' || listed;
            const image = mode === 'fetch-metadata' && ['GET', 'HEAD'].includes(method) && site === 'same-origin';
            const own = value === '1' || image ? 'pass' : 'csrf_header_missing';
            assert.equal(
              codeOf({ method, mode, headers: { 'sec-fetch-site': site, origin, 'x-shop-csrf': value } }),
              ours && near ? own : 'csrf_cross_site',
              JSON.stringify({ method, mode, site, origin, value }),
            );
          }
        }
      }
    }
  }
});

test('CS-01 only the configured header counts', () => {
  assert.equal(codeOf({ method: 'POST', headers: { 'x-csrf': '1' } }), 'csrf_header_missing');
  assert.equal(codeOf({ method: 'POST', headers: { 'x-csrf': '1' }, headerName: 'X-CSRF' }), 'pass');
  assert.equal(codeOf({ method: 'POST', headers: { x_shop_csrf: '1', 'x-shop-csrf2': '1' } }), 'csrf_header_missing');
});

test('CS-01 R24 a request that a form, image or link of another site can send never passes, with any other header', () => {
  // A foreign page cannot set the custom header without a preflight, or choose the origin that the browser reports.
  const site = fc.constantFrom('cross-site', 'same-site', 'none');
  const origin = fc.constantFrom('https://evil.example', 'null', undefined, `${OWN}.evil.example`);
  const name = fc.constantFrom(
    'content-type',
    'accept',
    'x-requested-with',
    'x-http-method-override',
    'referer',
    'cookie',
  );
  const others = fc.dictionary(
    name,
    fc.constantFrom('1', 'text/plain', OWN, 'XMLHttpRequest', 'GET', 'X-Shop-CSRF: 1'),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...METHODS),
      fc.constantFrom('header' as const, 'fetch-metadata' as const),
      fc.option(site, { nil: undefined }),
      origin,
      others,
      (method, mode, where, from, rest) => {
        const headers = { ...rest, 'sec-fetch-site': where, origin: from };
        assert.notEqual(codeOf({ method, mode, headers }), 'pass');
      },
    ),
    { numRuns: 2_000 },
  );
});

test('CS-02 null in the list allows no origin', () => {
  assert.equal(codeOf({ method: 'POST', headers: { origin: 'null', 'x-shop-csrf': '1' } }), 'csrf_cross_site');
  const check = { headers: { origin: 'null' }, publicOrigin: OWN, allowedOrigins: ['null'] };
  assert.equal(checkUpgradeOrigin(check).kind, 'refused');
});

test('CS-07 a handshake passes only from the public origin and the listed ones', () => {
  for (const origin of ORIGINS) {
    const outcome = checkUpgradeOrigin({ headers: { origin }, publicOrigin: OWN, allowedOrigins: [FRIEND] });
    assert.equal(outcome.kind, origin === OWN || origin === FRIEND ? 'pass' : 'refused', origin);
  }
});

test('E02 W01 what a service worker may have passed on passes without the header only with a Strict cookie', () => {
  const site = { 'sec-fetch-site': 'same-origin' };
  const passedOn = ['navigate', 'same-origin'].map((mode) => ({
    ...site,
    'sec-fetch-mode': mode,
    'sec-fetch-dest': 'empty',
  }));
  const known = [
    { ...site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    { ...site, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    { ...site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
  ];
  const code = (headers: CsrfCheck['headers'], strictCookie: boolean) =>
    codeOf({ method: 'GET', headers, mode: 'fetch-metadata', strictCookie });
  for (const headers of passedOn) {
    assert.equal(code(headers, true), 'pass');
    assert.equal(code(headers, false), 'csrf_header_missing');
    assert.equal(code({ ...headers, [HEADER.toLowerCase()]: '1' }, false), 'pass');
  }
  for (const headers of known) for (const strict of [true, false]) assert.equal(code(headers, strict), 'pass');
});

test('a refusal states its reason, for the log', () => {
  const check = {
    method: 'POST',
    mode: 'header' as const,
    strictCookie: true,
    headerName: HEADER,
    publicOrigin: OWN,
    allowedOrigins: [],
  };
  const reason = (headers: CsrfCheck['headers']) => {
    const outcome = checkCsrf({ ...check, headers });
    return outcome.kind === 'refused' ? outcome.reason : 'pass';
  };
  assert.match(reason({}), /X-Shop-CSRF/);
  assert.match(reason({ origin: 'https://evil.example' }), /Origin/);
  assert.match(reason({ 'sec-fetch-site': 'cross-site' }), /Sec-Fetch-Site/);
});

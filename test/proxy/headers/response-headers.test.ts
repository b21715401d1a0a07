/** Headers of an upstream's response that reach the browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { createResponseHeaderRewriter, type ResponseFacts } from '../../../src/proxy/headers/response-headers.ts';
import { configOf, firstRoute, flatten, toPairs, valuesOf } from '../../support/route-fixtures.ts';

type RouteInput = Partial<NonNullable<ConfigInput['routes']>[number]>;
type Pairs = [string, string][];

const FACTS: ResponseFacts = { caller: 'user', requestId: 'request-1', cors: {} };

function receive(
  headers: Pairs,
  facts: Partial<ResponseFacts> = {},
  route: RouteInput = {},
  rest: Partial<ConfigInput> = {},
) {
  const config = configOf([route], rest);
  return createResponseHeaderRewriter(config, firstRoute(config))(flatten(headers), { ...FACTS, ...facts });
}

test('ordinary headers pass in order with their bytes, repeated ones included', () => {
  const headers: Pairs = [
    ['Content-Type', 'text/plain'],
    ['X-Trace', 'a'],
    ['Date', 'today'],
    ['x-trace', 'b\xfc'],
    ['Content-Length', '5'],
    ['WWW-Authenticate', 'Bearer error="invalid_token"'],
  ];
  assert.deepEqual(receive(headers).slice(0, headers.length * 2), headers.flat());
});

test('E10 a misspelling of a header with a rule does not pass: a front proxy may replace `_` with `-`', () => {
  for (const name of [
    'Set_Cookie',
    'Clear_Site_Data',
    'Strict_Transport_Security',
    'Access_Control_Allow_Origin',
    'Cache_Control',
  ])
    assert.deepEqual(valuesOf(receive([[name, 'x']]), name), [], name);
});

test('R54 hop-by-hop headers and those named in Connection do not pass', () => {
  const got = receive([
    ['Connection', 'close, X-Hop'],
    ['X-HOP', '1'],
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['Upgrade', 'h2c'],
    ['Transfer-Encoding', 'chunked'],
    ['Trailer', 'x'],
    ['Proxy-Authenticate', 'Basic'],
    ['X-Second', '2'],
    ['connection', 'x-second'],
    ['X-App', 'stays'],
  ]);
  const names = toPairs(got).map(([name]) => name);
  const gone = [
    'connection',
    'x-hop',
    'keep-alive',
    'proxy-connection',
    'upgrade',
    'transfer-encoding',
    'trailer',
    'proxy-authenticate',
  ];
  for (const name of [...gone, 'x-second']) assert.ok(!names.includes(name), name);
  assert.ok(names.includes('x-app'));
});

test('R54 a Connection header cannot remove headers that the gateway sets', () => {
  const got = receive([['Connection', 'x-content-type-options, cache-control, vary, x-request-id']]);
  for (const name of ['x-content-type-options', 'cache-control', 'vary', 'x-request-id'])
    assert.equal(valuesOf(got, name).length, 1, name);
});

test('CS-04 CORS headers of the upstream are dropped, those of the gateway stay', () => {
  const upstream: Pairs = [
    ['Access-Control-Allow-Origin', '*'],
    ['ACCESS-CONTROL-ALLOW-CREDENTIALS', 'true'],
    ['Access-Control-Expose-Headers', '*'],
    ['Access-Control-Allow-Private-Network', 'true'],
  ];
  assert.ok(!toPairs(receive(upstream)).some(([name]) => name.startsWith('access-control-')));
  const cors = { 'access-control-allow-origin': 'https://partner.example.com', vary: 'Origin' };
  const got = receive(upstream, { cors }, {}, { cors: { allowedOrigins: ['https://partner.example.com'] } });
  assert.deepEqual(
    toPairs(got).filter(([name]) => name.startsWith('access-control-')),
    [['access-control-allow-origin', 'https://partner.example.com']],
  );
  assert.deepEqual(valuesOf(got, 'vary'), ['Cookie, Origin']);
});

test('PX-15 Set-Cookie is dropped by default, and forwarded without cookies named like those of the gateway', () => {
  const cookies: Pairs = [
    ['Set-Cookie', 'app=1; Path=/'],
    ['set-cookie', '__HOST-bff=evil; Path=/; Secure'],
    ['Set-Cookie', 'bff-login-abc=evil'],
    ['Set-Cookie2', 'app=1'],
    ['Set-Cookie', 'other=2; HttpOnly'],
  ];
  assert.deepEqual(valuesOf(receive(cookies), 'set-cookie'), []);
  const got = receive(cookies, {}, { setCookie: 'forward' });
  assert.deepEqual(valuesOf(got, 'set-cookie'), ['app=1; Path=/', 'other=2; HttpOnly']);
  assert.deepEqual(valuesOf(got, 'set-cookie2'), []);
});

test('PX-15 the configured name of the session cookie is protected', () => {
  const cookies: Pairs = [
    ['Set-Cookie', 'SHOP=evil'],
    ['Set-Cookie', 'bff=fine'],
  ];
  const got = receive(cookies, {}, { setCookie: 'forward' }, { session: { cookie: { name: '__Host-shop' } } });
  assert.deepEqual(valuesOf(got, 'set-cookie'), ['bff=fine']);
});

test('every response carries the security headers of the gateway, once', () => {
  const got = receive([
    ['X-Content-Type-Options', 'sniff'],
    ['Cross-Origin-Resource-Policy', 'cross-origin'],
    ['Strict-Transport-Security', 'max-age=0'],
    ['X-Request-Id', 'theirs'],
    ['Server', 'upstream/1'],
    ['X-Powered-By', 'upstream'],
    ['Clear-Site-Data', '"cookies"'],
    ['Alt-Svc', 'h3=":443"'],
    ['Referrer-Policy', 'no-referrer'],
  ]);
  assert.deepEqual(valuesOf(got, 'x-content-type-options'), ['nosniff']);
  assert.deepEqual(valuesOf(got, 'cross-origin-resource-policy'), ['same-origin']);
  assert.deepEqual(valuesOf(got, 'strict-transport-security'), ['max-age=31536000; includeSubDomains']);
  assert.deepEqual(valuesOf(got, 'x-request-id'), ['request-1']);
  assert.deepEqual(valuesOf(got, 'referrer-policy'), ['no-referrer']);
  for (const name of ['server', 'x-powered-by', 'clear-site-data', 'alt-svc'])
    assert.deepEqual(valuesOf(got, name), [], name);
  assert.deepEqual(valuesOf(receive([]), 'referrer-policy'), ['same-origin']);
});

test('E02 every response except a PDF is sandboxed, in addition to the policy of the upstream', () => {
  const policies = (headers: Pairs, route: RouteInput = {}) =>
    valuesOf(receive(headers, {}, route), 'content-security-policy');
  const own: Pairs = [['Content-Security-Policy', "default-src 'self'"]];
  for (const type of ['text/html', 'image/svg+xml', 'application/xml', 'application/json', 'text/plain', 'image/png'])
    assert.deepEqual(policies([['Content-Type', type], ...own]), ["default-src 'self'", 'sandbox'], type);
  assert.deepEqual(policies([]), ['sandbox']);
  assert.deepEqual(policies([['Connection', 'content-security-policy'], ...own]), ['sandbox']);
  assert.deepEqual(policies([['Content-Security-Policy', 'sandbox allow-scripts']]), [
    'sandbox allow-scripts',
    'sandbox',
  ]);
  assert.deepEqual(policies([['Content-Type', 'text/html'], ...own], { documents: 'forward' }), ["default-src 'self'"]);
  for (const type of ['application/pdf', 'Application/PDF', 'application/pdf; version=1.7'])
    assert.deepEqual(policies([['Content-Type', type], ...own]), ["default-src 'self'"], type);
});

test('E02 a response that only resembles a PDF is sandboxed', () => {
  const forged: Pairs[] = [
    [['Content-Type', 'application/pdf, text/html']],
    [['Content-Type', 'application/pdf;a=",text/html;"']],
    [['Content-Type', 'text/html;application/pdf']],
    [['Content-Type', 'application/pdfx']],
    [
      ['Content-Type', 'application/pdf'],
      ['content-type', 'text/html'],
    ],
    [
      ['Content-Type', 'text/html'],
      ['content-type', 'application/pdf'],
    ],
    [
      ['Connection', 'Content-Type'],
      ['Content-Type', 'application/pdf'],
    ],
  ];
  for (const headers of forged)
    assert.deepEqual(valuesOf(receive(headers), 'content-security-policy'), ['sandbox'], JSON.stringify(headers));
});

test('over plain HTTP there is no HSTS, not even from the upstream', () => {
  const local: Partial<ConfigInput> = { publicUrl: 'http://localhost:3000', development: { allowInsecureHttp: true } };
  assert.deepEqual(
    valuesOf(receive([['Strict-Transport-Security', 'max-age=9']], {}, {}, local), 'strict-transport-security'),
    [],
  );
});

const UP = 'http://orders:8080';
const LOCATIONS: [string, RouteInput, string, string][] = [
  ['absolute', { upstream: UP }, `${UP}/api/orders/7?x=1#top`, 'https://shop.example.com/api/orders/7?x=1#top'],
  ['absolute, in capitals', { upstream: UP }, 'HTTP://ORDERS:8080/api/a%2Fb', 'https://shop.example.com/api/a%2Fb'],
  ['explicit default port', { upstream: 'http://orders' }, 'http://orders:80/api', 'https://shop.example.com/api'],
  ['network-path', { upstream: UP }, '//orders:8080/api/x', 'https://shop.example.com/api/x'],
  ['backslashes', { upstream: UP }, 'http:\\\\orders:8080\\api\\x', 'https://shop.example.com/api/x'],
  ['credentials', { upstream: UP }, 'http://user:pass@orders:8080/api/x', 'https://shop.example.com/api/x'],
  ['no path', { upstream: UP }, UP, 'https://shop.example.com/'],
  ['query only', { upstream: UP }, `${UP}?q`, 'https://shop.example.com/?q'],
  ['base path', { upstream: `${UP}/base/` }, `${UP}/base/api/x`, 'https://shop.example.com/api/x'],
  ['base path itself', { upstream: `${UP}/base` }, `${UP}/base?q`, 'https://shop.example.com/?q'],
  ['outside the base path', { upstream: `${UP}/base` }, `${UP}/basement`, 'https://shop.example.com/basement'],
  ['strip', { upstream: UP, stripPrefix: '/api' }, `${UP}/orders/7`, 'https://shop.example.com/api/orders/7'],
  [
    'strip and base',
    { upstream: `${UP}/v1`, stripPrefix: '/api' },
    `${UP}/v1/orders`,
    'https://shop.example.com/api/orders',
  ],
  ['foreign', { upstream: UP }, 'https://elsewhere.example.com/x', 'https://elsewhere.example.com/x'],
  ['another port', { upstream: UP }, 'http://orders:9090/x', 'http://orders:9090/x'],
  ['another scheme', { upstream: UP }, 'https://orders:8080/x', 'https://orders:8080/x'],
  ['a longer host', { upstream: UP }, 'http://orders:8080.example.com/x', 'http://orders:8080.example.com/x'],
  ['host as user', { upstream: UP }, 'http://orders:8080@example.com/x', 'http://orders:8080@example.com/x'],
  ['relative path', { upstream: UP }, '/orders/7', '/orders/7'],
  ['relative', { upstream: UP }, '../orders?x', '../orders?x'],
  ['malformed', { upstream: UP }, 'http://[', 'http://['],
];
for (const [what, route, location, expected] of LOCATIONS) {
  test(`R34 Location: ${what}`, () => {
    assert.deepEqual(valuesOf(receive([['Location', location]], {}, route), 'location'), [expected]);
    assert.deepEqual(valuesOf(receive([['Content-Location', location]], {}, route), 'content-location'), [expected]);
  });
}

test('E19 age and scope of Strict-Transport-Security are options, the same in every response', () => {
  const hsts = (value: ConfigInput['hsts']) =>
    valuesOf(receive([], {}, {}, value === undefined ? {} : { hsts: value }), 'strict-transport-security').join();
  assert.equal(hsts(undefined), 'max-age=31536000; includeSubDomains');
  assert.equal(hsts({ includeSubDomains: false }), 'max-age=31536000');
  assert.equal(hsts({ maxAge: '1d' }), 'max-age=86400; includeSubDomains');
  assert.equal(hsts({ maxAge: '0s', includeSubDomains: false }), 'max-age=0');
});

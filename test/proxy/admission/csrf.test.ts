/** Requests of other sites never pass the data plane, and those of listed origins may. */
import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { signedIn, startDataPlane, type TestResponse } from '../../support/data-plane.ts';
import { configOf, PUBLIC } from '../../support/route-fixtures.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const PARTNER = 'https://partner.example.com';
const COOKIE: OutgoingHttpHeaders = { cookie: '__Host-bff=alice' };

let upstream: Upstream;
let gateway: Awaited<ReturnType<typeof startDataPlane>>;

before(async () => {
  upstream = await startUpstream();
  const routes = [
    { path: '/api/mixed/**', upstream: upstream.origin, rules: [{ token: 'user-or-none' as const }] },
    { path: '/api/images/**', upstream: upstream.origin, csrf: 'fetch-metadata' as const },
    { path: '/api/**', upstream: upstream.origin },
  ];
  gateway = await startDataPlane(configOf(routes, { cors: { allowedOrigins: [PARTNER] } }));
});
after(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  gateway.events.length = 0;
  gateway.audits.length = 0;
});

const code = (response: TestResponse) => JSON.parse(response.body).code;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const FORGED: [string, string, OutgoingHttpHeaders, string][] = [
  [
    'form post from another site',
    'POST',
    { ...COOKIE, ...FORM, origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
    'csrf_cross_site',
  ],
  [
    'the same, although it has the header',
    'POST',
    { ...signedIn('alice'), origin: 'https://evil.test' },
    'csrf_cross_site',
  ],
  [
    'text/plain from a sibling',
    'POST',
    { ...COOKIE, 'content-type': 'text/plain', 'sec-fetch-site': 'same-site' },
    'csrf_cross_site',
  ],
  ['PUT by script', 'PUT', { ...COOKIE, origin: 'https://evil.test' }, 'csrf_cross_site'],
  ['DELETE from a sandboxed frame', 'DELETE', { ...signedIn('alice'), origin: 'null' }, 'csrf_cross_site'],
  ['GET by an image of another site', 'GET', { ...COOKIE, 'sec-fetch-site': 'cross-site' }, 'csrf_cross_site'],
  [
    'top-level navigation',
    'GET',
    { ...COOKIE, 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' },
    'csrf_cross_site',
  ],
  [
    'script of our own page',
    'GET',
    { ...COOKIE, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'script' },
    'csrf_header_missing',
  ],
  ['old browser, no header', 'POST', { ...COOKIE, ...FORM }, 'csrf_header_missing'],
  [
    'post whose cookie SameSite held back',
    'POST',
    { ...FORM, origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
    'csrf_cross_site',
  ],
];
for (const [what, method, headers, expected] of FORGED) {
  test(`R24 CS-01 CS-02 ${what} is 403, before store and upstream`, async () => {
    const response = await gateway.call('/api/x', { method, headers, body: method === 'POST' ? 'a=1' : '' });
    assert.equal(response.status, 403);
    assert.equal(code(response), expected);
    assert.deepEqual(gateway.events, []);
    assert.equal(upstream.requests.length, 0);
    const [event, details] = gateway.audits[0] ?? [];
    assert.equal(event, 'csrf.denied');
    assert.equal(details?.reason, expected);
    assert.equal(details?.method, method);
    assert.equal(details?.clientIp, '127.0.0.1');
  });
}

test('R24 the same requests from the application pass', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    const headers = { ...signedIn('alice'), origin: PUBLIC, 'sec-fetch-site': 'same-origin' };
    assert.equal((await gateway.call('/api/x', { method, headers })).status, 200);
  }
  assert.equal(upstream.requests.length, 4);
});

test('CS-01 user-or-none: with a session cookie the check applies, without one it does not', async () => {
  assert.equal((await gateway.call('/api/mixed/x', { headers: COOKIE })).status, 403);
  assert.equal((await gateway.call('/api/mixed/x', { method: 'POST' })).status, 200);
});

test('CS-01 fetch-metadata: an image of an own page needs no header, a write does', async () => {
  const own = { ...COOKIE, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'image' };
  const response = await gateway.call('/api/images/1', { headers: own });
  assert.equal(response.status, 200);
  assert.equal(response.headers.vary, 'Cookie, Sec-Fetch-Site, Origin');
  assert.equal((await gateway.call('/api/images/1', { method: 'POST', headers: own })).status, 403);
  assert.equal(
    (await gateway.call('/api/images/1', { headers: { ...own, 'sec-fetch-site': 'cross-site' } })).status,
    403,
  );
});

test('CS-06 a method override changes neither rule nor upstream', async () => {
  const headers = { ...COOKIE, 'sec-fetch-site': 'same-origin', 'x-http-method-override': 'DELETE' };
  await gateway.call('/api/images/1', { headers });
  assert.equal(upstream.requests[0]?.method, 'GET');
  assert.equal(upstream.requests[0]?.header('x-http-method-override'), undefined);
});

const preflight = (origin: string) => ({
  origin,
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'x-csrf',
});

test('R26 CS-03 the gateway answers a preflight itself, without a session, for listed origins only', async () => {
  const listed = await gateway.call('/api/x', { method: 'OPTIONS', headers: preflight(PARTNER) });
  assert.equal(listed.status, 204);
  assert.equal(listed.headers['access-control-allow-origin'], PARTNER);
  assert.equal(listed.headers['access-control-allow-credentials'], 'true');
  for (const origin of ['https://evil.test', 'null', `${PARTNER}.evil.test`]) {
    const other = await gateway.call('/api/x', { method: 'OPTIONS', headers: preflight(origin) });
    assert.equal(other.headers['access-control-allow-origin'], undefined, origin);
    assert.equal(other.headers.vary, 'Origin');
  }
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(gateway.events, []);
});

test('R26 an OPTIONS that is not a preflight is an ordinary request', async () => {
  assert.equal((await gateway.call('/api/x', { method: 'OPTIONS', headers: { origin: PARTNER } })).status, 401);
  const response = await gateway.call('/api/x', {
    method: 'OPTIONS',
    headers: { ...signedIn('alice'), origin: PARTNER },
  });
  assert.equal(response.status, 200);
});

test('CS-04 a listed origin may read responses and refusals, whatever CORS headers the upstream sends', async () => {
  upstream.respondWith(
    (_req, res) => void res.writeHead(200, { 'access-control-allow-origin': '*', vary: 'Accept' }).end(),
  );
  const response = await gateway.call('/api/x', {
    headers: { ...signedIn('alice'), origin: PARTNER, 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers['access-control-allow-origin'], PARTNER);
  assert.equal(response.headers.vary, 'Accept, Cookie, Origin');
  const refused = await gateway.call('/api/x', { headers: { origin: PARTNER } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers['access-control-allow-origin'], PARTNER);
  const stranger = await gateway.call('/api/mixed/x', { headers: { origin: 'https://evil.test' } });
  assert.equal(stranger.status, 200);
  assert.equal(stranger.headers['access-control-allow-origin'], undefined);
  const next = await gateway.call('/api/x', {});
  assert.equal(next.headers['access-control-allow-origin'], undefined, 'no state of one request affects the next');
});

/** Exact CORS headers for listed, unlisted and missing origins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCors, isPreflight } from '../../src/policy/cors.ts';
import { fc } from '../support/properties.ts';

const FRIEND = 'https://friend.example.com';
const SECOND = 'https://second.example.com:8443';
const cors = createCors([FRIEND, SECOND]);
const ASKS = { 'access-control-request-method': 'PUT' };

test('R26 CS-03 a preflight from a listed origin gets its origin, methods, requested headers and Vary', () => {
  const headers = { origin: SECOND, ...ASKS, 'access-control-request-headers': 'x-csrf, content-type' };
  assert.deepEqual(cors.preflightHeaders(headers), {
    'access-control-allow-origin': SECOND,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': 'x-csrf, content-type',
    'access-control-max-age': '600',
    vary: 'Origin, Access-Control-Request-Headers',
  });
  assert.equal(cors.preflightHeaders({ origin: FRIEND, ...ASKS })['access-control-allow-headers'], undefined);
});

test('R26 CS-03 requested headers that are not a list of names are not repeated', () => {
  for (const asked of ['a\r\nSet-Cookie: x', 'x\u0000', 'a;b', '"x"', 'a:b', 'x/y', '', 'é', `x${'-'.repeat(1024)}`]) {
    const response = cors.preflightHeaders({ origin: FRIEND, ...ASKS, 'access-control-request-headers': asked });
    assert.equal(response['access-control-allow-headers'], undefined, JSON.stringify(asked));
    assert.equal(response['access-control-allow-origin'], FRIEND);
  }
});

test('R26 CS-04 other responses to a listed origin: readable with credentials, never by a wildcard', () => {
  const { 'access-control-expose-headers': exposed, ...rest } = cors.corsHeaders(FRIEND);
  assert.deepEqual(rest, {
    'access-control-allow-origin': FRIEND,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  });
  for (const name of ['WWW-Authenticate', 'Retry-After', 'X-Request-Id', 'X-Bff-Gateway'])
    assert.ok(exposed?.split(', ').includes(name), name);
  assert.ok(!exposed?.includes('*') && !/set-cookie/i.test(exposed ?? ''));
});

test('R26 CS-03 every other origin, or none, gets no header except Vary', () => {
  const near = fc.constantFrom(
    FRIEND,
    '.evil.example',
    ':443',
    '/',
    ' ',
    'null',
    '*',
    'https://',
    'FRIEND',
    ',',
    SECOND,
    '@',
  );
  const text = fc.oneof(
    fc.array(near, { maxLength: 3 }).map((parts) => parts.join('')),
    fc.webUrl(),
    fc.string({ maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.option(text, { nil: undefined }), (origin) => {
      if (origin === FRIEND || origin === SECOND) return;
      assert.deepEqual(cors.corsHeaders(origin), { vary: 'Origin' });
      assert.deepEqual(cors.preflightHeaders({ origin, ...ASKS }), { vary: 'Origin' });
    }),
  );
});

test('CS-03 off by default: no CORS and no Vary; null cannot be allowed', () => {
  for (const off of [createCors([]), createCors(['null'])]) {
    for (const origin of [FRIEND, 'null', undefined]) {
      assert.deepEqual(off.corsHeaders(origin), {});
      assert.deepEqual(off.preflightHeaders({ origin, ...ASKS }), {});
    }
  }
});

test('R26 a preflight is an OPTIONS with an origin and a requested method', () => {
  assert.equal(isPreflight('OPTIONS', { origin: FRIEND, ...ASKS }), true);
  assert.equal(isPreflight('OPTIONS', { origin: '', 'access-control-request-method': '' }), true);
  assert.equal(isPreflight('OPTIONS', ASKS), false);
  assert.equal(isPreflight('OPTIONS', { origin: FRIEND }), false);
  for (const method of ['GET', 'POST', 'options', 'HEAD'])
    assert.equal(isPreflight(method, { origin: FRIEND, ...ASKS }), false, method);
});

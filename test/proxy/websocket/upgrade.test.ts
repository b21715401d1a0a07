/** WebSocket handshakes up to the point where the upstream would be contacted. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { ForwardOptions } from '../../../src/proxy/forwarding/forward-options.ts';
import { sessionOf, startDataPlane } from '../../support/data-plane.ts';
import { rawRequest } from '../../support/raw.ts';
import { configOf, flatten, PUBLIC, valuesOf } from '../../support/route-fixtures.ts';

const PARTNER = 'https://partner.example.com';

let gateway: Awaited<ReturnType<typeof startDataPlane>>;
/** The arguments of each opened tunnel. */
const opened: ForwardOptions[] = [];

before(async () => {
  const websocket = true;
  const config = configOf([
    { path: '/api/plain/**' },
    { path: '/api/mixed/**', websocket, rules: [{ token: 'user-or-none' }] },
    { path: '/api/public/**', websocket, rules: [{ token: 'none' }] },
    { path: '/api/scoped/**', websocket, rules: [{ token: 'user', scopes: ['admin'] }] },
    { path: '/api/writes/**', websocket, rules: [{ methods: ['POST'], token: 'user' }] },
    { path: '/api/**', websocket, allowedOrigins: [PARTNER], claimHeaders: { 'X-Shop-Customer': 'sub' } },
  ]);
  gateway = await startDataPlane(config, {
    async open(_exchange, socket, _head, _route, options) {
      opened.push(options);
      socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n');
    },
  });
});
after(() => gateway.close());
beforeEach(() => {
  opened.length = 0;
  gateway.events.length = 0;
  gateway.audits.length = 0;
  gateway.state.usable = (session) => ({ kind: 'active', session });
});

const HANDSHAKE: Record<string, string> = {
  Host: 'shop.example.com',
  Connection: 'keep-alive, Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  Origin: PUBLIC,
  Cookie: 'app=1; __Host-bff=alice',
};

/** Sends a handshake with changed headers; an empty value omits one. */
async function shake(changes: Record<string, string> = {}, path = '/api/ws', start = 'GET') {
  const headers = Object.entries({ ...HANDSHAKE, ...changes }).filter(([, value]) => value !== '');
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const response = await rawRequest(gateway.port, `${start} ${path} HTTP/1.1\r\n${lines}\r\n`);
  return {
    status: response.status,
    code: response.text === '' ? undefined : JSON.parse(response.text).code,
    answer: response,
  };
}

test('R40 R27 a handshake with a session carries the access token upstream, without cookies of the gateway', async () => {
  gateway.sessions.set('boris', sessionOf('boris', { userInfo: { sub: 'Борис' } }));
  const { status } = await shake({
    Cookie: 'app=1; __Host-bff=boris; __Host-bff-login-x=1',
    Authorization: 'Bearer forged',
  });
  assert.equal(status, 101);
  assert.deepEqual(gateway.events, ['load', 'usable', 'touch']);
  const [options] = opened;
  assert.ok(options);
  assert.deepEqual(valuesOf(options.headers, 'authorization'), ['Bearer access-of-boris']);
  assert.deepEqual(valuesOf(options.headers, 'cookie'), ['app=1']);
  assert.deepEqual(valuesOf(options.headers, 'connection'), ['Upgrade']);
  assert.deepEqual(valuesOf(options.headers, 'upgrade'), ['websocket']);
  assert.deepEqual(valuesOf(options.headers, 'host'), ['orders:8080']);
  assert.deepEqual(valuesOf(options.headers, 'sec-websocket-key'), ['dGhlIHNhbXBsZSBub25jZQ==']);
  assert.deepEqual(valuesOf(options.headers, 'x-shop-customer'), ['%D0%91%D0%BE%D1%80%D0%B8%D1%81']);
  assert.equal(options.path, '/api/ws');
  assert.equal(options.streamKey, 'key-of-boris');
  assert.equal(options.endsAt, Number.MAX_SAFE_INTEGER);
  const back = options.rewriteHeaders(
    flatten([
      ['Set-Cookie', '__Host-bff=evil'],
      ['Sec-WebSocket-Accept', 'x'],
    ]),
  );
  assert.deepEqual(valuesOf(back, 'set-cookie'), []);
  assert.deepEqual(valuesOf(back, 'sec-websocket-accept'), ['x']);
});

test('R40 an expired access token is refreshed first', async () => {
  gateway.state.usable = async () => ({ kind: 'refreshed', session: sessionOf('alice', { accessToken: 'renewed' }) });
  await shake();
  assert.deepEqual(valuesOf(opened[0]?.headers ?? [], 'authorization'), ['Bearer renewed']);
});

const REFUSED: [string, Record<string, string>, string, number, string][] = [
  ['R40 without a session', { Cookie: '' }, '/api/ws', 401, 'unauthenticated'],
  ['R40 without a session and Origin', { Cookie: '', Origin: '' }, '/api/ws', 401, 'unauthenticated'],
  ['R40 with an ended session', { Cookie: '__Host-bff=nobody' }, '/api/ws', 401, 'unauthenticated'],
  ['CS-07 from another site', { Origin: 'https://evil.test' }, '/api/ws', 403, 'csrf_cross_site'],
  ['CS-07 from a subdomain', { Origin: 'https://blog.example.com' }, '/api/ws', 403, 'csrf_cross_site'],
  [
    'CS-07 from another site, its cookie held back',
    { Origin: 'https://evil.test', Cookie: '' },
    '/api/ws',
    403,
    'csrf_cross_site',
  ],
  ['CS-07 from a sandboxed frame', { Origin: 'null' }, '/api/ws', 403, 'csrf_cross_site'],
  ['CS-07 with a cookie but no Origin', { Origin: '' }, '/api/ws', 403, 'csrf_cross_site'],
  ['CS-07 with a CSRF header instead of Origin', { Origin: '', 'X-CSRF': '1' }, '/api/ws', 403, 'csrf_cross_site'],
  [
    'CS-07 as a guest with a cookie, from another site',
    { Origin: 'https://evil.test' },
    '/api/mixed/ws',
    403,
    'csrf_cross_site',
  ],
  ['CS-07 from an origin that another route lists', { Origin: PARTNER }, '/api/scoped/ws', 403, 'csrf_cross_site'],
  ['without the scope', {}, '/api/scoped/ws', 403, 'insufficient_scope'],
  ['where no rule names GET', {}, '/api/writes/ws', 403, 'access_denied'],
  ['PX-09 on a route without WebSockets', {}, '/api/plain/ws', 400, 'upgrade_refused'],
  ['PX-09 to h2c', { Upgrade: 'h2c' }, '/api/ws', 400, 'upgrade_refused'],
  ['PX-09 to a list of protocols', { Upgrade: 'websocket, h2c' }, '/api/public/ws', 400, 'upgrade_refused'],
  ['PX-09 to something longer', { Upgrade: 'websocket2' }, '/api/public/ws', 400, 'upgrade_refused'],
  ['another WebSocket version', { 'Sec-WebSocket-Version': '12' }, '/api/public/ws', 400, 'upgrade_refused'],
  ['no WebSocket key', { 'Sec-WebSocket-Key': '' }, '/api/public/ws', 400, 'upgrade_refused'],
  ['a bad WebSocket key', { 'Sec-WebSocket-Key': 'short' }, '/api/public/ws', 400, 'upgrade_refused'],
];
for (const [what, changes, path, status, code] of REFUSED) {
  test(`${what}: ${code}, and the upstream is not contacted`, async () => {
    const response = await shake(changes, path);
    assert.equal(response.status, status);
    assert.equal(response.code, code);
    assert.equal(opened.length, 0);
    if (status === 403 && code !== 'insufficient_scope') assert.ok(!gateway.events.includes('load'));
    if (code.startsWith('csrf')) assert.equal(gateway.audits[0]?.[0], 'csrf.denied');
  });
}

test('PX-09 another method than GET, and a body with Upgrade, are refused', async () => {
  assert.equal((await shake({}, '/api/public/ws', 'POST')).code, 'upgrade_refused');
  assert.equal((await shake({ 'Content-Length': '1' }, '/api/public/ws')).status, 400);
  assert.equal((await shake({ 'Transfer-Encoding': 'chunked' }, '/api/public/ws')).status, 400);
  assert.equal(opened.length, 0);
});

test('a listed origin may open a WebSocket, and guests may where the rule admits guests', async () => {
  assert.equal((await shake({ Origin: PARTNER })).status, 101);
  assert.equal((await shake({ Cookie: '' }, '/api/mixed/ws')).status, 101);
  assert.equal((await shake({ Origin: 'https://evil.test' }, '/api/public/ws')).status, 101);
  assert.deepEqual(
    opened.map(({ headers }) => valuesOf(headers, 'authorization').length),
    [1, 0, 0],
  );
  assert.deepEqual(
    opened.map(({ streamKey }) => streamKey),
    ['key-of-alice', undefined, undefined],
  );
});

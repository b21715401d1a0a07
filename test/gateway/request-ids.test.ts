/** One id per request: in the response, the log, the audit log and the request to the upstream. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectRaw, type RawResponse } from '../support/raw.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { startWorld, type World } from '../support/world.ts';

interface LogLine {
  requestId?: string;
  errorCode?: string;
  event?: string;
}

const GENERATED = /^[0-9a-f]{32}$/;
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('request ids', () => {
  let world: World;
  let upstream: Upstream;
  let port = 0;
  let host = '';
  let cookie = '';
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    upstream = await startUpstream({ websocket: true });
    world = await startWorld(
      { after: (fn) => void cleanups.push(fn as () => unknown) },
      {
        gateway: {
          routes: [
            { path: '/api/**', upstream: upstream.origin, websocket: true, maxBody: '10b' },
            { path: '/open/**', upstream: upstream.origin, websocket: true, rules: [{ token: 'none' }] },
            { path: '/get/**', upstream: upstream.origin, rules: [{ token: 'none', methods: ['GET'] }] },
            { path: '/down/**', upstream: 'http://127.0.0.1:9', websocket: true, rules: [{ token: 'none' }] },
          ],
        },
      },
    );
    await world.signIn();
    const url = new URL(world.gateway.url);
    port = Number(url.port);
    host = url.host;
    cookie = `Cookie: ${world.browser.cookieHeader('/')}\r\n`;
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
    await upstream.close();
  });

  /** Sends a request; returns its response and the log lines with the id of the response. */
  async function send(bytes: string): Promise<{ response: RawResponse; id: string; lines: LogLine[] }> {
    const client = await connectRaw(port);
    await client.send(bytes.replaceAll('HOST', host));
    const response = await client.response();
    client.destroy();
    const id = response.header('x-request-id') ?? '';
    const lines = await until(
      () => {
        const all = world.gateway.logText().trim().split('\n');
        return all.map((line) => JSON.parse(line) as LogLine).filter(({ requestId }) => requestId === id);
      },
      { what: 'log lines' },
    );
    return { response, id, lines };
  }

  const REFUSALS: [what: string, status: number, code: string, bytes: () => string][] = [
    ['400', 400, 'bad_request', () => 'GET /open/%zz HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['400 of an ambiguous path', 400, 'ambiguous_path', () => 'GET /open/../x HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['400 of the parser', 400, 'bad_request', () => 'GET /open/x HTTP/1.1\r\nHost HOST\r\n\r\n'],
    [
      '400 of a broken chunk',
      400,
      'bad_request',
      () => 'POST /open/x HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['401', 401, 'unauthenticated', () => 'GET /api/x HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['403', 403, 'csrf_header_missing', () => `GET /api/x HTTP/1.1\r\nHost: HOST\r\n${cookie}\r\n`],
    ['403 of a method', 403, 'access_denied', () => 'DELETE /get/x HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['404', 404, 'not_found', () => 'GET /nowhere HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['405', 405, 'method_not_allowed', () => 'DELETE /session HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['405 of TRACE', 405, 'method_not_allowed', () => 'TRACE /open/x HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['405 of CONNECT', 405, 'method_not_allowed', () => 'CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    [
      '413',
      413,
      'payload_too_large',
      () => `POST /api/x HTTP/1.1\r\nHost: HOST\r\nX-CSRF: 1\r\n${cookie}Content-Length: 20\r\n\r\n${'x'.repeat(20)}`,
    ],
    ['414', 414, 'uri_too_long', () => `GET /open/${'x'.repeat(9_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n`],
    ['417', 417, 'expectation_failed', () => 'GET /open/x HTTP/1.1\r\nHost: HOST\r\nExpect: x\r\n\r\n'],
    ['421', 421, 'misdirected', () => 'GET /open/x HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
    ['431', 431, 'headers_too_large', () => `GET /open/x HTTP/1.1\r\nHost: HOST\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['502', 502, 'upstream_failed', () => 'GET /down/x HTTP/1.1\r\nHost: HOST\r\n\r\n'],
    ['505', 505, 'version_not_supported', () => 'GET /open/x HTTP/1.2\r\nHost: HOST\r\n\r\n'],
    ['401 of a handshake', 401, 'unauthenticated', () => `GET /api/x HTTP/1.1\r\nHost: HOST\r\n${UPGRADE}\r\n`],
    ['400 of a handshake', 400, 'upgrade_refused', () => `GET /get/x HTTP/1.1\r\nHost: HOST\r\n${UPGRADE}\r\n`],
    ['502 of a handshake', 502, 'upstream_failed', () => `GET /down/x HTTP/1.1\r\nHost: HOST\r\n${UPGRADE}\r\n`],
  ];
  for (const [what, status, code, bytes] of REFUSALS)
    test(`E17 a refusal (${what}) has the id of its log line`, async () => {
      const { response, id, lines } = await send(bytes());
      assert.equal(response.status, status, response.text);
      assert.match(id, GENERATED);
      assert.equal(JSON.parse(response.text).requestId, id);
      assert.ok(lines.some((line) => line.errorCode === code || JSON.stringify(line).includes(code)));
    });

  test('E17 a denied request has one id in the response, the log and the audit log', async () => {
    for (const bytes of [
      'DELETE /get/x HTTP/1.1\r\nHost: HOST\r\n\r\n',
      `POST /api/x HTTP/1.1\r\nHost: HOST\r\n${cookie}\r\n`,
    ]) {
      const { lines } = await send(bytes);
      assert.ok(lines.some(({ errorCode }) => errorCode !== undefined));
      assert.ok(lines.some(({ event }) => event === 'access.denied' || event === 'csrf.denied'));
    }
  });

  test('E17 the upstream gets the id of the response, also for a WebSocket and a failure', async () => {
    upstream.respondWith((req) => req.socket.destroy());
    const failed = await send(`POST /open/x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n`);
    assert.equal(failed.response.status, 502);
    assert.equal(upstream.requests.at(-1)?.header('x-request-id'), failed.id);
    upstream.respondWith((_req, res) => void res.end('ok'));
    const client = await connectRaw(port);
    await client.send(`GET /open/x HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: chosen-by-the-client\r\n\r\n`);
    const id = (await client.response()).header('x-request-id') ?? '';
    assert.match(id, GENERATED);
    assert.equal(upstream.requests.at(-1)?.header('x-request-id'), id);
    await client.send(`GET /open/ws HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${world.gateway.url}\r\n${UPGRADE}\r\n`);
    const opened = await client.head();
    assert.equal(opened.status, 101);
    assert.equal(upstream.upgrades.at(-1)?.header('x-request-id'), opened.header('x-request-id'));
    client.destroy();
  });

  test('E17 an id of a trusted proxy is kept, in refusals as well', async (t) => {
    const { gateway, upstream: api } = await startWorld(t, {
      routes: (origin) => [{ path: '/open/**', upstream: origin, rules: [{ token: 'none' }] }],
      gateway: { config: { trustedProxies: ['127.0.0.1'] } },
    });
    const headers = { 'x-request-id': 'from-the-proxy-1' };
    for (const path of ['/open/x', '/open/../x', '/nowhere', '/session']) {
      const response = await fetch(gateway.url + path, { headers });
      assert.equal(response.headers.get('x-request-id'), headers['x-request-id'], path);
    }
    assert.equal(api.requests[0]?.header('x-request-id'), headers['x-request-id']);
    const forged = await fetch(`${gateway.url}/nowhere`, { headers: { 'x-request-id': 'short' } });
    assert.match(forged.headers.get('x-request-id') ?? '', GENERATED);
  });
});

/** After a response with Connection: close, nothing else on the connection is executed; versions and CONNECT are answered. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createAdminServer } from '../../src/admin/admin.ts';
import { createMetrics } from '../../src/observe/metrics/metrics.ts';
import { freePort } from '../support/ports.ts';
import { connectRaw } from '../support/raw.ts';
import { configOf, silent } from '../support/route-fixtures.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { gate, until } from '../support/wait.ts';
import { startWorld, type World } from '../support/world.ts';
import { mountGateway } from './mounted.ts';

const routes = (upstream: string) => [
  { path: '/open/**', upstream, rules: [{ token: 'none' as const }], maxBody: '10b', websocket: true },
];

/** Each request gets a response with Connection: close; `HOST` is the host of the gateway. */
const REFUSED: Record<string, string> = {
  'both framings': 'POST /open/1 HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
  'another coding': 'POST /open/1 HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a foreign Host': 'GET /open/1 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  'two Hosts': 'GET /open/1 HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n',
  'no Host': 'GET /open/1 HTTP/1.1\r\n\r\n',
  TRACE: 'TRACE /open/1 HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'a broken escape': 'GET /open/%zz HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'a declared body that is too large': `POST /open/1 HTTP/1.1\r\nHost: HOST\r\nContent-Length: 20\r\n\r\n${'x'.repeat(20)}`,
  'another expectation': 'GET /open/1 HTTP/1.1\r\nHost: HOST\r\nExpect: a-miracle\r\n\r\n',
  'HTTP/2.0': 'GET /open/1 HTTP/2.0\r\nHost: HOST\r\n\r\n',
  'Connection: close of the client': 'GET /none HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n',
};

interface Target {
  port: number;
  host: string;
}

/** Sends a refused request and one behind it, in parts of `size` bytes; returns the statuses of all responses. */
async function pipelined({ port, host }: Target, refused: string, second: string, size: number): Promise<string[]> {
  const client = await connectRaw(port);
  const bytes = (refused + second).replaceAll('HOST', host);
  for (let at = 0; at < bytes.length && !client.closed(); at += size)
    await client.send(bytes.slice(at, at + size)).catch(() => {});
  const text = (await client.rest()).toString('latin1');
  client.destroy();
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);
}

async function checkClosed(
  target: Target,
  upstream: Upstream,
  warm: () => Promise<unknown>,
  except = '',
): Promise<void> {
  for (const [what, refused] of Object.entries(REFUSED)) {
    if (what === except) continue;
    for (const size of [10_000, refused.replaceAll('HOST', target.host).length, 7]) {
      await warm();
      const { length } = upstream.requests;
      const second = 'GET /open/second HTTP/1.1\r\nHost: HOST\r\n\r\n';
      const statuses = await pipelined(target, refused, second, size);
      await warm();
      const targets = upstream.requests.slice(length).map((request) => request.target);
      assert.deepEqual(targets, ['/open/warm'], `${what}, ${size} bytes at a time: only the control was executed`);
      // A client that still sends may see a reset instead of the response.
      if (size > 100) assert.equal(statuses.length, 1, `${what}: ${statuses}`);
      assert.match(statuses[0] ?? '400', /^(4\d\d|505)$/, what);
    }
  }
}

describe('the public port', () => {
  let world: World;
  let target: Target;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    world = await startWorld({ after: (fn) => void cleanups.push(fn as () => unknown) }, { routes });
    const { port, host } = new URL(world.gateway.url);
    target = { port: Number(port), host };
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  test('D04 a request behind a response with Connection: close is not executed, however it arrives', () =>
    checkClosed(target, world.upstream, () => fetch(`${world.gateway.url}/open/warm`)));

  test('D04 a request that arrives while the last response waits for the client is not executed', async () => {
    const held = gate();
    world.upstream.respondWith((req, res) => {
      if (req.url !== '/open/big') return void res.end('ok');
      res.end(Buffer.alloc(6 << 20));
      held.open();
    });
    const { length } = world.upstream.requests;
    const client = await connectRaw(target.port, '127.0.0.1', { read: false });
    await client.send(`GET /open/big HTTP/1.0\r\nHost: ${target.host}\r\n\r\n`);
    await held.passed;
    await client.send(`GET /open/second HTTP/1.0\r\nHost: ${target.host}\r\n\r\n`);
    client.socket.resume();
    await client.rest();
    client.destroy();
    await fetch(`${world.gateway.url}/open/warm`);
    const targets = world.upstream.requests.slice(length).map((request) => request.target);
    assert.deepEqual(targets, ['/open/big', '/open/warm']);
  });

  test('D04 a request behind a response with Connection: close is not handled by the gateway itself either', async () => {
    const handled = () => world.gateway.logText().split('"errorCode":"not_found"').length - 1;
    const start = handled();
    const second = 'GET /nowhere HTTP/1.1\r\nHost: HOST\r\n\r\n';
    assert.deepEqual(await pipelined(target, second, second.replace('\r\n', '\r\nConnection: close\r\n'), 10_000), [
      '404',
      '404',
    ]);
    const before = handled();
    assert.equal(before, start + 2, 'a handled request is in the log');
    for (const [what, refused] of Object.entries(REFUSED)) {
      if (what === 'Connection: close of the client') continue;
      await pipelined(target, refused, second, 10_000);
      assert.equal(handled(), before, what);
    }
  });

  test('D15 a refusal has one Connection header', async () => {
    for (const [what, refused] of Object.entries(REFUSED)) {
      const client = await connectRaw(target.port);
      await client.send(refused.replaceAll('HOST', target.host));
      assert.equal((await client.response()).header('connection'), 'close', what);
      client.destroy();
    }
  });

  const first = async (bytes: string) => {
    const client = await connectRaw(target.port);
    await client.send(bytes.replaceAll('HOST', target.host));
    const text = (await client.rest()).toString('latin1');
    client.destroy();
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  };

  test('D15 other versions and protocols get 505 or 400, HTTP/1.0 works, CONNECT gets 405', async () => {
    world.upstream.respondWith((_req, res) => void res.end('ok'));
    const { length } = world.upstream.requests;
    for (const line of [
      'GET /open/1 HTTP/2.0',
      'GET /open/1 HTTP/0.9',
      'GET /open/1 HTTP/3.0',
      'GET /open/1 HTTP/1.2',
      'GET /open/1 RTSP/1.0',
      'GET /open/1 RTSP/1.1',
      'POST /open/1 RTSP/1.1',
      'OPTIONS /open/1 RTSP/1.1',
      'SOURCE /open/1 ICE/1.1',
      'GET  /open/1 HTTP/1.1',
      'GET /open/1  HTTP/1.1',
      'PUT   /open/1 HTTP/1.1',
      '\r\nGET  /open/1 HTTP/1.1',
      'OPTIONS /open/1 RTSP/1.0',
      'SOURCE /open/1 ICE/1.0',
      'GET /open/1 http/1.1',
      'GET /open/1',
      'PRI * HTTP/2.0',
    ]) {
      const status = await first(`${line}\r\nHost: HOST\r\n\r\n`);
      assert.ok(status === 505 || status === 400, `${line}: ${status}`);
    }
    const expecting = (value: string) =>
      first(`POST /open/1 HTTP/1.1\r\nHost: HOST\r\nExpect: ${value}\r\nContent-Length: 1\r\n\r\nx`);
    for (const value of ['100-continue, foo', 'foo, 100-continue', '100-continue;q=1', '100-continue\r\nExpect: foo'])
      assert.equal(await expecting(value), 417, value);
    assert.equal(await first('GET /open/1\r\n\r\n'), 505);
    assert.equal(await first('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'), 405);
    assert.equal(await first('CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n'), 405);
    assert.equal(world.upstream.requests.length, length);
    assert.equal(await first('GET /open/1 HTTP/1.0\r\nHost: HOST\r\n\r\n'), 200);
  });
});

describe('an upgrade that is not taken', () => {
  const head = (method: string, protocol: string) =>
    `${method} /open/1 HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAA\r\n`;
  const BODIES = {
    none: '\r\n',
    'of a length': 'Content-Length: 5\r\n\r\nhello',
    'in chunks': 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  };

  test('D14 the request is ordinary, with or without a body, and nothing behind it is executed', async (t) => {
    const { gateway, upstream } = await startWorld(t, { routes });
    const { port, host } = new URL(gateway.url);
    const target = { port: Number(port), host };
    const second = 'GET /open/second HTTP/1.1\r\nHost: HOST\r\n\r\n';
    for (const protocol of ['h2c', 'h2c, foo', 'TLS/1.0', 'websocket'])
      for (const [what, body] of Object.entries(BODIES)) {
        upstream.requests.splice(0);
        const refused = head('POST', protocol) + body;
        for (const size of [10_000, refused.replaceAll('HOST', host).length, 7]) {
          const statuses = await pipelined(target, refused, second, size);
          // A client that still sends may see a reset instead of the response.
          assert.deepEqual(statuses, size === 10_000 ? ['200'] : statuses.slice(0, 1), `${protocol}, body ${what}`);
        }
        await fetch(`${gateway.url}/open/warm`);
        assert.equal(upstream.requests.map((request) => request.target).join(), '/open/1,/open/1,/open/1,/open/warm');
        const [received] = upstream.requests;
        assert.equal(received?.header('upgrade'), undefined);
        assert.equal(received?.header('http2-settings'), undefined);
        assert.equal(received?.received, body === BODIES.none ? 0 : 5);
      }
  });

  test('PX-09 a handshake with a body is refused', async (t) => {
    const { gateway, upstream } = await startWorld(t, { routes });
    const { port, host } = new URL(gateway.url);
    for (const body of [BODIES['of a length'], BODIES['in chunks']])
      assert.deepEqual(await pipelined({ port: Number(port), host }, head('GET', 'websocket') + body, '', 10_000), [
        '400',
      ]);
    assert.equal(upstream.requests.length + upstream.upgrades.length, 0);
  });
});

describe('a handshake behind a request', () => {
  const upgrade =
    'GET /open/live HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

  async function check(t: TestContext, { port, host }: Target, upstream: Upstream): Promise<void> {
    const held = gate();
    const size = 6 << 20;
    upstream.respondWith(async (req, res) => {
      await held.passed;
      res.end(req.url === '/open/big' ? Buffer.alloc(size, 'x') : 'slow');
    });
    const client = await connectRaw(port, '127.0.0.1', { read: false });
    t.after(() => client.destroy());
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    await client.send(get('/open/slow') + get('/open/big') + upgrade.replaceAll('HOST', host));
    await upstream.request(0);
    assert.equal(upstream.upgrades.length, 0);
    held.open();
    client.socket.resume();
    assert.equal((await client.response()).text, 'slow');
    // Larger than every buffer on the way, so the response has to wait for the client.
    assert.equal((await client.response()).body.length, size);
    assert.equal((await client.head()).status, 101);
    await until(() => upstream.upgrades.length === 1);
    const hello = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    await client.send(hello);
    assert.deepEqual(await client.bytes(4), Buffer.from([0x81, 0x02, 0x68, 0x69]));
  }

  test('D14 the WebSocket opens after the responses, and no byte of them is in its frames', async (t) => {
    const upstream = await startUpstream({ websocket: true });
    t.after(() => upstream.close());
    const { gateway } = await startWorld(t, { routes: () => routes(upstream.origin) });
    const { port, host } = new URL(gateway.url);
    await check(t, { port: Number(port), host }, upstream);
  });

  test('D14 D04 D15 a mounted gateway does the same', async (t) => {
    const { provider, upstream: unused } = await startWorld(t);
    const upstream = await startUpstream({ websocket: true });
    t.after(() => upstream.close());
    const mounted = await mountGateway(t, provider, { routes: routes(upstream.origin) });
    await check(t, mounted, upstream);
    upstream.respondWith((_req, res) => void res.end('ok'));
    // The server of the application itself responds to another expectation, and keeps the connection open.
    await checkClosed(mounted, upstream, () => fetch(`${mounted.url}/open/warm`), 'another expectation');
    const [status] = await pipelined(mounted, 'CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n', '', 1_000);
    assert.equal(status, '405');
    assert.equal(unused.requests.length, 0);
  });

  test('D14 a handshake behind a refusal is not executed', async (t) => {
    const upstream = await startUpstream({ websocket: true });
    t.after(() => upstream.close());
    const { gateway } = await startWorld(t, { routes: () => routes(upstream.origin) });
    const { port, host } = new URL(gateway.url);
    const target = { port: Number(port), host };
    const refused = REFUSED['a foreign Host'] ?? '';
    assert.deepEqual(await pipelined(target, refused, upgrade, 1_000), ['421']);
    assert.equal(upstream.upgrades.length, 0);
  });
});

describe('private listeners', () => {
  test('D04 D15 on the admin listener nothing behind a last response is executed, and CONNECT gets 405', async (t) => {
    const handled: string[] = [];
    const server = createAdminServer({
      config: configOf([], { publicUrl: 'http://localhost' }),
      gateway: () => ({
        health: async () => [],
        started: () => true,
        upstreams: () => [],
        adminSessions: {
          authorize() {},
          handle: async (req) => {
            handled.push(`${req.method} ${req.url}`);
            return { status: 200, body: {} };
          },
        },
      }),
      log: silent,
      metrics: createMetrics(),
      draining: () => false,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const target = { port, host: 'localhost' };
    const second = 'POST /sessions/revoke?all HTTP/1.1\r\nHost: HOST\r\n\r\n';
    for (const refused of [
      'GET /livez HTTP/2.0\r\nHost: HOST\r\n\r\n',
      'GET /livez HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n',
      'GET /livez HTTP/1.1\r\nHost: HOST\r\nExpect: x\r\n\r\n',
    ]) {
      const statuses = await pipelined(target, refused, second, 10_000);
      assert.equal(statuses.length, 1, String(statuses));
    }
    assert.deepEqual(handled, []);
    assert.deepEqual(await pipelined(target, 'CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n', '', 1_000), ['405']);
  });

  test('D04 D15 on the listener of forward authentication as well', async (t) => {
    const port = await freePort();
    const { gateway } = await startWorld(t, { gateway: { config: { forwardAuth: { port } } } });
    const target = { port, host: 'localhost' };
    const second = 'GET /auth/verify/api/x HTTP/1.1\r\nHost: HOST\r\n\r\n';
    const refusals = () => gateway.logText().split('"errorCode"').length;
    const refused = 'GET /auth/verify/api/x HTTP/2.0\r\nHost: HOST\r\n\r\n';
    const before = refusals();
    const statuses = await pipelined(target, refused, second, 10_000);
    assert.match(statuses.join(), /^(505|400)$/);
    assert.ok(refusals() <= before + 1, 'one refusal, not two');
    assert.deepEqual(await pipelined(target, 'CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n', '', 1_000), ['405']);
  });
});

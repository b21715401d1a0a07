/** The front end's development server behind the gateway. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { GatewayError } from '../../src/base/errors.ts';
import { createDevServer } from '../../src/frontend/dev-server.ts';
import { renderErrorOnSocket } from '../../src/responses/socket-response.ts';
import { parseTarget } from '../../src/routing/target.ts';
import { contextOf } from '../support/edge.ts';
import { connectRaw, rawRequest } from '../support/raw.ts';
import { configOf } from '../support/route-fixtures.ts';
import { startUpstream, type UpstreamOptions } from '../support/upstream.ts';
import { until, within } from '../support/wait.ts';

const PUBLIC = 'http://localhost:3000';

async function world(t: TestContext, options: UpstreamOptions = {}, written = '127.0.0.1') {
  const upstream = await startUpstream({ websocket: true, ...options });
  const origin = `http://${written}:${upstream.port}`;
  const config = configOf([], { publicUrl: PUBLIC, development: { allowInsecureHttp: true } });
  const devServer = createDevServer(config, origin, {
    lasting: { add: () => () => {}, size: () => 0, endAll: () => {} },
  });
  const codes: string[] = [];
  const codeOf = (error: unknown) => (error instanceof GatewayError ? error.code : String(error));
  const exchange = (req: Parameters<typeof contextOf>[0]) => ({
    ...contextOf(req),
    target: parseTarget(req.url ?? '/', PUBLIC),
  });
  const server = createServer();
  server.on('upgrade', (req, socket, head) => {
    devServer.upgrade(exchange(req), socket, head).catch((error) => {
      codes.push(codeOf(error));
      renderErrorOnSocket(socket, error, 'id');
    });
  });
  const handle: Parameters<typeof createServer>[1] = (req, res) => {
    devServer.handle(exchange(req), res).catch((error) => {
      codes.push(codeOf(error));
      res.writeHead(error.status ?? 500).end(codeOf(error));
    });
  };
  server.on('request', handle).on('checkContinue', handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await upstream.close();
  });
  return { upstream, origin, port: (server.address() as AddressInfo).port, codes };
}

const hostile =
  'Host: gw\r\nCookie: bff=secret; theme=dark; bff-login-1234567890123456=x\r\nAuthorization: Bearer mine\r\n' +
  'Connection: keep-alive, x-hop\r\nX-Hop: 1\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\nX-Forwarded-For: 6.6.6.6\r\n';

test('PX-04 PX-07 cookies of the gateway, credentials and hop-by-hop headers do not reach the development server', async (t) => {
  const { upstream, port } = await world(t);
  for (const expect of ['', 'Expect: 100-continue\r\n']) {
    const response = await rawRequest(port, `POST //x%2F?a HTTP/1.1\r\n${hostile}${expect}Content-Length: 2\r\n\r\nhi`);
    assert.equal(response.status, 200);
    const seen = upstream.requests.at(-1);
    assert.equal(seen?.target, '//x%2F?a');
    assert.equal(seen?.header('cookie'), 'theme=dark');
    assert.equal(seen?.header('host'), `127.0.0.1:${upstream.port}`);
    assert.equal(seen?.header('x-forwarded-for'), '127.0.0.1');
    assert.equal(seen?.body.toString(), 'hi');
    for (const name of ['authorization', 'x-hop', 'te', 'proxy-authorization', 'expect'])
      assert.equal(seen?.header(name), undefined, name);
    assert.equal(response.informational.length, expect === '' ? 0 : 1);
  }
});

test('R35 a chunked DELETE is one request to the development server as well', async (t) => {
  const { upstream, port } = await world(t);
  const smuggled = 'GET /admin HTTP/1.1\r\nHost: gw\r\n\r\n';
  const client = await connectRaw(port);
  t.after(() => client.destroy());
  await client.send(
    `DELETE /one HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
  );
  assert.equal((await client.response()).status, 200);
  await client.send('GET /two HTTP/1.1\r\nHost: gw\r\n\r\n');
  await client.response();
  assert.deepEqual(
    upstream.requests.map(({ target, body }) => [target, String(body)]),
    [
      ['/one', smuggled],
      ['/two', ''],
    ],
  );
});

test('E03 its responses cannot carry the header that marks the gateway', async (t) => {
  const { port } = await world(t, {
    script: (_req, res) => res.writeHead(200, { 'X-Bff-Gateway': 'ok', X_Bff_Gateway: 'ok', 'X-Else': 'stays' }).end(),
  });
  const { headers } = await rawRequest(port, 'GET /session HTTP/1.1\r\nHost: gw\r\n\r\n');
  const names = headers.map(([name]) => name.toLowerCase());
  assert.ok(names.includes('x-else'));
  assert.deepEqual(
    names.filter((name) => name.includes('bff')),
    [],
  );
});

test('PX-15 its responses cannot set a cookie of the gateway, and do not reveal its address', async (t) => {
  const { origin, port } = await world(t, {
    script: (_req, res) =>
      res
        .writeHead(302, {
          location: `${origin}/next?a`,
          'set-cookie': ['bff=evil', 'theme=light'],
          'keep-alive': 'timeout=1',
        })
        .end(),
  });
  const response = await rawRequest(port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  assert.equal(response.header('location'), '/next?a');
  assert.equal(response.header('set-cookie'), 'theme=light');
  assert.notEqual(response.header('keep-alive'), 'timeout=1');
});

test('paths that are not valid URLs are proxied like any other', async (t) => {
  const { port, upstream } = await world(t);
  for (const path of ['//', '/@fs/x', '/?import&%']) {
    assert.equal((await rawRequest(port, `GET ${path} HTTP/1.1\r\nHost: gw\r\n\r\n`)).status, 200, path);
    assert.equal(upstream.requests.at(-1)?.target, path);
  }
});

test('a development server that is down is 502, and the next request works once it is up', async (t) => {
  const { port, upstream, codes } = await world(t);
  await upstream.close();
  assert.equal((await rawRequest(port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n')).status, 502);
  assert.deepEqual(codes, ['upstream_failed']);
  const again = await startUpstream({ port: upstream.port });
  t.after(() => again.close());
  assert.equal((await rawRequest(port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n')).status, 200);
});

test('a development server that closes the connection during a response: the client connection is closed', async (t) => {
  const { port } = await world(t, {
    script: (req, res) => {
      res.write('half');
      setImmediate(() => req.socket.destroy());
    },
  });
  const client = await connectRaw(port);
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  assert.doesNotMatch((await client.rest()).toString(), /0\r\n\r\n$/);
});

test('R53 a development server that listens only on ::1 is reached as localhost', async (t) => {
  const { port } = await world(t, { host: '::1' }, 'localhost');
  assert.equal((await rawRequest(port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n')).status, 200);
});

test('its WebSocket works from our own origin, without the cookies of the gateway', async (t) => {
  const { upstream, port } = await world(t);
  const headers = { cookie: 'bff=secret; theme=dark', authorization: 'Bearer mine' };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=1`, 'vite-hmr', { origin: PUBLIC, headers });
  t.after(() => socket.terminate());
  await within(once(socket, 'open'), 'open');
  assert.equal(socket.protocol, 'vite-hmr');
  socket.send('ping');
  assert.equal(String((await within(once(socket, 'message'), 'echo'))[0]), 'ping');
  const [seen] = upstream.upgrades;
  assert.equal(seen?.header('cookie'), 'theme=dark');
  assert.equal(seen?.header('authorization'), undefined);
});

for (const [name, origin] of [
  ['another site', 'https://evil.example'],
  ['nobody', undefined],
] as const) {
  test(`PX-09 its WebSocket is refused to ${name}`, async (t) => {
    const { upstream, port, codes } = await world(t);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, origin === undefined ? {} : { origin });
    const [error] = await within(once(socket, 'error'), 'refused');
    assert.match(String(error), /403/);
    assert.deepEqual(codes, ['csrf_cross_site']);
    assert.equal(upstream.connections(), 0);
  });
}

test('PX-09 no other protocol and no handshake with a body reaches the development server', async (t) => {
  const { upstream, port, codes } = await world(t);
  for (const head of [
    'GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n',
    'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n',
    'POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
  ]) {
    const response = await rawRequest(port, `${head}Host: gw\r\nOrigin: ${PUBLIC}\r\n\r\n`);
    assert.equal(response.status, 400);
  }
  await until(() => codes.length === 3, { what: 'three refusals' });
  assert.equal(upstream.connections(), 0);
});

/** WebSockets through the gateway: both ends of a conversation, refusals, and the end of the session. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import type { RouteConfig } from '../../src/config/schema.ts';
import { SESSION_ENDED } from '../../src/proxy/conversation.ts';
import { createOpenStreams } from '../../src/proxy/open-streams.ts';
import { createTunnel } from '../../src/proxy/websocket.ts';
import { caFile, LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE, TEST_KEY } from '../support/certificates.ts';
import { connectRaw } from '../support/raw.ts';
import { until, within } from '../support/until.ts';
import { startRawUpstream, startUpstream, type UpstreamOptions } from '../support/upstream.ts';
import { exchangeOf, passed, quiet, route } from './edge.ts';

/** A server that carries every handshake to `upstream`, for a session named by the query. */
async function edgeTo(t: TestContext, upstream: string, changes: Partial<RouteConfig> = {}) {
  const ended = new Set<string>();
  const time = { ahead: 0 };
  const clock = () => Date.now() + time.ahead;
  const store = { missing: async (keys: readonly string[]) => keys.filter((key) => ended.has(key)) };
  const streams = createOpenStreams({ store, log: quiet, clock, interval: 20 });
  const chosen = route(upstream, changes);
  const tunnel = createTunnel({ routes: [chosen], streams });
  const sessionEnds = clock() + 3_600_000;
  let over = 0;
  const server = createServer();
  server.on('upgrade', async (req, socket, head) => {
    const { host } = new URL(upstream);
    const headers = ['host', host, ...passed(req.rawHeaders), 'connection', 'Upgrade', 'upgrade', 'websocket'];
    headers.push('authorization', 'Bearer token', 'x-double', '1', 'X-Double', '2');
    const streamKey = new URLSearchParams(req.url?.split('?')[1]).get('session') ?? 'nobody';
    await tunnel.open(exchangeOf(req), socket, head, chosen, {
      headers,
      path: req.url ?? '/',
      rewriteHeaders: () => [],
      streamKey,
      sessionEnds,
    });
    over += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    streams.close();
    server.close();
    server.closeAllConnections();
  });
  const connect = async (path: string, protocols: string[] = []) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
    t.after(() => socket.terminate());
    await within(once(socket, 'open'), 'the WebSocket is open');
    return socket;
  };
  return { port, streams, ended, time, connect, over: () => over };
}

async function world(t: TestContext, options: UpstreamOptions = {}) {
  const upstream = await startUpstream({ websocket: true, ...options });
  t.after(() => upstream.close());
  return { upstream, ...(await edgeTo(t, upstream.origin)) };
}

const next = async (socket: WebSocket) => String((await within(once(socket, 'message'), 'a message'))[0]);
const handshake = (path = '/') =>
  `GET ${path} HTTP/1.1\r\nHost: gw\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

test('R40 the upstream gets the prepared headers and the exact path; both sides talk', async (t) => {
  const { upstream, connect } = await world(t);
  const socket = await connect('//a%2Fb/?session=s&q=%2B', ['chat', 'other']);
  assert.equal(socket.protocol, 'chat');
  socket.send('hello');
  assert.equal(await next(socket), 'hello');
  const big = Buffer.alloc(3 << 20, 7);
  socket.send(big);
  const [echoed] = await within(once(socket, 'message'), 'the big message');
  assert.ok(big.equals(echoed));
  const [seen] = upstream.upgrades;
  assert.equal(seen?.target, '//a%2Fb/?session=s&q=%2B');
  assert.equal(seen?.header('authorization'), 'Bearer token');
  assert.equal(seen?.header('x-double'), '1, 2');
  assert.equal(seen?.header('x-forwarded-for'), undefined);
});

test('bytes that the client sends together with its handshake reach the upstream', async (t) => {
  const { port } = await world(t);
  const client = await connectRaw(port);
  t.after(() => client.destroy());
  await client.send(Buffer.concat([Buffer.from(handshake()), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]));
  assert.equal((await client.head()).status, 101);
  assert.deepEqual(await client.bytes(4), Buffer.from([0x81, 0x02, 0x68, 0x69]));
});

test('either side may end the conversation, in good order or not', async (t) => {
  const { upstream, connect, over } = await world(t);
  const first = await connect('/');
  first.close(1000, 'bye');
  await until(() => upstream.sockets.size === 0, 'the upstream saw the close');
  const second = await connect('/');
  second.terminate();
  await until(() => upstream.open() === 0, 'the upstream connection is closed');
  const third = await connect('/');
  for (const socket of upstream.sockets) socket.close(4000, 'done');
  assert.equal((await within(once(third, 'close'), 'the client saw the close'))[0], 4000);
  const fourth = await connect('/');
  for (const socket of upstream.sockets) socket.terminate();
  assert.equal((await within(once(fourth, 'close'), 'the client saw the cut'))[0], 1006);
  await until(() => over() === 4, 'all four are over');
});

const accepted =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

test('R41 a client that leaves takes the upstream side along, even if that goes on talking', async (t) => {
  const upstream = await startRawUpstream(
    (socket) => {
      socket.write(accepted);
      const talk = setInterval(() => socket.write(Buffer.from([0x81, 1, 0x61])), 20);
      socket.on('close', () => clearInterval(talk));
    },
    '127.0.0.1',
    true,
  );
  t.after(() => upstream.close());
  const { port, over } = await edgeTo(t, upstream.origin);
  const client = await connectRaw(port);
  await client.send(handshake());
  await client.until('\x81\x01a');
  client.reset();
  await until(() => over() === 1 && upstream.open() === 0, 'both connections are closed');
});

test('an upstream that leaves takes the client side along, even if the client does not close', async (t) => {
  const upstream = await startRawUpstream((socket) => socket.end(accepted));
  t.after(() => upstream.close());
  const { port, over } = await edgeTo(t, upstream.origin);
  const client = await connectRaw(port);
  t.after(() => client.destroy());
  await client.send(handshake());
  assert.equal((await client.head()).status, 101);
  await until(() => over() === 1, 'the client connection is closed');
});

test('R43 a logout closes the WebSocket of that session with a code of its own, and its upstream side', async (t) => {
  const { upstream, streams, connect } = await world(t);
  const [mine, other] = [await connect('/?session=mine'), await connect('/?session=other')];
  mine.send('hello');
  await next(mine);
  const closed = once(mine, 'close');
  streams.closeAll('mine');
  const [code, reason] = await within(closed, 'the close');
  assert.deepEqual([code, String(reason)], [SESSION_ENDED, 'session ended']);
  await until(() => upstream.open() === 1, 'the upstream side is closed');
  other.send('still here');
  assert.equal(await next(other), 'still here');
});

test('R43 the end of the session on another replica, and the absolute limit, close the WebSocket', async (t) => {
  const { ended, time, connect, over } = await world(t);
  const [mine, other] = [await connect('/?session=mine'), await connect('/?session=other')];
  const closed = once(mine, 'close');
  ended.add('mine');
  assert.equal((await within(closed, 'the close'))[0], SESSION_ENDED);
  assert.equal(other.readyState, WebSocket.OPEN);
  const expired = once(other, 'close');
  time.ahead = 3_600_001;
  assert.equal((await within(expired, 'the close'))[0], SESSION_ENDED);
  await until(() => over() === 2, 'both are over');
});

test('R43 no Close frame is put into the middle of another frame', async (t) => {
  const { upstream, streams, port } = await world(t, {
    websocket: (socket) => {
      const raw = (socket as unknown as { _socket: import('node:net').Socket })._socket;
      raw.write(Buffer.from([0x82, 126, 0x10, 0x00, 1, 2, 3]));
    },
  });
  const client = await connectRaw(port);
  await client.send(handshake('/?session=mine'));
  await client.head();
  assert.deepEqual(await client.bytes(7), Buffer.from([0x82, 126, 0x10, 0x00, 1, 2, 3]));
  streams.closeAll('mine');
  assert.equal((await client.rest()).length, 0);
  await until(() => upstream.open() === 0, 'the upstream side is closed');
  client.destroy();
});

test('an upstream that refuses the handshake: its status, none of its headers, none of its body', async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  upstream.server.on('upgrade', (_req, socket) =>
    socket.end('HTTP/1.1 403 No\r\nSet-Cookie: __Host-bff=evil\r\nX-Internal: db1\r\nContent-Length: 6\r\n\r\nsecret'),
  );
  const { port, over } = await edgeTo(t, upstream.origin);
  const client = await connectRaw(port);
  await client.send(handshake());
  const answer = await client.response();
  assert.deepEqual([answer.status, answer.text, answer.reason], [403, '', 'Forbidden']);
  assert.deepEqual(answer.headers.map(([name]) => name).sort(), ['connection', 'content-length', 'x-request-id']);
  await client.rest();
  await until(() => over() === 1, 'it is over');
});

const answers: [string, string][] = [
  ['redirects', 'HTTP/1.1 302 Found\r\nLocation: http://internal/\r\nContent-Length: 0\r\n\r\n'],
  ['answers 200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['switches to h2c', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
  [
    'does not prove that it read the key',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nleak',
  ],
  ['answers garbage', '\x16\x03\x01\r\n\r\n'],
  ['hangs up', ''],
];
for (const [name, bytes] of answers) {
  test(`PX-09 PX-10 an upstream that ${name}: 502, and no tunnel`, async (t) => {
    const upstream = await startRawUpstream((socket) => (bytes === '' ? socket.destroy() : socket.write(bytes)));
    t.after(() => upstream.close());
    const { port, over } = await edgeTo(t, upstream.origin);
    const client = await connectRaw(port);
    await client.send(handshake());
    const answer = await client.response();
    assert.equal(answer.status, 502);
    assert.equal(answer.header('content-type'), 'application/problem+json');
    assert.doesNotMatch(answer.text, /internal|127\.0\.0\.1|leak|HPE_/);
    assert.equal((await client.rest()).length, 0);
    await until(() => over() === 1 && upstream.open() === 0, 'both connections are closed');
  });
}

test('the upstream may add cookies to its agreement: they do not pass', async (t) => {
  const { port, upstream } = await world(t);
  upstream.server.prependListener('upgrade', (_req, socket) => {
    const write = socket.write.bind(socket);
    socket.write = (text: string) => write(text.replace('\r\n\r\n', '\r\nSet-Cookie: __Host-bff=evil\r\n\r\n'));
  });
  const client = await connectRaw(port);
  t.after(() => client.destroy());
  await client.send(handshake());
  const head = await client.head();
  assert.equal(head.status, 101);
  assert.equal(head.header('set-cookie'), undefined);
});

test('PX-10 an upstream that cannot be reached: 502; one that never answers: 504', async (t) => {
  const gone = await startUpstream();
  await gone.close();
  const refused = await edgeTo(t, gone.origin);
  const first = await connectRaw(refused.port);
  await first.send(handshake());
  assert.equal((await first.response()).status, 502);
  const silent = await startRawUpstream(() => {});
  t.after(() => silent.close());
  const late = await edgeTo(t, silent.origin, { timeouts: { connect: 100, headers: 100, idle: 0 } });
  const second = await connectRaw(late.port);
  await second.send(handshake());
  assert.equal((await second.response()).status, 504);
  await until(() => late.over() === 1 && silent.open() === 0, 'both connections are closed');
});

test('R43 a session that ends during the handshake: 401, and the upstream is let go', async (t) => {
  const silent = await startRawUpstream(() => {});
  t.after(() => silent.close());
  const { port, ended, time, over } = await edgeTo(t, silent.origin);
  const client = await connectRaw(port);
  await client.send(handshake('/?session=mine'));
  await until(() => silent.heads.length === 1, 'the handshake is under way');
  ended.add('mine');
  time.ahead = 1000;
  assert.equal((await client.response()).status, 401);
  await until(() => over() === 1 && silent.open() === 0, 'both connections are closed');
});

for (const [host, written] of [
  ['::1', 'localhost'],
  ['127.0.0.1', 'localhost'],
  ['::1', '[::1]'],
] as const) {
  test(`R53 a WebSocket upstream on ${host} is reached as ${written}`, async (t) => {
    const upstream = await startUpstream({ host, websocket: true });
    t.after(() => upstream.close());
    const { connect } = await edgeTo(t, `http://${written}:${upstream.port}`);
    const socket = await connect('/');
    socket.send('x');
    assert.equal(await next(socket), 'x');
  });
}

for (const [name, cert, opens] of [
  ['of its CA', LOOPBACK_CERTIFICATE, true],
  ['for another name', OTHER_CERTIFICATE, false],
] as const) {
  test(`PX-19 a WebSocket upstream with a certificate ${name} is ${opens ? 'reached' : 'refused'}`, async (t) => {
    const upstream = await startUpstream({ tls: { key: TEST_KEY, cert }, websocket: true });
    t.after(() => upstream.close());
    const { port } = await edgeTo(t, `https://localhost:${upstream.port}`, { upstreamCa: caFile(t) });
    const client = await connectRaw(port);
    t.after(() => client.destroy());
    await client.send(handshake());
    assert.equal((await client.head()).status, opens ? 101 : 502);
    assert.equal(upstream.upgrades.length, opens ? 1 : 0);
  });
}

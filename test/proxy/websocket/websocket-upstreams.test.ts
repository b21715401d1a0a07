/** Handshakes that open no tunnel, and upstreams of every type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caFile, LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE, TEST_KEY } from '../../support/certificates.ts';
import { connectRaw } from '../../support/raw.ts';
import { startRawUpstream, startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';
import { edgeTo, handshake, next, world } from './edge.ts';

test('an upstream that refuses the handshake: its status, none of its headers, none of its body', async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  upstream.server.on('upgrade', (_req, socket) =>
    socket.end('HTTP/1.1 403 No\r\nSet-Cookie: __Host-bff=evil\r\nX-Internal: db1\r\nContent-Length: 6\r\n\r\nsecret'),
  );
  const { port, over } = await edgeTo(t, upstream.origin);
  const client = await connectRaw(port);
  await client.send(handshake());
  const response = await client.response();
  assert.deepEqual([response.status, response.text, response.reason], [403, '', 'Forbidden']);
  assert.deepEqual(response.headers.map(([name]) => name).sort(), ['connection', 'content-length', 'x-request-id']);
  await client.rest();
  await until(() => over() === 1, { what: 'it is over' });
});

const responses: [string, string][] = [
  ['redirects', 'HTTP/1.1 302 Found\r\nLocation: http://internal/\r\nContent-Length: 0\r\n\r\n'],
  ['responds with 200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['switches to h2c', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
  [
    'does not prove that it read the key',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nleak',
  ],
  ['sends garbage', '\x16\x03\x01\r\n\r\n'],
  ['closes the connection', ''],
];
for (const [name, bytes] of responses) {
  test(`PX-09 PX-10 an upstream that ${name}: 502, and no tunnel`, async (t) => {
    const upstream = await startRawUpstream((socket) => (bytes === '' ? socket.destroy() : socket.write(bytes)));
    t.after(() => upstream.close());
    const { port, over } = await edgeTo(t, upstream.origin);
    const client = await connectRaw(port);
    await client.send(handshake());
    const response = await client.response();
    assert.equal(response.status, 502);
    assert.equal(response.header('content-type'), 'application/problem+json');
    assert.doesNotMatch(response.text, /internal|127\.0\.0\.1|leak|HPE_/);
    assert.equal((await client.rest()).length, 0);
    await until(() => over() === 1 && upstream.openConnections() === 0, { what: 'both connections are closed' });
  });
}

test('cookies in the handshake response of an upstream do not pass', async (t) => {
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

test('PX-10 an upstream that cannot be reached: 502; one that never responds: 504', async (t) => {
  const gone = await startUpstream();
  await gone.close();
  const refused = await edgeTo(t, gone.origin);
  const first = await connectRaw(refused.port);
  await first.send(handshake());
  assert.equal((await first.response()).status, 502);
  const silent = await startRawUpstream(() => {});
  t.after(() => silent.close());
  const late = await edgeTo(t, silent.origin, { timeouts: { connect: 2_000, headers: 100, idle: 0 } });
  const second = await connectRaw(late.port);
  await second.send(handshake());
  assert.equal((await second.response()).status, 504);
  await until(() => late.over() === 1 && silent.openConnections() === 0, { what: 'both connections are closed' });
});

test('R43 a session that ends during the handshake: 401, and the upstream request is aborted', async (t) => {
  const silent = await startRawUpstream(() => {});
  t.after(() => silent.close());
  const { port, ended, time, over } = await edgeTo(t, silent.origin);
  const client = await connectRaw(port);
  await client.send(handshake('/?session=mine'));
  await until(() => silent.heads.length === 1, { what: 'the handshake is under way' });
  ended.add('mine');
  time.ahead = 1000;
  assert.equal((await client.response()).status, 401);
  await until(() => over() === 1 && silent.openConnections() === 0, { what: 'both connections are closed' });
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

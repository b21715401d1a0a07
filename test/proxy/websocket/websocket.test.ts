/** WebSockets through the gateway: both directions, and the end with the session. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { SESSION_ENDED } from '../../../src/proxy/websocket/websocket-tunnel.ts';
import { connectRaw } from '../../support/raw.ts';
import { startRawUpstream } from '../../support/upstream.ts';
import { until, within } from '../../support/wait.ts';
import { edgeTo, handshake, next, world } from './edge.ts';

test('R40 the upstream gets the prepared headers and the exact path; both sides send', async (t) => {
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

test('either side may close the WebSocket, cleanly or not', async (t) => {
  const { upstream, connect, over } = await world(t);
  const first = await connect('/');
  first.close(1000, 'bye');
  await until(() => upstream.sockets.size === 0, { what: 'the upstream saw the close' });
  const second = await connect('/');
  second.terminate();
  await until(() => upstream.openConnections() === 0, { what: 'the upstream connection is closed' });
  const third = await connect('/');
  for (const socket of upstream.sockets) socket.close(4000, 'done');
  assert.equal((await within(once(third, 'close'), 'the client saw the close'))[0], 4000);
  const fourth = await connect('/');
  for (const socket of upstream.sockets) socket.terminate();
  assert.equal((await within(once(fourth, 'close'), 'the client saw the cut'))[0], 1006);
  await until(() => over() === 4, { what: 'all four are over' });
});

const accepted =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

test('R41 a client that disconnects closes the upstream side, even if the upstream keeps sending', async (t) => {
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
  await until(() => over() === 1 && upstream.openConnections() === 0, { what: 'both connections are closed' });
});

test('an upstream that disconnects closes the client side, even if the client does not close', async (t) => {
  const upstream = await startRawUpstream((socket) => socket.end(accepted));
  t.after(() => upstream.close());
  const { port, over } = await edgeTo(t, upstream.origin);
  const client = await connectRaw(port);
  t.after(() => client.destroy());
  await client.send(handshake());
  assert.equal((await client.head()).status, 101);
  await until(() => over() === 1, { what: 'the client connection is closed' });
});

test('R43 a sign-out closes the WebSocket of that session with its own close code, and the upstream side', async (t) => {
  const { upstream, streams, connect } = await world(t);
  const [mine, other] = [await connect('/?session=mine'), await connect('/?session=other')];
  mine.send('hello');
  await next(mine);
  const closed = once(mine, 'close');
  streams.closeAll('mine');
  const [code, reason] = await within(closed, 'the close');
  assert.deepEqual([code, String(reason)], [SESSION_ENDED, 'session ended']);
  await until(() => upstream.openConnections() === 1, { what: 'the upstream side is closed' });
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
  await until(() => over() === 2, { what: 'both are over' });
});

test('R43 no Close frame is inserted into another frame', async (t) => {
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
  await until(() => upstream.openConnections() === 0, { what: 'the upstream side is closed' });
  client.destroy();
});

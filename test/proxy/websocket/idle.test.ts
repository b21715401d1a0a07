/** The idle limit of WebSockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream } from '../../support/upstream.ts';
import { until, within } from '../../support/wait.ts';
import { edgeTo, next } from './edge.ts';

test('D17 a WebSocket on which neither side sends anything is closed with 1001', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const { connect } = await edgeTo(t, upstream.origin, { websocketIdleTimeout: 200 });
  const socket = await connect('/');
  socket.send('hello');
  assert.equal(await next(socket), 'hello');
  const [code] = await within(once(socket, 'close'), 'the WebSocket is closed');
  assert.equal(code, 1001);
  await until(() => upstream.openConnections() === 0, { what: 'the upstream connection is closed' });
});

test('D17 bytes of either side, such as pings of the upstream, keep it open', async (t) => {
  const upstream = await startUpstream({
    websocket(socket) {
      const timer = setInterval(() => socket.ping(), 50);
      socket.on('close', () => clearInterval(timer));
    },
  });
  t.after(() => upstream.close());
  const { connect } = await edgeTo(t, upstream.origin, { websocketIdleTimeout: 3_000 });
  const socket = await connect('/');
  await sleep(4_000);
  assert.equal(socket.readyState, socket.OPEN);
});

test('D17 without the option a silent WebSocket stays open', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const { connect } = await edgeTo(t, upstream.origin);
  const socket = await connect('/');
  await sleep(500);
  socket.send('hello');
  assert.equal(await next(socket), 'hello');
});

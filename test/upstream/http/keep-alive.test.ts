/** The race between a request and an upstream that closes the reused connection. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Edge, route, startEdge } from '../../support/edge.ts';
import { connectRaw, rawRequest } from '../../support/raw.ts';
import { startRawUpstream, startUpstream } from '../../support/upstream.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = (edge: Edge, method = 'GET') =>
  rawRequest(edge.port, `${method} / HTTP/1.1\r\nHost: gw\r\n\r\n`, { method });

async function startEdgeFor(t: TestContext, upstream: { origin: string; close(): Promise<void> }, connections = 128) {
  const edge = await startEdge(route(upstream.origin, { connections }));
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  return edge;
}

/** Responds to the first request of each connection and closes it at the second, so that the race occurs each time. */
function closeOnReuse(how: 'destroy' | 'resetAndDestroy' | 'end') {
  const used = new WeakSet<object>();
  return startRawUpstream((socket) => {
    if (used.has(socket)) return socket[how]();
    used.add(socket);
    return socket.write(ok);
  });
}

for (const how of ['destroy', 'resetAndDestroy', 'end'] as const) {
  for (const method of ['GET', 'OPTIONS']) {
    test(`R44 ${method} on a kept-alive connection that closes at that moment (${how}) is sent once more`, async (t) => {
      const upstream = await closeOnReuse(how);
      const edge = await startEdgeFor(t, upstream);
      for (let count = 0; count < 5; count += 1)
        assert.equal((await get(edge, method)).status, 200, `request ${count}`);
      assert.equal(upstream.heads.length, 9);
    });
  }
}

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
  test(`R44 PX-16 ${method} is never sent twice`, async (t) => {
    const upstream = await closeOnReuse('destroy');
    const edge = await startEdgeFor(t, upstream);
    const send = () => rawRequest(edge.port, `${method} / HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n`);
    assert.equal((await send()).status, 200);
    assert.equal((await send()).status, 502);
    assert.equal(upstream.heads.length, 2);
  });
}

test('R44 PX-16 GET with a body is never sent twice', async (t) => {
  const upstream = await startRawUpstream((socket) => socket.destroy());
  const edge = await startEdgeFor(t, upstream);
  const response = await rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\n\r\nhi');
  assert.equal(response.status, 502);
  assert.equal(upstream.heads.length, 1);
});

test('R44 GET is sent at most three times', async (t) => {
  const upstream = await startRawUpstream((socket) => socket.destroy());
  const edge = await startEdgeFor(t, upstream);
  assert.equal((await get(edge)).status, 502);
  assert.equal(upstream.heads.length, 3);
});

test('R44 GET is not sent again after a byte of the response has arrived', async (t) => {
  const upstream = await startRawUpstream((socket) => socket.end('HTTP/1.1 200'));
  const edge = await startEdgeFor(t, upstream);
  assert.equal((await get(edge)).status, 502);
  assert.equal(upstream.heads.length, 1);
});

test('R44 500 requests around the time at which the upstream closes idle connections: no 502', async (t) => {
  const idle = 100;
  const upstream = await startRawUpstream((socket) => {
    socket.write(ok);
    socket.setTimeout(idle);
    if (socket.listenerCount('timeout') === 0) socket.once('timeout', () => socket.destroy());
  });
  const edge = await startEdgeFor(t, upstream);
  const lane = async (number: number) => {
    const client = await connectRaw(edge.port);
    for (let count = 0; count < 25; count += 1) {
      await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
      assert.equal((await client.response()).status, 200);
      await sleep(idle * (0.9 + 0.2 * ((count * 7 + number) % 10) * 0.1));
    }
    client.destroy();
  };
  await Promise.all(Array.from({ length: 20 }, (_, number) => lane(number)));
});

test('R44 a connection that the upstream announces to close soon is not reused', async (t) => {
  const upstream = await startUpstream({ keepAliveTimeout: 1000 });
  const edge = await startEdgeFor(t, upstream);
  const post = () => rawRequest(edge.port, 'POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n');
  for (let count = 0; count < 3; count += 1) assert.equal((await post()).status, 200);
  assert.equal(upstream.connections(), 3);
});

test('sequential requests share one connection', async (t) => {
  const upstream = await startUpstream();
  const edge = await startEdgeFor(t, upstream);
  for (let count = 0; count < 5; count += 1) assert.equal((await get(edge)).status, 200);
  assert.equal(upstream.connections(), 1);
});

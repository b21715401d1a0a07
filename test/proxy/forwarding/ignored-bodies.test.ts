/** Upstreams that ignore the body of a method that commonly has none, and read its bytes as the next request. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { RouteConfig } from '../../../src/config/schema/schema.ts';
import { route, startEdge } from '../../support/edge.ts';
import { connectRaw } from '../../support/raw.ts';
import { startRawUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';

const own = (target: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
const SMUGGLED = 'GET /poison HTTP/1.1\r\nHost: x\r\n\r\n';

/** The upstream takes the body for a request and sends the response to it together with the next response. */
async function startIgnoring(t: TestContext, changes: Partial<RouteConfig> = {}) {
  const late = new Map<Socket, string>();
  const upstream = await startRawUpstream((socket, _number, head) => {
    const target = head.slice(head.lastIndexOf('\n', head.indexOf(' HTTP/1.1')) + 1).split(' ')[1] ?? '';
    if (target === '/poison') return late.set(socket, own(target));
    socket.write((late.get(socket) ?? '') + (head.startsWith('HEAD') ? own(target).split(target)[0] : own(target)));
    return late.delete(socket);
  });
  const edge = await startEdge(route(upstream.origin, { connections: 1, ...changes }));
  const client = await connectRaw(edge.port);
  t.after(async () => {
    client.destroy();
    await edge.close();
    await upstream.close();
  });
  const send = async (method: string, target: string, framing = '', body = '') => {
    await client.send(`${method} ${target} HTTP/1.1\r\nHost: gw\r\n${framing}\r\n${body}`);
    const { status, text } = await client.response({ method });
    return { status, text };
  };
  return { upstream, send };
}

const withLength = `Content-Length: ${SMUGGLED.length}\r\n`;
for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND', 'QUERY'])
  for (const [framing, body] of [
    [withLength, SMUGGLED],
    ['Transfer-Encoding: chunked\r\n', `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`],
  ] as const)
    test(`D12 after ${method} with a body (${framing.split(':')[0]}), the next request uses another connection`, async (t) => {
      const { upstream, send } = await startIgnoring(t);
      assert.deepEqual(await send(method, '/mine', framing, body), {
        status: 200,
        text: method === 'HEAD' ? '' : '/mine',
      });
      assert.match(upstream.heads[0] ?? '', /\r\nconnection: close/);
      for (const target of ['/a', '/b']) assert.deepEqual(await send('GET', target), { status: 200, text: target });
      assert.equal(upstream.connections(), 2);
    });

for (const method of ['POST', 'PUT', 'PATCH'])
  test(`D12 after ${method} with a body the connection is reused`, async (t) => {
    const { upstream, send } = await startIgnoring(t);
    assert.equal((await send(method, '/mine', 'Content-Length: 2\r\n', 'hi')).status, 200);
    assert.equal((await send('POST', '/mine', 'Content-Length: 0\r\n')).status, 200);
    assert.equal(upstream.connections(), 1);
  });

for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PROPFIND'])
  test(`D12 bodies: strict refuses ${method} with a body before the upstream`, async (t) => {
    const { upstream, send } = await startIgnoring(t, { bodies: 'strict' });
    assert.equal((await send(method, '/mine', withLength, SMUGGLED)).status, 400);
    assert.equal((await send(method, '/mine', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n')).status, 400);
    assert.equal(upstream.heads.length, 0);
    assert.equal((await send(method, '/mine', 'Content-Length: 0\r\n')).status, 200);
    assert.equal((await send('POST', '/mine', 'Content-Length: 2\r\n', 'hi')).status, 200);
    await until(() => upstream.heads.length === 2, { what: 'requests without an unusual body pass' });
  });

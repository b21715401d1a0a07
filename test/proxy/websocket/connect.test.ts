/** WebSockets to upstreams whose name has several addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/ports.ts';
import { connectRaw } from '../../support/raw.ts';
import { startStalled } from '../../support/stalled-server.ts';
import { edgeTo, handshake } from './edge.ts';

for (const slow of ['127.0.0.1', '::1'])
  test(`D10 a handshake to localhost, where ${slow} is slow and the other address refuses, reaches the upstream`, async (t) => {
    const port = await freePort();
    const response = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n';
    const accept = await startStalled(t, slow, port, response);
    const edge = await edgeTo(t, `http://localhost:${port}`);
    const client = await connectRaw(edge.port);
    t.after(() => client.destroy());
    await client.send(handshake());
    await sleep(700);
    assert.equal(client.unread().length, 0);
    accept();
    assert.equal((await client.head()).status, 403);
  });

test('D10 a handshake to an upstream that never accepts fails within the time limit', async (t) => {
  const port = await freePort();
  await startStalled(t, '::1', port);
  const edge = await edgeTo(t, `http://localhost:${port}`, { timeouts: { connect: 100, headers: 100, idle: 0 } });
  const client = await connectRaw(edge.port);
  t.after(() => client.destroy());
  await client.send(handshake());
  assert.equal((await client.head()).status, 504);
});

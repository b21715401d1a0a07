/** Tests of the raw client and the recording upstream. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { connectRaw, rawRequest } from './raw.ts';
import { eventStream, startRawUpstream, startUpstream } from './upstream.ts';

test('the upstream records target, header order, body and its digest; the client reads responses on a kept-alive connection', async () => {
  const upstream = await startUpstream();
  const client = await connectRaw(upstream.port);
  try {
    await client.send(
      'POST /a%2Fb?x=1 HTTP/1.1\r\nHost: u\r\nB: 1\r\na: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    );
    const body = JSON.parse((await client.response()).text);
    assert.equal(body.target, '/a%2Fb?x=1');
    assert.deepEqual(body.headers.slice(0, 3), [
      ['Host', 'u'],
      ['B', '1'],
      ['a', '2'],
    ]);
    assert.equal(body.sha256, createHash('sha256').update('hi').digest('hex'));
    await client.send('HEAD / HTTP/1.1\r\nHost: u\r\n\r\n');
    const head = await client.response({ method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.ok(Number(head.header('content-length')) > 0);
    assert.equal((await upstream.request(1)).connection, 1);
    assert.equal(upstream.connections(), 1);
  } finally {
    client.destroy();
    await upstream.close();
  }
});

test('an event stream is read incrementally, and a client that disconnects is recorded', async () => {
  const upstream = await startUpstream({ script: eventStream(5) });
  const client = await connectRaw(upstream.port);
  try {
    await client.send('GET / HTTP/1.1\r\nHost: u\r\n\r\n');
    assert.equal((await client.head()).header('content-type'), 'text/event-stream');
    await client.until('data: 2\n\n');
  } finally {
    client.destroy();
    await upstream.close();
  }
});

test('a raw upstream responds with any bytes', async () => {
  const upstream = await startRawUpstream((socket) => socket.end('HTTP/1.1 299 Odd\r\n\r\nrest'));
  try {
    const response = await rawRequest(upstream.port, 'GET /x HTTP/1.1\r\nHost: u\r\n\r\n');
    assert.deepEqual([response.status, response.reason, response.text], [299, 'Odd', 'rest']);
    assert.match(upstream.heads[0] ?? '', /^GET \/x/);
  } finally {
    await upstream.close();
  }
});

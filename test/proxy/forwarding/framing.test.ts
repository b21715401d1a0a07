/** Responses without a body, responses that violate HTTP, and the state of both connections afterwards. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { route, startEdge } from '../../support/edge.ts';
import { connectRaw, rawRequest } from '../../support/raw.ts';
import { startRawUpstream, startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';

const bodyless: [string, string, string][] = [
  ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1234\r\n\r\n'],
  ['HEAD that says chunked', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['204 with Content-Encoding', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n'],
  ['204 that says chunked', 'GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
  ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "1"\r\n\r\n'],
  [
    '304 that says chunked',
    'GET',
    'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n',
  ],
];

for (const [name, method, bytes] of bodyless) {
  test(`R38 ${name} arrives at once without a body, and the connection is reused`, async (t) => {
    const upstream = await startRawUpstream((socket) => socket.write(bytes));
    const edge = await startEdge(route(upstream.origin));
    const client = await connectRaw(edge.port);
    t.after(async () => {
      client.destroy();
      await edge.close();
      await upstream.close();
    });
    for (let round = 1; round <= 2; round += 1) {
      await client.send(`${method} /${round} HTTP/1.1\r\nHost: gw\r\n\r\n`);
      const response = await client.response({ method });
      assert.equal(response.status, Number(bytes.slice(9, 12)));
      assert.equal(response.header('transfer-encoding'), undefined);
      if (method === 'HEAD') assert.equal(response.header('content-length'), /Content-Length: (\d+)/.exec(bytes)?.[1]);
      if (response.status === 204) assert.equal(response.header('content-length'), undefined);
      assert.equal(client.unread().length, 0);
    }
    await until(() => edge.outcomes.length === 2, { what: 'both requests are over' });
    assert.deepEqual(edge.outcomes, ['over', 'over']);
  });
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const broken: [string, string][] = [
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\nok'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['length and chunked', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok'],
  ['a bare line feed in a field', 'HTTP/1.1 200 OK\r\nX-A: 1\n\n2\r\nContent-Length: 2\r\n\r\nok'],
  ['a bare carriage return in a field', 'HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n X-B: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 2\r\n\r\nok'],
  ['a zero byte in a field', 'HTTP/1.1 200 OK\r\nX-A: 1\0\r\nContent-Length: 2\r\n\r\nok'],
  ['an oversized head', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}\r\nContent-Length: 2\r\n\r\nok`],
  ['endless small fields', `HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(20_000)}Content-Length: 2\r\n\r\nok`],
  ['garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an unrequested protocol switch', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
];

for (const [name, bytes] of broken) {
  test(`PX-10 ${name}: 502, the connection is not reused, the next request is clean`, async (t) => {
    const upstream = await startRawUpstream((socket, _number, head) => {
      socket.write(Buffer.from(head.startsWith('GET /bad ') ? bytes : ok, 'latin1'));
    });
    const edge = await startEdge(route(upstream.origin, { connections: 1 }));
    t.after(async () => {
      await edge.close();
      await upstream.close();
    });
    const bad = await rawRequest(edge.port, 'GET /bad HTTP/1.1\r\nHost: gw\r\n\r\n');
    assert.equal(bad.status, 502);
    assert.equal(JSON.parse(bad.text).code, 'upstream_failed');
    assert.doesNotMatch(bad.text, /127\.0\.0\.1|localhost|HPE_|stack/);
    const next = await rawRequest(edge.port, 'GET /good HTTP/1.1\r\nHost: gw\r\n\r\n');
    assert.deepEqual([next.status, next.text], [200, 'ok']);
    assert.equal(upstream.connections(), 2);
    await until(() => upstream.openConnections() === 1, { what: 'the bad connection is closed' });
  });
}

test('PX-10 bytes after a complete response never become the response to the next request', async (t) => {
  const upstream = await startRawUpstream((socket, number) => {
    socket.write(number === 1 ? `${ok}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers` : ok);
  });
  const edge = await startEdge(route(upstream.origin, { connections: 1 }));
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  for (let round = 0; round < 2; round += 1) {
    const response = await rawRequest(edge.port, 'POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n');
    assert.deepEqual([response.status, response.text], [200, 'ok']);
  }
  assert.equal(upstream.connections(), 2);
});

const early: [string, string][] = [
  ['before any byte', ''],
  ['in the middle of the head', 'HTTP/1.1 200 OK\r\nContent-Le'],
];
for (const [name, bytes] of early) {
  test(`PX-10 a connection that closes ${name} gives 502`, async (t) => {
    const upstream = await startRawUpstream((socket) => socket.end(bytes));
    const edge = await startEdge(route(upstream.origin));
    t.after(async () => {
      await edge.close();
      await upstream.close();
    });
    const response = await rawRequest(edge.port, 'POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n');
    assert.equal(response.status, 502);
    assert.equal(upstream.heads.length, 1);
  });
}

const cuts: [string, string, string][] = [
  ['a body short of its length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', ''],
  ['chunks without their end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', ''],
  ['chunks that are no chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', 'zz\r\n'],
  ['a bare line feed after a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf', '\n'],
  ['a bare line feed in a trailer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', '0\r\n\n'],
];
for (const [name, bytes, fault] of cuts) {
  test(`PX-10 D07 ${name}: the client sees that the response is incomplete`, async (t) => {
    const sockets: Socket[] = [];
    const upstream = await startRawUpstream((socket) => {
      sockets.push(socket);
      socket.write(bytes);
    });
    const edge = await startEdge(route(upstream.origin));
    t.after(async () => {
      await edge.close();
      await upstream.close();
    });
    const client = await connectRaw(edge.port);
    await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
    const head = await client.head();
    assert.equal(head.status, 200);
    await client.until('half');
    // Without a fault, the end of the connection cuts the response; a fault does so at once.
    if (fault === '') sockets[0]?.end();
    else sockets[0]?.write(fault);
    const rest = (await client.rest()).toString('latin1');
    assert.doesNotMatch(rest, /0\r\n\r\n$/);
    if (head.header('content-length')) assert.equal(rest, '');
  });
}

test('PX-10 an HTTP/1.0 client whose response is cut gets a reset, not a regular close', async (t) => {
  const upstream = await startUpstream({
    script: (req, res) => {
      res.write('half');
      setImmediate(() => req.socket.destroy());
    },
  });
  const edge = await startEdge(route(upstream.origin));
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  const client = await connectRaw(edge.port);
  const failed = new Promise<Error>((resolve) => client.socket.once('error', resolve));
  await client.send('GET / HTTP/1.0\r\nHost: gw\r\n\r\n');
  assert.match(String(await failed), /ECONNRESET/);
});

/** Request bodies: limits, 100 (Continue), slow and stalled peers, and early responses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../../src/base/errors.ts';
import type { RouteConfig } from '../../../src/config/schema/schema.ts';
import { type EdgeOptions, route, startEdge } from '../../support/edge.ts';
import { connectRaw } from '../../support/raw.ts';
import { hang, startUpstream, type UpstreamOptions } from '../../support/upstream.ts';
import { ownOnly } from '../../support/upstream-client.ts';
import { until } from '../../support/wait.ts';

async function world(
  t: TestContext,
  upstreamOptions: UpstreamOptions = {},
  changes: Partial<RouteConfig> = {},
  edgeOptions: EdgeOptions = {},
) {
  const upstream = await startUpstream(upstreamOptions);
  const edge = await startEdge(route(upstream.origin, changes), edgeOptions);
  const client = await connectRaw(edge.port);
  t.after(async () => {
    client.destroy();
    await edge.close();
    await upstream.close();
  });
  return { upstream, edge, client };
}

const MB = 1 << 20;
const head = (length: number, more = '') => `POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: ${length}\r\n${more}\r\n`;

test('R39 with Expect: 100-continue the client gets 100, the upstream gets no Expect, the upload is complete', async (t) => {
  const { client } = await world(t);
  await client.send(head(2 * MB, 'Expect: 100-continue\r\n'));
  assert.equal((await client.head()).status, 100);
  await client.send(Buffer.alloc(2 * MB, 'a'));
  const seen = JSON.parse((await client.response()).text);
  assert.equal(seen.received, 2 * MB);
  assert.equal(
    seen.headers.some(([name]: [string]) => name.toLowerCase() === 'expect'),
    false,
  );
});

for (const [code, status] of [
  ['unauthenticated', 401],
  ['access_denied', 403],
] as const) {
  test(`R39 with Expect: 100-continue a refused request gets ${status} and no 100`, async (t) => {
    const check = () => {
      throw new GatewayError(code);
    };
    const { client, upstream } = await world(t, {}, {}, { check });
    await client.send(head(2 * MB, 'Expect: 100-continue\r\n'));
    assert.equal((await client.head()).status, status);
    const rest = (await client.rest()).toString('latin1');
    assert.doesNotMatch(rest, /100 Continue/);
    assert.equal(upstream.connections(), 0);
  });
}

test('R39 with Expect: 100-continue and a length over maxBody: 413 at once', async (t) => {
  const { client, upstream } = await world(t, {}, { maxBody: MB });
  await client.send(head(2 * MB, 'Expect: 100-continue\r\n'));
  assert.equal((await client.head()).status, 413);
  assert.equal(upstream.connections(), 0);
});

test('R39 no client gets 100 before the upstream is reachable', async (t) => {
  const { client, upstream } = await world(t);
  await upstream.close();
  await client.send(head(2 * MB, 'Expect: 100-continue\r\n'));
  assert.equal((await client.head()).status, 502);
});

test('maxBody: a declared length over it is 413 without an upstream request, and the client gets the response', async (t) => {
  const { client, upstream } = await world(t, {}, { maxBody: 1000 });
  await client.send(head(1001));
  await client.send(Buffer.alloc(1001));
  assert.equal((await client.response()).status, 413);
  assert.equal(upstream.connections(), 0);
  await client.send(head(1000));
  await client.send(Buffer.alloc(1000));
  assert.equal((await client.response()).status, 200, 'the connection is in order');
});

test('maxBody: chunks that exceed it end in 413, and the upstream never gets a complete body', async (t) => {
  const { client, upstream, edge } = await world(t, {}, { maxBody: 1000 });
  await client.send('POST / HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n');
  await client.send(`${'a'.repeat(1000)}\r\n`);
  const recorded = await upstream.request(0);
  await client.send('1\r\nb\r\n0\r\n\r\n');
  assert.equal((await client.response()).status, 413);
  await until(() => recorded.aborted, { what: 'the upstream request is cut' });
  assert.equal(recorded.complete, false);
  assert.equal(edge.outcomes[0], 'payload_too_large');
});

test('R37 an upload that makes progress outlasts every time-out; a head that never ends does not', async (t) => {
  const timeouts = { connect: 5_000, headers: 2_000, idle: 2_000 };
  const { client, upstream, edge } = await world(t, {}, { timeouts }, { headersTimeout: 2_000 });
  const lazy = await connectRaw(edge.port);
  await lazy.send('GET / HTTP/1.1\r\nHost: gw\r\n');
  await client.send(head(20));
  for (let sent = 0; sent < 20; sent += 1) {
    await client.send('x');
    await sleep(150);
  }
  assert.equal(JSON.parse((await client.response()).text).received, 20);
  assert.equal(upstream.requests[0]?.complete, true);
  await lazy.rest();
  assert.ok(lazy.closed());
});

test('a client that stops in the middle of its body gets 408, and the upstream is released', async (t) => {
  const { client, upstream } = await world(t, {}, { timeouts: { connect: 5_000, headers: 5_000, idle: 200 } });
  await client.send(head(10));
  await client.send('half');
  const recorded = await upstream.request(0);
  assert.equal((await client.response()).status, 408);
  await until(() => recorded.aborted, { what: 'the upstream request is cut' });
});

test('PX-16 an upload of 200 MB to an upstream that does not read is held back at flat memory', async (t) => {
  const { client, upstream } = await world(t, { readBody: 'never', script: hang });
  const before = process.memoryUsage().arrayBuffers;
  await client.send(head(200 * MB));
  let sent = 0;
  const piece = Buffer.alloc(MB);
  const stuck = async () => {
    const room = client.socket.write(piece);
    sent += MB;
    if (!room) await Promise.race([once(client.socket, 'drain'), sleep(400)]);
    return client.socket.writableNeedDrain;
  };
  while (sent < 200 * MB && !(await stuck())) {}
  await upstream.request(0);
  assert.ok(sent < 40 * MB, `the gateway took ${sent / MB} MB`);
  assert.ok(process.memoryUsage().arrayBuffers - before < 20 * MB);
});

test('an upstream that stops reading causes an upstream time-out', async (t) => {
  const { client } = await world(
    t,
    { readBody: 'never', script: hang },
    { timeouts: { connect: 5_000, headers: 500, idle: 300 } },
  );
  await client.send(head(200 * MB));
  const piece = Buffer.alloc(MB);
  for (let sent = 0; sent < 64; sent += 1) client.socket.write(piece);
  assert.equal((await client.response({ ms: 60_000 })).status, 504);
});

test('an upstream that responds before it has the body: the client gets the response, and nothing hangs', async (t) => {
  const { client, upstream, edge } = await world(t, {
    readBody: 'never',
    script: (_req, res) => {
      res.writeHead(403, { 'content-length': 2 }).end('no');
    },
  });
  await client.send(`${head(64 * MB + 5)}start`);
  const response = await client.response();
  assert.deepEqual([response.status, response.text], [403, 'no']);
  await client.send(Buffer.alloc(64 * MB));
  assert.deepEqual(edge.outcomes, ['over']);
  await client.send(head(0));
  assert.equal((await client.response()).status, 403, 'the client connection is in order');
  assert.equal(upstream.connections(), 2);
});

test('a client that keeps sending long after its response is cut off', async (t) => {
  const refused = await world(t, {}, { maxBody: 10 });
  const early = await world(t, { readBody: 'never', script: (_req, res) => res.writeHead(403).end('no') });
  const goOn = async ({ client, edge }: typeof early, status: number) => {
    await client.send(`${head(1000)}x`);
    const drip = setInterval(() => client.socket.write('x'), 50);
    t.after(() => clearInterval(drip));
    assert.equal((await client.response()).status, status);
    await until(async () => (await edge.openConnections()) === 0, { what: 'the connection is closed' });
  };
  await Promise.all([goOn(refused, 413), goOn(early, 403)]);
});

for (const [name, framing, first, last] of [
  ['a length', 'Content-Length: 8', 'half', 'half'],
  ['chunks', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n', '4\r\nhalf\r\n0\r\n\r\n'],
  ...ownOnly([['no byte of its body yet', 'Content-Length: 4', '', 'half']] as const),
] as const)
  for (const method of ['POST', 'GET'])
    test(`D06 ${method} with ${name} that pauses for longer than timeouts.headers: the upstream owes nothing`, async (t) => {
      const timeouts = { connect: 5_000, headers: 200, idle: 300_000 };
      const { client, upstream } = await world(t, {}, { timeouts });
      await client.send(`${method} / HTTP/1.1\r\nHost: gw\r\n${framing}\r\n\r\n${first}`);
      await upstream.request(0);
      await sleep(700);
      await client.send(last);
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.equal(JSON.parse(response.text).received, (first + last).replace(/[^half]/g, '').length);
    });

test('D06 once the body is complete, the upstream has timeouts.headers to respond', async (t) => {
  const timeouts = { connect: 5_000, headers: 200, idle: 300_000 };
  const { client, upstream } = await world(t, { script: hang }, { timeouts });
  await client.send(`${head(8)}half`);
  await upstream.request(0);
  await client.send('half');
  assert.equal((await client.response()).status, 504);
});

test('D06 an upstream that does not read the body has timeouts.headers to do so', async (t) => {
  const timeouts = { connect: 5_000, headers: 200, idle: 300_000 };
  const { client } = await world(t, { script: hang, readBody: 'never' }, { timeouts });
  await client.send(head(64 * MB));
  client.socket.write(Buffer.alloc(32 * MB));
  assert.equal((await client.response()).status, 504);
});

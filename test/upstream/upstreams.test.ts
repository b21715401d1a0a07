/** Upstreams of every address family, with TLS, hung, overloaded or slow, isolated from each other. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RouteConfig } from '../../src/config/schema/schema.ts';
import { createUpstreams } from '../../src/upstream/upstreams.ts';
import { caFile, LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE, TEST_KEY } from '../support/certificates.ts';
import { type Edge, route, SHARES, startEdge } from '../support/edge.ts';
import { connectRaw, rawRequest } from '../support/raw.ts';
import { hang, startRawUpstream, startUpstream, type UpstreamOptions } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

async function upstreamOf(t: TestContext, options: UpstreamOptions = {}) {
  const upstream = await startUpstream(options);
  t.after(() => upstream.close());
  return upstream;
}
async function edgeOf(t: TestContext, ...args: Parameters<typeof startEdge>): Promise<Edge> {
  const edge = await startEdge(...args);
  t.after(() => edge.close());
  return edge;
}
const get = (edge: Edge, path = '/') => rawRequest(edge.port, `GET ${path} HTTP/1.1\r\nHost: gw\r\n\r\n`);
const tls = { key: TEST_KEY, cert: LOOPBACK_CERTIFICATE };

for (const [address, host] of [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost'],
  ['::1', '[::1]'],
] as const) {
  test(`R53 an upstream on ${address} is reached as ${host}`, async (t) => {
    const upstream = await upstreamOf(t, { host: address });
    const edge = await edgeOf(t, route(`http://${host}:${upstream.port}`));
    assert.equal((await get(edge)).status, 200);
  });
}

test('PX-19 an upstream with an untrusted certificate: 502 that names neither host nor reason', async (t) => {
  const upstream = await upstreamOf(t, { tls });
  const edge = await edgeOf(t, route(`https://localhost:${upstream.port}`));
  const response = await get(edge);
  assert.equal(response.status, 502);
  assert.doesNotMatch(response.text, /localhost|certificate|SELF_SIGNED|UNABLE|127\.0/i);
  assert.equal(upstream.requests.length, 0);
});

test('PX-19 with its CA configured an upstream is reached, by name and by address', async (t) => {
  const upstream = await upstreamOf(t, { tls });
  const upstreamCa = caFile(t);
  for (const host of ['localhost', '127.0.0.1']) {
    const edge = await edgeOf(t, route(`https://${host}:${upstream.port}`, { upstreamCa }));
    assert.equal((await get(edge)).status, 200, host);
  }
});

test('PX-19 a certificate for another name is refused, also with NODE_TLS_REJECT_UNAUTHORIZED=0', async (t) => {
  const upstream = await upstreamOf(t, { tls: { key: TEST_KEY, cert: OTHER_CERTIFICATE } });
  const edge = await edgeOf(t, route(`https://localhost:${upstream.port}`, { upstreamCa: caFile(t) }));
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  });
  assert.equal((await get(edge)).status, 502);
  assert.equal(upstream.requests.length, 0);
});

test('an unreadable CA file stops the start', () => {
  const routes = [route('https://localhost:1', { upstreamCa: '/does/not/exist.pem' })];
  assert.throws(() => createUpstreams(routes, { shares: SHARES }), {
    message: /^routes\[\]\.upstreamCa: this file cannot be read: \/does\/not\/exist\.pem does not exist/,
  });
});

test('an upstream that refuses connections: 502 without its name', async (t) => {
  const upstream = await startUpstream();
  await upstream.close();
  const edge = await edgeOf(t, route(upstream.origin));
  const response = await get(edge);
  assert.equal(response.status, 502);
  assert.doesNotMatch(response.text, /127\.0\.0\.1|ECONNREFUSED/);
});

// Long enough for responses in time on a slow machine.
const short: Partial<RouteConfig> = { timeouts: { connect: 5_000, headers: 2_000, idle: 2_000 } };

test('no first byte in time: 504; silence inside a response: the client connection is closed', async (t) => {
  const upstream = await upstreamOf(t, {
    script: (req, res) => {
      if (req.url === '/body') res.write('half');
    },
  });
  const edge = await edgeOf(t, route(upstream.origin, short));
  assert.equal((await get(edge)).status, 504);
  const client = await connectRaw(edge.port);
  await client.send('GET /body HTTP/1.1\r\nHost: gw\r\n\r\n');
  await client.until('half');
  assert.equal((await client.rest()).toString().includes('0\r\n\r\n'), false);
  await until(() => upstream.openConnections() === 0, { what: 'both upstream connections are closed' });
});

test('idle 0ms keeps a silent stream open', async (t) => {
  const upstream = await upstreamOf(t, {
    script: (_req, res) => {
      res.write('one');
      setTimeout(() => res.end('two'), 3000);
    },
  });
  const edge = await edgeOf(t, route(upstream.origin, { timeouts: { connect: 5_000, headers: 2_000, idle: 0 } }));
  assert.equal((await get(edge)).text, 'onetwo');
});

test('DO-04 one hung upstream does not stall another', async (t) => {
  const hung = await upstreamOf(t, { script: hang });
  const healthy = await upstreamOf(t);
  const options = { connections: 4, maxQueue: 1000 };
  const edge = await edgeOf(t, [route(hung.origin, options), route(healthy.origin, options)], {
    choose: (req) => (req.url === '/hung' ? 0 : 1),
  });
  const waiting = await Promise.all(Array.from({ length: 100 }, () => connectRaw(edge.port)));
  t.after(() => waiting.map((client) => client.destroy()));
  await Promise.all(waiting.map((client) => client.send('GET /hung HTTP/1.1\r\nHost: gw\r\n\r\n')));
  await hung.request(3);
  // Each waits for 45 s at most; a request that was queued behind the hung ones would wait for 60 s.
  for (let count = 0; count < 50; count += 1) assert.equal((await get(edge)).status, 200);
  assert.equal(hung.connections(), 4);
});

test('DO-04 more requests than connections and queue slots: 503; queued requests are served in order', async (t) => {
  const release: (() => void)[] = [];
  const upstream = await upstreamOf(t, {
    script: (_req, res) => {
      release.push(() => res.end('done'));
    },
  });
  const edge = await edgeOf(t, route(upstream.origin, { connections: 1, maxQueue: 2 }));
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectRaw(edge.port)));
  t.after(() => clients.map((client) => client.destroy()));
  for (const [at, client] of clients.entries()) {
    await client.send(`GET /${at} HTTP/1.1\r\nHost: gw\r\n\r\n`);
    await until(() => edge.requests() === at + 1, { what: `request ${at} reached the gateway` });
  }
  assert.equal((await clients[3]?.response())?.status, 503);
  for (const at of [0, 1, 2]) {
    assert.equal((await upstream.request(at)).target, `/${at}`);
    release[at]?.();
    assert.equal((await clients[at]?.response())?.text, 'done');
  }
  assert.equal(upstream.connections(), 1);
});

test('DO-04 a request that is queued for longer than the response timeout gets 503', async (t) => {
  const upstream = await upstreamOf(t, { script: (_req, res) => res.write('endless') });
  const timeouts = { connect: 5_000, headers: 2_000, idle: 0 };
  const edge = await edgeOf(t, route(upstream.origin, { connections: 1, maxStreams: 0, timeouts }));
  const first = await connectRaw(edge.port);
  t.after(() => first.destroy());
  await first.send('GET /first HTTP/1.1\r\nHost: gw\r\n\r\n');
  await first.until('endless');
  assert.equal((await get(edge, '/second')).status, 503);
  assert.equal(upstream.requests.length, 1);
});

test('E06 a response that ends with its connection is cut if the connection is reset', async (t) => {
  const upstream = await startRawUpstream((socket) =>
    socket.write('HTTP/1.1 200 OK\r\n\r\npart', () => setTimeout(() => socket.resetAndDestroy(), 50)),
  );
  t.after(() => upstream.close());
  const edge = await edgeOf(t, route(upstream.origin));
  const client = await connectRaw(edge.port);
  t.after(() => client.destroy());
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  assert.doesNotMatch((await client.rest()).toString('latin1'), /\r\n0\r\n/);
});

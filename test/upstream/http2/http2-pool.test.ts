/** Upstreams that speak HTTP/2: requests share a connection, both bodies stream, and failures are those of HTTP/1.1. */
import assert from 'node:assert/strict';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { upstreamChecks } from '../../../src/cli/doctor/upstreams.ts';
import { upstream as schema } from '../../../src/config/traffic/upstream.ts';
import { caFile, LOOPBACK_CERTIFICATE, TEST_KEY } from '../../support/certificates.ts';
import { route, startEdge } from '../../support/edge.ts';
import { FLAG, FRAME, type Frame, frame, readFrames, uint32 } from '../../support/http2-frames.ts';
import { connectRaw, rawRequest } from '../../support/raw.ts';
import { startRawUpstream, startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';

type Respond = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, number: number) => unknown;

/** Starts a server of HTTP/2 without TLS. */
async function serve(t: TestContext, respond: Respond, server: Http2Server = createServer()) {
  const sessions: ServerHttp2Session[] = [];
  const requests: IncomingHttpHeaders[] = [];
  server.on('session', (session) => void sessions.push(session.on('error', () => {}) as ServerHttp2Session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    requests.push(headers);
    respond(stream, headers, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sessions, requests };
}

async function edgeTo(t: TestContext, target: string, options: object = {}, changes: object = {}) {
  const edge = await startEdge(route(schema.parse({ targets: [target], protocol: 'h2c', ...options }), changes));
  t.after(() => edge.close());
  return edge;
}

async function world(t: TestContext, respond: Respond, changes: object = {}) {
  const upstream = await serve(t, respond);
  return { ...upstream, edge: await edgeTo(t, `http://127.0.0.1:${upstream.port}`, {}, changes) };
}

const get = 'GET /a%2Fb?x=1 HTTP/1.1\r\nHost: gw\r\nX-Name: \xe9\r\nConnection: close\r\n\r\n';

test('method, path, fields and body arrive, and so does the response', async (t) => {
  const { edge, requests } = await world(t, async (stream) => {
    const parts: Buffer[] = [];
    for await (const chunk of stream) parts.push(chunk);
    stream.respond({ ':status': 201, 'x-a': ['1', '2'], 'x-name': '\xe9' });
    stream.end(Buffer.concat(parts));
  });
  const response = await rawRequest(
    edge.port,
    'POST /a%2Fb?x=1 HTTP/1.1\r\nHost: gw\r\nX-Name: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
  );
  assert.deepEqual([response.status, response.text, response.header('x-name')], [201, 'hi', '\xe9']);
  assert.equal(response.header('x-a'), '1, 2');
  const [seen] = requests;
  assert.deepEqual([seen?.[':method'], seen?.[':path'], seen?.['x-name']], ['POST', '/a%2Fb?x=1', '\xe9']);
  assert.match(seen?.[':authority'] ?? '', /^127\.0\.0\.1:/);
  assert.equal(seen?.['transfer-encoding'], undefined);
});

test('20 requests share one connection', async (t) => {
  const waiting: ServerHttp2Stream[] = [];
  const { edge, sessions } = await world(t, (stream) => {
    waiting.push(stream);
    if (waiting.length === 20) for (const each of waiting) each.respond({ ':status': 200 }, { endStream: true });
  });
  const responses = await Promise.all(Array.from({ length: 20 }, () => rawRequest(edge.port, get)));
  assert.ok(responses.every(({ status }) => status === 200));
  assert.equal(sessions.length, 1);
});

test('requests beyond the limit of the upstream get further connections', async (t) => {
  const upstream = await serve(
    t,
    async (stream) => {
      await setTimeout(50);
      if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true });
    },
    createServer({ settings: { maxConcurrentStreams: 2 } }),
  );
  const edge = await edgeTo(t, `http://127.0.0.1:${upstream.port}`);
  // The first response comes after the settings.
  assert.equal((await rawRequest(edge.port, get)).status, 200);
  const responses = await Promise.all(Array.from({ length: 10 }, () => rawRequest(edge.port, get)));
  assert.ok(responses.every(({ status }) => status === 200));
  assert.ok(upstream.sessions.length > 1);
});

test('requests wait for a stream when a further connection fails', async (t) => {
  const running: ServerHttp2Stream[] = [];
  const server = createServer({ settings: { maxConcurrentStreams: 1 } });
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    if (connections > 1) socket.destroy();
  });
  const { port } = await serve(t, (stream) => void running.push(stream), server);
  const timeouts = { connect: 60_000, headers: 60_000, idle: 300_000 };
  const edge = await edgeTo(t, `http://127.0.0.1:${port}`, {}, { timeouts });
  const first = rawRequest(edge.port, get);
  await until(() => running.length === 1, { what: 'the first request arrived' });
  // No GET: it would be sent again.
  const second = rawRequest(edge.port, 'POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await until(() => connections > 1, { what: 'the further connection failed' });
  await setTimeout(500);
  assert.deepEqual(edge.outcomes, []);
  running[0]?.respond({ ':status': 200 }, { endStream: true });
  await until(() => running.length === 2, { what: 'the second request arrived' });
  running[1]?.respond({ ':status': 201 }, { endStream: true });
  assert.deepEqual([(await first).status, (await second).status], [200, 201]);
});

test('h2 over TLS; an upstream without h2 in ALPN is a 502', async (t) => {
  const tls = { key: TEST_KEY, cert: LOOPBACK_CERTIFICATE };
  const h2 = await serve(
    t,
    (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
    createSecureServer(tls),
  );
  const http1 = await startUpstream({ tls });
  t.after(() => http1.close());
  const options = { protocol: 'h2', tls: { ca: caFile(t) } };
  const edge = await edgeTo(t, `https://localhost:${h2.port}`, options);
  assert.equal((await rawRequest(edge.port, get)).status, 204);
  const other = await edgeTo(t, `https://localhost:${http1.port}`, options);
  assert.equal((await rawRequest(other.port, get)).status, 502);
  assert.equal(http1.requests.length, 0);
});

test('trailers reach the client', async (t) => {
  const { edge } = await world(t, (stream, headers) => {
    stream.respond({ ':status': 200, 'x-te': headers.te ?? '' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end('ok');
  });
  const client = await connectRaw(edge.port);
  t.after(() => client.destroy());
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\nTE: trailers\r\nConnection: close\r\n\r\n');
  assert.match((await client.rest()).toString(), /x-te: trailers\r\n.*\r\n0\r\ngrpc-status: 0\r\n\r\n$/s);
});

test('GOAWAY: running requests end on the connection, and new ones get another', async (t) => {
  const first: ServerHttp2Stream[] = [];
  const { edge, sessions } = await world(t, (stream, _headers, number) => {
    if (number > 1) stream.respond({ ':status': 200 }, { endStream: true });
    else first.push(stream);
  });
  const running = rawRequest(edge.port, get);
  await until(() => first.length === 1, { what: 'the first request arrived' });
  sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, first[0]?.id);
  await new Promise<void>((resolve) => sessions[0]?.ping(() => resolve()));
  assert.equal((await rawRequest(edge.port, get)).status, 200);
  assert.equal(sessions.length, 2);
  first[0]?.respond({ ':status': 202 }, { endStream: true });
  assert.equal((await running).status, 202);
});

test('a client that leaves resets its stream only', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const { edge, sessions } = await world(t, (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('begin');
    streams.push(stream);
  });
  const [leaves, stays] = [await connectRaw(edge.port), await connectRaw(edge.port)];
  t.after(() => stays.destroy());
  for (const client of [leaves, stays]) {
    await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
    await client.until('begin');
  }
  leaves.reset();
  await until(() => streams[0]?.rstCode === constants.NGHTTP2_CANCEL, { what: 'the stream was reset' });
  streams[1]?.end('more');
  await stays.until('more');
  assert.equal(sessions.length, 1);
});

test('a client that does not read stops the upstream', async (t) => {
  let written = 0;
  const { edge } = await world(t, (stream) => {
    stream.respond({ ':status': 200 });
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!stream.destroyed && written < 64 << 20) {
        written += chunk.length;
        if (!stream.write(chunk)) return void stream.once('drain', more);
      }
    };
    more();
  });
  const client = await connectRaw(edge.port, '127.0.0.1', { read: false });
  t.after(() => client.destroy());
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  let before = -1;
  const hasStopped = () => {
    const same = written > 0 && written === before;
    before = written;
    return same;
  };
  await until(hasStopped, { what: 'it stopped', interval: 300 });
  assert.ok(written < 32 << 20, `${written} bytes`);
});

for (const [name, respond, status] of [
  ['resets the stream', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 502],
  ['closes the connection', (stream: ServerHttp2Stream) => stream.session?.destroy(), 502],
  ['sends nothing', () => {}, 504],
] as const)
  test(`an upstream that ${name}: ${status}`, async (t) => {
    const timeouts = { connect: 30_000, headers: status === 504 ? 300 : 60_000, idle: 300_000 };
    const { edge } = await world(t, respond, { timeouts });
    assert.equal((await rawRequest(edge.port, get)).status, status);
  });

/** An upstream that answers every request with these frames of its stream, and then ends the connection if it is told to. */
async function serveFrames(t: TestContext, answer: (stream: number) => Buffer[], closes: boolean) {
  const upstream = await startRawUpstream((socket, number) => {
    // The second head is the end of the preface.
    if (number % 2 === 1) return;
    socket.write(frame(FRAME.settings, 0, 0));
    let rest = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      const frames: Frame[] = [];
      rest = Buffer.from(readFrames(Buffer.concat([rest, bytes]), frames));
      const request = frames.find(({ type }) => type === FRAME.headers);
      if (!request) return;
      socket.write(Buffer.concat(answer(request.stream)));
      if (closes) socket.end();
    });
  });
  t.after(() => upstream.close());
  return edgeTo(t, upstream.origin);
}

const OK_STATUS = Buffer.from([0x88]);
const headAndPart = (stream: number) => [
  frame(FRAME.headers, FLAG.endHeaders, stream, OK_STATUS),
  frame(FRAME.data, 0, stream, Buffer.from('part')),
];

for (const [name, end, closes] of [
  ['CANCEL', constants.NGHTTP2_CANCEL, false],
  ['INTERNAL_ERROR', constants.NGHTTP2_INTERNAL_ERROR, false],
  ['NO_ERROR', constants.NGHTTP2_NO_ERROR, false],
  ['the end of the connection', undefined, true],
] as const)
  test(`a response that is cut by ${name} is not complete to the client`, async (t) => {
    const edge = await serveFrames(
      t,
      (stream) => [...headAndPart(stream), ...(end === undefined ? [] : [frame(FRAME.reset, 0, stream, uint32(end))])],
      closes,
    );
    const client = await connectRaw(edge.port);
    t.after(() => client.destroy());
    await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
    const received = (await client.rest()).toString();
    assert.match(received, /part/);
    assert.doesNotMatch(received, /\r\n0\r\n\r\n$/);
  });

test('a reset after the end of the response changes nothing', async (t) => {
  const edge = await serveFrames(
    t,
    (stream) => [
      ...headAndPart(stream),
      frame(FRAME.data, FLAG.endStream, stream),
      frame(FRAME.reset, 0, stream, uint32(constants.NGHTTP2_NO_ERROR)),
    ],
    false,
  );
  const upload = 'POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 9\r\nConnection: close\r\n\r\n12';
  assert.equal((await rawRequest(edge.port, upload)).text, 'part');
});

test('a field that the client repeats reaches the upstream', async (t) => {
  const { edge, requests } = await world(t, (stream) => stream.respond({ ':status': 204 }, { endStream: true }));
  const fields = 'User-Agent: a\r\nUser-Agent: b\r\nIf-None-Match: "a"\r\nIf-None-Match: "b"\r\n';
  const { status } = await rawRequest(edge.port, `GET / HTTP/1.1\r\nHost: gw\r\n${fields}Connection: close\r\n\r\n`);
  assert.equal(status, 204);
  assert.equal(requests.length, 1);
});

test('a refused request is sent again when it may be', async (t) => {
  const { edge, requests } = await world(t, (stream, _headers, number) => {
    if (number === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else stream.respond({ ':status': 200 }, { endStream: true });
  });
  assert.equal((await rawRequest(edge.port, get)).status, 200);
  assert.equal(requests.length, 2);
});

test('an upstream that allows no stream: 504, and one connection', async (t) => {
  const upstream = await serve(t, () => {}, createServer({ settings: { maxConcurrentStreams: 0 } }));
  const timeouts = { connect: 1_000, headers: 60_000, idle: 300_000 };
  const edge = await edgeTo(t, `http://127.0.0.1:${upstream.port}`, {}, { timeouts });
  assert.equal((await rawRequest(edge.port, get)).status, 504);
  assert.ok(upstream.sessions.length <= 2, `${upstream.sessions.length} connections`);
});

test('a server that accepts the connection and says nothing: 504, and the connection is closed', async (t) => {
  const silent = await startRawUpstream(() => {});
  t.after(() => silent.close());
  const timeouts = { connect: 300, headers: 60_000, idle: 300_000 };
  const edge = await edgeTo(t, silent.origin, {}, { timeouts });
  assert.equal((await rawRequest(edge.port, get)).status, 504);
  await until(() => silent.connections() > 0 && silent.openConnections() === 0, { what: 'it is closed' });
});

test('an upstream that speaks HTTP/1.1 on an h2c target: 502', async (t) => {
  const http1 = await startUpstream();
  t.after(() => http1.close());
  const edge = await edgeTo(t, http1.origin);
  assert.equal((await rawRequest(edge.port, get)).status, 502);
});

test('doctor asks over HTTP/2', async (t) => {
  const { port } = await serve(t, (stream) => stream.respond({ ':status': 404 }, { endStream: true }));
  const upstream = schema.parse({ targets: [`http://127.0.0.1:${port}`], protocol: 'h2c' });
  const [check] = await upstreamChecks({ routes: [route(upstream)] }, () => '');
  assert.equal(check?.message, `http://127.0.0.1:${port} (/**) responds with 404`);
});

for (const [input, message] of [
  [{ targets: ['http://a'], protocol: 'h2' }, /h2 needs https/],
  [{ targets: ['https://a'], protocol: 'h2c' }, /h2c needs http/],
] as const)
  test(`${JSON.stringify(input)} is a fault`, () => {
    assert.match(schema.safeParse(input).error?.message ?? '', message);
  });

/** Known attacks on HTTP/2 servers: each ends its own connection, with the right code, before it costs much. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { TEST_CA } from '../../support/certificates.ts';
import {
  block,
  CODE,
  connectFrames,
  FLAG,
  FRAME,
  frame,
  get,
  requestBlock,
  uint32,
} from '../../support/http2-frames.ts';
import { startHttp2Port } from '../../support/http2-port.ts';
import { until } from '../../support/wait.ts';

type Options = Parameters<typeof startHttp2Port>[2];

const hello: RequestListener = (_req, res) => void res.end('hello');
const never: RequestListener = () => {};

/** A port, and a client of it that is about to misbehave. */
async function setUp(t: TestContext, handle: RequestListener = hello, options: Options = {}, settings?: Uint8Array) {
  const port = await startHttp2Port(t, handle, options);
  const client = await connectFrames(port.port, settings);
  t.after(client.destroy);
  return { port, client };
}

/** SETTINGS_INITIAL_WINDOW_SIZE of 0: the server may send no body. */
const NO_WINDOW = Buffer.from([0, 4, 0, 0, 0, 0]);
const odd = (index: number) => 2 * index + 1;
const times = (count: number, make: (index: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
const reset = (stream: number, code: number = CODE.cancel) => frame(FRAME.reset, 0, stream, uint32(code));
/** The GOAWAY of a connection that is closed while the client still sends can be lost. */
const assertCalm = (code: number | undefined) => assert.equal(code ?? CODE.calm, CODE.calm);

test('rapid reset (CVE-2023-44487): the session ends after some hundred resets, and few of its requests were executed', async (t) => {
  const { port, client } = await setUp(t, never);
  client.send(times(1_000, (at) => Buffer.concat([get(odd(at)), reset(odd(at))])));
  assertCalm(await client.end());
  assert.ok(port.events.includes('goaway resets'));
  assert.ok(port.events.filter((event) => event === 'request').length < 10);
});

/** Resets streams one by one, each after its request has begun. */
async function resetOneByOne(t: TestContext, code: number): Promise<void> {
  const { port, client } = await setUp(t, never);
  const ended = client.end();
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  for (let at = 0; at < 1_000 && !isOver; at += 1) {
    const begun = port.events.filter((event) => event === 'request').length;
    client.send(get(odd(at)));
    await until(() => isOver || port.events.filter((event) => event === 'request').length > begun, { interval: 1 });
    client.send(reset(odd(at), code));
  }
  assertCalm(await ended);
  assert.ok(port.events.includes('goaway resets'));
}

test('rapid reset one by one, each after its request has begun', (t) => resetOneByOne(t, CODE.cancel));
test('rapid reset without an error code counts as well', (t) => resetOneByOne(t, CODE.none));

test('a client whose requests complete may cancel some of them for ever', async (t) => {
  const { port, client } = await setUp(t, (req, res) => void (req.url === '/' && res.end('hello')));
  for (let at = 0; at < 600; at += 2) {
    client.send(get(odd(at), '/never'), get(odd(at + 1)));
    await client.find(({ type, stream }) => type === FRAME.data && stream === odd(at + 1), 'the response');
    client.send(reset(odd(at)));
  }
  await until(() => port.events.filter((event) => event === 'reset client').length === 300);
  assert.ok(!port.events.some((event) => event.startsWith('goaway')));
});

test('MadeYouReset (CVE-2025-8671): resets that the client provokes count like its own', async (t) => {
  const { port, client } = await setUp(t, never);
  // An increment of 0 is a stream error (RFC 9113 section 6.9).
  client.send(times(1_000, (at) => Buffer.concat([get(odd(at)), frame(FRAME.windowUpdate, 0, odd(at), uint32(0))])));
  const code = await client.end();
  if (code !== CODE.protocol) assertCalm(code);
  assert.ok(port.events.filter((event) => event === 'request').length < 300);
});

test('malformed requests count as resets as well', async (t) => {
  const { port, client } = await setUp(t);
  const malformed = requestBlock('GET', '/', [['host', 'other.example.com']]);
  client.send(times(1_000, (at) => frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, odd(at), malformed)));
  await client.end();
  await until(() => port.events.some((event) => event.startsWith('goaway')));
  assert.ok(!port.events.includes('request'));
});

test('CONTINUATION flood (CVE-2024-27983): a header block without an end ends the session', async (t) => {
  const { port, client } = await setUp(t);
  const part = block([['x-a', 'x'.repeat(100)]]);
  client.send(
    frame(FRAME.headers, FLAG.endStream, 1, requestBlock('GET', '/')),
    times(1_000, () => frame(FRAME.continuation, 0, 1, part)),
  );
  await client.end();
  assert.ok(!port.events.includes('request'));
});

test('a header block that never ends is cut after headersTimeout, also in pieces of a frame', async (t) => {
  const { port, client } = await setUp(t, hello, { limits: { headersTimeout: 1 } });
  client.send(frame(FRAME.headers, FLAG.endStream, 1, requestBlock('GET', '/')));
  await until(() => client.socket.destroyed || client.socket.readableEnded);
  const second = await connectFrames(port.port);
  t.after(second.destroy);
  second.send(get(1).subarray(0, 12));
  await until(() => second.socket.destroyed || second.socket.readableEnded);
  assert.ok(!port.events.includes('request'));
});

test('HPACK bomb (CVE-2016-6581): a small block that expands to a large header list is reset before it is a request', async (t) => {
  const { port, client } = await setUp(t);
  // Field 62 is the one that the block adds to the dynamic table; each further byte repeats it.
  const long = Buffer.concat([Buffer.from([0x40]), block([['x-a', 'x'.repeat(3_000)]]).subarray(1)]);
  const bomb = Buffer.concat([requestBlock('GET', '/'), long, Buffer.alloc(10_000, 0x80 | 62)]);
  client.send(frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, 1, bomb));
  await client.find(({ type }) => type === FRAME.reset || type === FRAME.goaway, 'a reset');
  assert.ok(!port.events.includes('request'));
});

test('header leak (CVE-2019-9516): fields without a name are dropped or refused', async (t) => {
  let fields = 0;
  const { client } = await setUp(t, (req, res) => {
    fields = req.rawHeaders.length / 2;
    res.end();
  });
  const empty = requestBlock(
    'GET',
    '/',
    Array.from({ length: 500 }, () => ['', ''] as const),
  );
  client.send(frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, 1, empty));
  await client.find(({ type, stream }) => stream === 1 && (type === FRAME.reset || type === FRAME.headers), 'the end');
  assert.ok(fields <= 1);
});

const FLOODS: Record<string, (at: number) => Uint8Array> = {
  'PING (CVE-2019-9512)': () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  'SETTINGS (CVE-2019-9515)': () => frame(FRAME.settings, 0, 0),
  'PRIORITY (CVE-2019-9513, resource loop)': (at) =>
    frame(FRAME.priority, 0, odd(at % 50), Buffer.from([0, 0, 0, 101, at % 256])),
  WINDOW_UPDATE: () => frame(FRAME.windowUpdate, 0, 0, uint32(1)),
  'frames of unknown types': () => frame(0xbb, 0, 0),
};
for (const [name, make] of Object.entries(FLOODS))
  test(`flood of ${name}`, async (t) => {
    const { port, client } = await setUp(t);
    client.send(times(3_000, make));
    await client.end();
    assert.ok(port.events.includes('goaway flood'));
  });

test('flood of empty DATA frames (CVE-2019-9518), with and without padding', async (t) => {
  for (const empty of [frame(FRAME.data, 0, 1), frame(FRAME.data, FLAG.padded, 1, Buffer.from([1, 0]))]) {
    const { port, client } = await setUp(t, never);
    client.send(
      frame(FRAME.headers, FLAG.endHeaders, 1, requestBlock('POST', '/')),
      times(3_000, () => empty),
    );
    await client.end();
    assert.ok(port.events.includes('goaway flood'));
  }
});

test('slow read (CVE-2019-9511, CVE-2019-9517): a response that the client does not take is reset after sendTimeout', async (t) => {
  const { client } = await setUp(t, hello, { limits: { sendTimeout: 1 } }, NO_WINDOW);
  client.send(times(20, (at) => get(odd(at))));
  for (let at = 0; at < 20; at += 1) {
    const { payload } = await client.find(({ type, stream }) => type === FRAME.reset && stream === odd(at), 'a reset');
    assert.equal(payload.readUInt32BE(0), CODE.cancel);
  }
});

test('a client that leaves its side open after the end of its session is closed', async (t) => {
  const { port, client } = await setUp(t, hello, { limits: { keepAliveTimeout: 1 } });
  await client.find(({ type }) => type === FRAME.goaway, 'GOAWAY');
  // The client goes on sending, and answers the end of the connection with nothing.
  client.socket.allowHalfOpen = true;
  await until(() => {
    client.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
    return port.connections() === 0;
  });
});

test('a large response that a client does not read holds up no other request of its connection', async (t) => {
  const { client } = await setUp(
    t,
    (req, res) => void res.end(req.url === '/large' ? Buffer.alloc(30_000_000) : 'hello'),
  );
  client.send(get(1, '/large'));
  await client.find(({ type, stream }) => type === FRAME.data && stream === 1, 'the beginning');
  client.send(frame(FRAME.windowUpdate, 0, 0, uint32(1_000_000)), get(3));
  const { type } = await client.find(({ stream }) => stream === 3, 'a response');
  assert.equal(type, FRAME.headers);
});

test('no more requests at once than maxConcurrentStreams, and the limit is announced', async (t) => {
  const { port, client } = await setUp(t, never, { maxConcurrentStreams: 10 });
  const { payload } = await client.find(({ type }) => type === FRAME.settings, 'SETTINGS');
  const announced = Array.from({ length: payload.length / 6 }, (_, at) => [
    payload.readUInt16BE(6 * at),
    payload.readUInt32BE(6 * at + 2),
  ]);
  assert.deepEqual(
    announced.find(([id]) => id === 3),
    [3, 10],
  );
  assert.deepEqual(announced.find(([id]) => id === 8)?.[1] ?? 0, 0, 'no CONNECT of RFC 8441');
  client.send(times(15, (at) => get(odd(at))));
  await client.find(({ type, stream }) => type === FRAME.reset && stream === odd(14), 'the refusal of the last one');
  assert.equal(port.events.filter((event) => event === 'request').length, 10);
});

test('other clients are served while one floods', async (t) => {
  const { port, client } = await setUp(t);
  client.send(times(20_000, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))));
  const session = connect(`https://localhost:${port.port}`, { ca: TEST_CA });
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/' });
  const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
  assert.equal(status, 200);
  await client.end();
  assert.ok(port.events.includes('goaway flood'));
});

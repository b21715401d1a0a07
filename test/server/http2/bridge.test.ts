/** Requests and responses over HTTP/2: streaming in both directions, every form of response, and how either side breaks off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { type TestContext, test } from 'node:test';
import { TEST_CA } from '../../support/certificates.ts';
import { CODE, connectFrames, FLAG, FRAME, frame, requestBlock, uint32 } from '../../support/http2-frames.ts';
import { type Http2Port, startHttp2Port } from '../../support/http2-port.ts';
import { gate, until } from '../../support/wait.ts';

function client(t: TestContext, { port }: Http2Port): ClientHttp2Session {
  const session = connect(`https://localhost:${port}`, { ca: TEST_CA });
  session.on('error', () => {});
  t.after(() => session.destroy());
  return session;
}

async function head(stream: ClientHttp2Stream): Promise<Record<string, unknown>> {
  const [headers] = await once(stream, 'response');
  return headers;
}

async function text(stream: ClientHttp2Stream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function call(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string) {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const received = await head(stream);
  return { headers: received, body: await text(stream) };
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

const RESPONSES: Record<string, (req: IncomingMessage, res: ServerResponse) => void> = {
  '/echo': async (req, res) => {
    const body = await bodyOf(req);
    const { method, headers, socket } = req;
    res.end(JSON.stringify({ method, headers, body, address: socket.remoteAddress, encrypted: 'encrypted' in socket }));
  },
  '/204': (_req, res) => void res.writeHead(204).end(),
  '/304': (_req, res) => void res.writeHead(304, { etag: '"a"' }).end(),
  '/empty': (_req, res) => void res.writeHead(200, { 'content-length': '0' }).end(),
  '/chunks': (_req, res) => {
    res.write('one ');
    setImmediate(() => res.end('two'));
  },
  '/close': (_req, res) => {
    res.shouldKeepAlive = false;
    res.setHeader('keep-alive', 'timeout=5');
    res.setHeader('set-cookie', ['a=1', 'b=2']);
    res.end('last');
  },
  '/hints': (_req, res) => {
    res.writeInformation(103, ['Link', '</a.css>; rel=preload', 'Link', '</b.css>; rel=preload']);
    res.end('hinted');
  },
  '/trailers': (_req, res) => {
    res.write('body');
    res.addTrailers({ 'Grpc-Status': '0' });
    res.end();
  },
  '/latin1': (_req, res) => void res.writeHead(200, ['x-name', 'Zo\xeb']).end(),
};
const respond = (req: IncomingMessage, res: ServerResponse) => void RESPONSES[req.url ?? '']?.(req, res);

test('a request arrives as it was sent, with and without a body and its length', async (t) => {
  const session = client(t, await startHttp2Port(t, respond));
  const get = await call(session, { ':path': '/echo', cookie: ['a=1', 'b=2'], 'x-name': 'Zo\xeb' });
  const seen = JSON.parse(get.body);
  assert.deepEqual([seen.method, seen.address, seen.encrypted, seen.body], ['GET', '127.0.0.1', true, '']);
  assert.deepEqual([seen.headers.cookie, seen.headers['x-name']], ['a=1; b=2', 'Zo\xeb']);
  for (const length of [{}, { 'content-length': '5' }]) {
    const { body } = await call(session, { ':method': 'POST', ':path': '/echo', ...length }, 'hello');
    assert.equal(JSON.parse(body).body, 'hello');
  }
});

test('a body without a length that turns out to be empty is an empty body', async (t) => {
  const session = client(t, await startHttp2Port(t, respond));
  for (const method of ['GET', 'POST', 'POST']) {
    // An empty DATA frame ends the stream, in most cases in the same packet as the head.
    const { headers, body } = await call(session, { ':method': method, ':path': '/echo' }, '');
    assert.deepEqual([headers[':status'], JSON.parse(body || '{}').body], [200, '']);
  }
});

test('every form of response: without a body, in chunks, with hints, with trailers for those who ask', async (t) => {
  const session = client(t, await startHttp2Port(t, respond));
  for (const [path, status] of [
    ['/204', 204],
    ['/304', 304],
    ['/empty', 200],
  ] as const) {
    const { headers, body } = await call(session, { ':path': path });
    assert.deepEqual([headers[':status'], body], [status, '']);
  }
  assert.equal((await call(session, { ':path': '/chunks' })).body, 'one two');
  assert.equal((await call(session, { ':path': '/echo', ':method': 'HEAD' })).body, '');
  const { headers } = await call(session, { ':path': '/close' });
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  assert.deepEqual(
    [headers.connection, headers['keep-alive'], headers['transfer-encoding']],
    [undefined, undefined, undefined],
  );
  assert.equal((await call(session, { ':path': '/latin1' })).headers['x-name'], 'Zo\xeb');

  const hinted = session.request({ ':path': '/hints' });
  const [hints] = await once(hinted, 'headers');
  assert.deepEqual([hints[':status'], hints.link], [103, '</a.css>; rel=preload, </b.css>; rel=preload']);
  assert.equal(await text(hinted), 'hinted');

  const asking = session.request({ ':path': '/trailers', te: 'trailers' });
  const trailers = once(asking, 'trailers');
  assert.equal(await text(asking), 'body');
  assert.equal((await trailers)[0]['grpc-status'], '0');
  assert.equal((await call(session, { ':path': '/trailers' })).body, 'body');
});

test('Expect: 100-continue is answered before the body is sent', async (t) => {
  const session = client(t, await startHttp2Port(t, respond));
  const stream = session.request({
    ':method': 'POST',
    ':path': '/echo',
    expect: '100-continue',
    'content-length': '5',
  });
  await once(stream, 'continue');
  stream.end('hello');
  assert.equal(JSON.parse(await text(stream)).body, 'hello');
});

test('streams of one connection run at the same time, and a slow one holds up no other', async (t) => {
  const slow = gate();
  const port = await startHttp2Port(t, async (req, res) => {
    res.write(`begin ${req.url} `);
    if (req.url === '/slow') await slow.passed;
    res.end('end');
  });
  const session = client(t, port);
  const first = session.request({ ':path': '/slow' });
  await head(first);
  const others = await Promise.all(Array.from({ length: 50 }, () => call(session, { ':path': '/quick' })));
  assert.ok(others.every(({ body }) => body === 'begin /quick end'));
  assert.equal(port.sessions(), 1);
  slow.open();
  assert.equal(await text(first), 'begin /slow end');
});

test('a client that does not read holds the response up, and gets all of it in the end', async (t) => {
  let sent = 0;
  let drained = false;
  const MB = 'x'.repeat(1024 * 1024);
  const port = await startHttp2Port(t, async (_req, res) => {
    for (; sent < 16; sent += 1) if (!res.write(MB)) await once(res, 'drain');
    drained = true;
    res.end();
  });
  const stream = client(t, port).request({ ':path': '/' });
  stream.pause();
  await head(stream);
  // Node's client takes 64 KiB without reading.
  await until(() => sent > 0 || port.events.length > 0);
  assert.equal(drained, false);
  assert.equal((await text(stream)).length, 16 * MB.length);
  assert.equal(drained, true);
});

test('a server that does not read holds the upload up', async (t) => {
  const read = gate();
  const received = Promise.withResolvers<number>();
  const port = await startHttp2Port(t, async (req, res) => {
    await read.passed;
    received.resolve((await bodyOf(req)).length);
    res.end();
  });
  const session = client(t, port);
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  const size = 4 * 1024 * 1024;
  stream.write(Buffer.alloc(size));
  stream.end();
  // More than the window of the stream does not leave the client, and other streams go on.
  await until(() => stream.bufferSize > 0);
  assert.ok(stream.bufferSize >= size - 512 * 1024);
  read.open();
  assert.equal(await received.promise, size);
  await head(stream);
});

test('a client that cancels ends the request; a response that breaks off resets the stream', async (t) => {
  const aborted = Promise.withResolvers<void>();
  const port = await startHttp2Port(t, (req, res) => {
    if (req.url === '/cut') {
      res.writeHead(200, { 'content-length': '10' });
      res.write('12345', () => res.destroy());
      return;
    }
    res.on('close', () => !res.writableFinished && aborted.resolve());
    res.write('begin');
  });
  const session = client(t, port);
  const stream = session.request({ ':path': '/' });
  await head(stream);
  stream.close(constants.NGHTTP2_CANCEL);
  await aborted.promise;
  const cut = session.request({ ':path': '/cut' });
  cut.resume();
  await assert.rejects(once(cut, 'end'));
  assert.equal(cut.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
  await until(() => port.events.filter((event) => event.startsWith('reset')).length === 2);
  assert.deepEqual(
    port.events.filter((event) => event.startsWith('reset')),
    ['reset client', 'reset gateway'],
  );
});

test('an upload that the client breaks off in any way never looks complete', async (t) => {
  const begun: string[] = [];
  const ended: string[] = [];
  const port = await startHttp2Port(t, (req) => {
    const { url = '' } = req;
    req.on('error', () => {}).on('close', () => void ended.push(`${url} ${req.complete}`));
    req.on('data', () => void begun.push(url));
  });
  const begin = async (path: string) => {
    const frames = await connectFrames(port.port);
    t.after(frames.destroy);
    const head = frame(FRAME.headers, FLAG.endHeaders, 1, requestBlock('POST', path));
    frames.send(head, frame(FRAME.data, 0, 1, Buffer.from('the first half')));
    await until(() => begun.includes(path));
    return frames;
  };
  const codes = Object.values(CODE);
  for (const code of codes) (await begin(`/${code}`)).send(frame(FRAME.reset, 0, 1, uint32(code)));
  (await begin('/end')).socket.end();
  (await begin('/destroy')).destroy();
  const expected = [...codes, 'end', 'destroy'].map((path) => `/${path} false`);
  await until(() => ended.length === expected.length, { what: 'the end of all requests' });
  assert.deepEqual(ended.sort(), expected.sort());
});

test('fields of an upstream that HTTP/2 does not have, or with names of object properties, harm no response', async (t) => {
  const fields = ['TE: a', 'HTTP2-Settings: a', 'Upgrade: a', 'constructor: a', '__proto__: a', ''].join('\r\n');
  const port = await startHttp2Port(t, ({ socket }) => {
    socket.write(
      `HTTP/1.1 103 Early Hints\r\n${fields}\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${fields}\r\n`,
    );
    socket.write(`4\r\nbody\r\n0\r\n${fields}\r\n`);
  });
  const stream = client(t, port).request({ ':path': '/', te: 'trailers' });
  const trailers = once(stream, 'trailers');
  assert.equal(await text(stream), 'body');
  assert.deepEqual(Object.keys((await trailers)[0]), ['constructor', '__proto__']);
});

test('a response before the end of the upload is complete, and the rest of the upload is refused without an error', async (t) => {
  const port = await startHttp2Port(t, (_req, res) => void res.writeHead(413).end('too large'));
  const stream = client(t, port).request({ ':method': 'POST', ':path': '/' });
  stream.write(Buffer.alloc(100_000));
  const headers = await head(stream);
  assert.equal(headers[':status'], 413);
  assert.equal(await text(stream), 'too large');
  await until(() => stream.closed);
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
});

test('a head beyond the limit gets 431 as over HTTP/1.1, and the session goes on', async (t) => {
  const session = client(t, await startHttp2Port(t, respond));
  const { headers } = await call(session, { ':path': '/echo', 'x-long': 'x'.repeat(17_000) });
  assert.equal(headers[':status'], 431);
  assert.equal(JSON.parse((await call(session, { ':path': '/echo' })).body).method, 'GET');
});

test('an idle session ends after the keep-alive time-out, a session with a request does not', async (t) => {
  const open = gate();
  const port = await startHttp2Port(
    t,
    async (req, res) => {
      if (req.url === '/open') await open.passed;
      res.end();
    },
    { limits: { keepAliveTimeout: 1 } },
  );
  const idle = client(t, port);
  await call(idle, { ':path': '/' });
  const busy = client(t, port);
  const stream = busy.request({ ':path': '/open' });
  await once(idle, 'close');
  assert.equal(busy.closed, false);
  open.open();
  await head(stream);
  await once(busy, 'close');
  assert.deepEqual(
    port.events.filter((event) => event.startsWith('goaway')),
    ['goaway idle', 'goaway idle'],
  );
});

test('a listener that drains announces it, completes the requests in progress, and ends the sessions', async (t) => {
  const open = gate();
  const port = await startHttp2Port(t, async (req, res) => {
    if (req.url === '/open') await open.passed;
    res.end('done');
  });
  const session = client(t, port);
  const stream = session.request({ ':path': '/open' });
  await until(() => port.events.includes('request'));
  const announced = once(session, 'goaway');
  port.http2.announceEnd();
  const [code, last] = await announced;
  assert.deepEqual([code, last], [constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1]);
  port.http2.close();
  open.open();
  assert.equal(await text(stream), 'done');
  await once(session, 'close');
  assert.equal(port.sessions(), 0);
  assert.ok(port.events.includes('goaway drain'));
});

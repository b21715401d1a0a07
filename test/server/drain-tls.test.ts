/** Draining a server of an app that speaks TLS: a request in progress gets its response, connections without one are closed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createDrain } from '../../src/server/listeners/drain.ts';
import { LOOPBACK_CERTIFICATE, TEST_CA, TEST_KEY } from '../support/certificates.ts';
import { gate, until, within } from '../support/wait.ts';

/** Far longer than a test may take. */
const LONG_MS = 540_000;
const TLS = { cert: LOOPBACK_CERTIFICATE, key: TEST_KEY };
/** Node's HTTP/2 server has the members that draining uses. */
const createHttp2Server = (handle: RequestListener) =>
  createSecureServer({ ...TLS, allowHTTP1: true }, handle as never) as unknown as Server;

interface Draining {
  readonly port: number;
  /** Ends the time in which the load balancer still sends requests. */
  endDelay(): void;
  readonly drained: Promise<void>;
  /** Lets the handler respond to its requests. */
  respond(): void;
  readonly requests: () => number;
}

/** Starts a server that is draining, but still listens, as a mounted gateway does from the beginning of `close(server, delay)`. */
async function startDraining(t: TestContext, create: (handle: RequestListener) => Server): Promise<Draining> {
  const [delay, response] = [gate(), gate()];
  let requests = 0;
  const server = create(async (_req, res) => {
    requests += 1;
    await response.passed;
    res.end('done');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const drained = createDrain(server).run(delay.passed, LONG_MS);
  const { port } = server.address() as AddressInfo;
  return { port, endDelay: delay.open, drained, respond: response.open, requests: () => requests };
}

/** Opens a connection, over TLS unless the server is a plain one. */
async function open(t: TestContext, port: number, secure: boolean): Promise<Socket> {
  const socket = secure ? connectTls({ port, host: '127.0.0.1', ca: TEST_CA }) : connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(
    socket.on('error', () => {}),
    secure ? 'secureConnect' : 'connect',
  );
  return socket;
}

for (const [name, secure, create] of [
  ['HTTP', false, createHttpServer],
  ['HTTPS', true, (handle: RequestListener) => createHttpsServer(TLS, handle)],
  ['HTTP/2 that accepts HTTP/1.1', true, createHttp2Server],
] as const)
  test(`DO-07 ${name}: a request that arrives in the delay gets its response, unused connections are closed`, async (t) => {
    const server = await startDraining(t, create);
    const client = await open(t, server.port, secure);
    client.write('GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const response = text(client);
    await until(() => server.requests() === 1);
    const unused = await open(t, server.port, secure);
    // On a TLS server its handshake never begins.
    const silent = await open(t, server.port, false);
    const closed = Promise.all([unused, silent].map((socket) => once(socket.resume(), 'close')));
    server.endDelay();
    // Draining closes all that it takes for unused at the same time, so the connection in use would be closed by then.
    await within(closed, 'the close of the unused connections');
    server.respond();
    assert.match(await within(response, 'the response'), /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*done/s);
    await within(server.drained, 'the end of draining');
  });

test('DO-07 HTTP/2: a stream that is open when the server stops listening is completed', async (t) => {
  const server = await startDraining(t, createHttp2Server);
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: TEST_CA });
  t.after(() => session.destroy());
  const response = text(session.on('error', () => {}).request({ ':path': '/x' }));
  await until(() => server.requests() === 1);
  const unused = await open(t, server.port, true);
  const closed = once(unused.resume(), 'close');
  server.endDelay();
  await within(closed, 'the close of an unused connection');
  server.respond();
  assert.equal(await within(response, 'the response'), 'done');
  await within(server.drained, 'the end of draining');
});

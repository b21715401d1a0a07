/** Request bodies in tiny chunks: joined, and refused where their number would keep the process busy. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connectRaw } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

/** An upstream that keeps the bytes of each connection and never responds. */
async function startRecorder(t: Pick<TestContext, 'after'>) {
  const connections: { bytes: string }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const recorded = { bytes: '' };
    connections.push(recorded);
    sockets.add(socket);
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (text) => {
      recorded.bytes += text;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { origin: `http://127.0.0.1:${port}`, received: () => connections.map(({ bytes }) => bytes).join('') };
}

async function startUpload(t: TestContext) {
  const recorder = await startRecorder(t);
  const rules = [{ token: 'none' as const }];
  const world = await startWorld(t, { routes: () => [{ path: '/open/**', upstream: recorder.origin, rules }] });
  const { port, host } = new URL(world.gateway.url);
  const client = await connectRaw(Number(port));
  t.after(() => client.destroy());
  await client.send(`POST /open/x HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  return { client, received: recorder.received, host, port: Number(port) };
}

/** The chunks of the body that the upstream received, the last one of size 0 included. */
const chunksOf = (received: string) => received.slice(received.indexOf('\r\n\r\n') + 4).split('\r\n').length >> 1;

test('D02 chunks of a byte that arrive together reach the upstream as few', async (t) => {
  const { client, received } = await startUpload(t);
  await client.send(`${'1\r\na\r\n'.repeat(900)}0\r\n\r\n`);
  await until(() => received().endsWith('0\r\n\r\n'), { what: 'the end of the body' });
  const content = received().slice(received().indexOf('\r\n\r\n')).match(/a/g)?.length;
  assert.equal(content, 900);
  assert.ok(chunksOf(received()) <= 20, `${chunksOf(received())} chunks`);
});

test('D02 a connection with thousands of chunks of a byte is closed', async (t) => {
  const { client, received } = await startUpload(t);
  await client.send('1\r\na\r\n'.repeat(10_000)).catch(() => {});
  await until(() => client.closed(), { what: 'the gateway closes the connection' });
  assert.ok((received().match(/a/g)?.length ?? 0) <= 2_000, 'the rest is not passed on');
});

test('D02 a body in thousands of chunks of sixteen bytes passes', async (t) => {
  const { client, received } = await startUpload(t);
  await client.send(`${'10\r\n0123456789abcdef\r\n'.repeat(10_000)}0\r\n\r\n`);
  await until(() => received().endsWith('0\r\n\r\n'), { what: 'the end of the body' });
  assert.equal(received().match(/0123456789abcdef/g)?.length ?? 0, 10_000);
});

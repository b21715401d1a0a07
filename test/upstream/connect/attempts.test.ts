/** Connections to upstreams whose name has several addresses: a slow address is not given up for a faster failure. */
import assert from 'node:assert/strict';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToFirst } from '../../../src/upstream/connect/attempts.ts';
import { createConnect } from '../../../src/upstream/connect/connect.ts';
import { route, startEdge } from '../../support/edge.ts';
import { freePort } from '../../support/ports.ts';
import { rawRequest } from '../../support/raw.ts';
import { startStalled } from '../../support/stalled-server.ts';
import { until } from '../../support/wait.ts';

/** Resolves every name to these addresses. */
const lookupTo = (addresses: string[]) =>
  ((_host: string, _options: object, callback: (error: null, found: object[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as never;

/** Connects like a route does, and reports how it ended. */
function connectTo(t: TestContext, port: number, addresses: string[]) {
  const seen: { address?: string | undefined; error?: Error | undefined; ended: boolean } = { ended: false };
  const connecting = createConnect({ origin: `http://upstream.example:${port}`, lookup: lookupTo(addresses) })({
    onConnected(socket) {
      Object.assign(seen, { address: socket.remoteAddress, ended: true });
      t.after(() => socket.destroy());
    },
    onFailed: (error) => Object.assign(seen, { error, ended: true }),
  });
  t.after(() => connecting.cancel());
  return { seen, connecting, ended: () => until(() => seen.ended, { what: 'the attempts ended' }) };
}

async function listen(t: TestContext, host: string, port: number): Promise<void> {
  const accepted: Socket[] = [];
  const server = createServer((socket) => void accepted.push(socket));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  t.after(() => {
    server.close();
    for (const socket of accepted) socket.destroy();
  });
}

test('D10 the first address refuses, the second needs longer than 250 ms: connected', async (t) => {
  const port = await freePort();
  const accept = await startStalled(t, '127.0.0.3', port);
  const { seen, ended } = connectTo(t, port, ['127.0.0.2', '127.0.0.3']);
  await sleep(700);
  assert.equal(seen.ended, false);
  accept();
  await ended();
  assert.equal(seen.address, '127.0.0.3');
});

for (const slow of ['127.0.0.1', '::1'])
  test(`D10 a route to localhost, where ${slow} is slow and the other address refuses: 200`, async (t) => {
    const port = await freePort();
    const accept = await startStalled(t, slow, port);
    const edge = await startEdge(route(`http://localhost:${port}`));
    t.after(() => edge.close());
    const response = rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
    await sleep(700);
    assert.deepEqual(edge.outcomes, []);
    accept();
    assert.deepEqual([(await response).status, (await response).text], [200, 'ok']);
  });

test('D10 an address that does not respond delays the next one by a quarter of a second only, and may still win', async (t) => {
  const port = await freePort();
  const accept = await startStalled(t, '127.0.0.3', port);
  await listen(t, '127.0.0.4', port);
  const fast = connectTo(t, port, ['127.0.0.3', '127.0.0.4']);
  await fast.ended();
  assert.equal(fast.seen.address, '127.0.0.4');
  const slow = connectTo(t, port, ['127.0.0.3', '127.0.0.2', '127.0.0.2']);
  await sleep(700);
  assert.equal(slow.seen.ended, false);
  accept();
  await slow.ended();
  assert.equal(slow.seen.address, '127.0.0.3');
});

test('D10 families take turns, and a refused address is followed by the next one at once', async (t) => {
  const port = await freePort();
  await listen(t, '127.0.0.5', port);
  const { seen, ended } = connectTo(t, port, ['::1', '::1', '127.0.0.2', '127.0.0.5', '::1']);
  await ended();
  assert.equal(seen.address, '127.0.0.5');
});

test('D10 all addresses refuse: the error of the first one', async (t) => {
  const { seen, ended } = connectTo(t, await freePort(), ['127.0.0.2', '127.0.0.3']);
  await ended();
  assert.match(seen.error?.message ?? '', /ECONNREFUSED 127\.0\.0\.2/);
});

test('D10 a name without an address fails; a cancelled attempt ends nothing', async (t) => {
  const port = await freePort();
  const { seen, ended } = connectTo(t, port, []);
  await ended();
  assert.equal(seen.address, undefined);
  await listen(t, '127.0.0.2', port);
  const cancelled = connectTo(t, port, ['127.0.0.2']);
  cancelled.connecting.cancel();
  const other = connectTo(t, port, ['127.0.0.2']);
  await other.ended();
  assert.equal(cancelled.seen.ended, false);
});

test('D10 attempts that lost are closed', async (t) => {
  const port = await freePort();
  await listen(t, '127.0.0.4', port);
  await startStalled(t, '127.0.0.3', port);
  const sockets: Socket[] = [];
  let connected: Socket | undefined;
  connectToFirst(
    {
      host: 'upstream.example',
      lookup: lookupTo(['127.0.0.3', '127.0.0.4']),
      open(host) {
        const socket = netConnect({ host, port });
        sockets.push(socket);
        return socket;
      },
    },
    { onConnected: (socket) => (connected = socket), onFailed: () => {} },
  );
  t.after(() => connected?.destroy());
  await until(() => connected !== undefined, { what: 'one is connected' });
  assert.deepEqual(
    sockets.map((socket) => socket.destroyed),
    [true, false],
  );
});

/** The listening sockets of the public port: new connections beside busy ones, no sharing with other programs, the connection limit. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listenOnManySockets } from '../../src/tuning/listening-sockets.ts';
import { until } from '../support/wait.ts';

const HOST = '127.0.0.1';

async function world(t: TestContext, { maxConnections = 1_000, sockets = 64 } = {}) {
  const server = createServer((_req, res) => res.end('served'));
  const listeners = await listenOnManySockets(server, { port: 0, host: HOST, maxConnections, sockets });
  const clients: Socket[] = [];
  const dial = () => {
    const socket = connect(listeners.port, HOST);
    clients.push(socket);
    return socket.on('error', () => {});
  };
  t.after(async () => {
    for (const socket of clients) socket.destroy();
    server.closeAllConnections();
    await listeners.close();
  });
  return { server, listeners, dial };
}

const COUNT = 128;

/** Opens COUNT connections at once; returns in how many turns of the event loop they were accepted. */
async function turnsToAccept({ server, dial }: Awaited<ReturnType<typeof world>>): Promise<number> {
  let accepted = 0;
  server.on('connection', () => {
    accepted += 1;
  });
  for (let dialled = 0; dialled < COUNT; dialled += 1) dial();
  let turns = 0;
  for (; accepted < COUNT && turns < 2 * COUNT; turns += 1) await nextTurn();
  return turns;
}

test('many new connections are accepted within a few turns of the event loop, however long a turn lasts', async (t) => {
  const turns = await turnsToAccept(await world(t));
  assert.ok(turns < COUNT / 2, `${COUNT} connections were accepted in ${turns} turns`);
});

test('every connection is served, and the timeouts of the server apply to all of them', async (t) => {
  const { server, listeners, dial } = await world(t);
  server.keepAliveTimeout = 50;
  const served = await Promise.all(
    Array.from({ length: 64 }, async () => {
      const socket = dial();
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const ended = once(socket, 'close');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      await ended;
      return chunk.toString().startsWith('HTTP/1.1 200');
    }),
  );
  assert.deepEqual(new Set(served), new Set([true]));
  assert.equal(listeners.port > 0, true);
});

test('a port that is in use is refused, whether a gateway or another program uses it', async (t) => {
  const { listeners } = await world(t);
  const options = { host: HOST, maxConnections: 10, sockets: 64 };
  const second = listenOnManySockets(createServer(), { ...options, port: listeners.port });
  await assert.rejects(second, { code: 'EADDRINUSE' });
  const plain = createServer();
  t.after(() => plain.close());
  await once(plain.listen(0, HOST), 'listening');
  const { port } = plain.address() as { port: number };
  await assert.rejects(listenOnManySockets(createServer(), { ...options, port }), { code: 'EADDRINUSE' });
});

test('connections beyond the limit are closed, whichever socket accepts them, until others have ended', async (t) => {
  const { dial } = await world(t, { maxConnections: 2 });
  const open = new Set<Socket>();
  const all = Array.from({ length: 20 }, () => dial());
  for (const socket of all)
    socket
      .on('connect', () => open.add(socket))
      .on('close', () => open.delete(socket))
      .resume();
  await until(() => all.filter((socket) => socket.closed).length === 18, { what: 'eighteen closed connections' });
  assert.equal(open.size, 2);
  for (const socket of open) socket.destroy();
  await until(
    async () => {
      const socket = dial();
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return first instanceof Buffer;
    },
    { what: 'a connection that is accepted again' },
  );
});

test('closing accepts no new connections and waits for the open ones', async (t) => {
  const { server, listeners, dial } = await world(t);
  const accepted: Socket[] = [];
  server.on('connection', (socket) => void accepted.push(socket));
  const lasting = Array.from({ length: 8 }, () => dial());
  // Half a request each, so that the connections are not idle.
  for (const socket of lasting) socket.write('GET / HTTP/1.1\r\nhost: a\r\n');
  const started = () => accepted.length === lasting.length && accepted.every(({ bytesRead }) => bytesRead > 0);
  await until(started, { what: 'all requests to have started' });
  let closed = false;
  const closing = listeners.close().then(() => {
    closed = true;
  });
  const refused = get({ port: listeners.port, host: HOST });
  assert.equal(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code, 'ECONNREFUSED');
  assert.equal(closed, false);
  for (const socket of lasting) socket.destroy();
  await closing;
});

test('one socket accepts one connection in each turn: what the others are for', async (t) => {
  const turns = await turnsToAccept(await world(t, { sockets: 1 }));
  assert.ok(turns >= COUNT / 2, `${COUNT} connections were accepted in ${turns} turns`);
});

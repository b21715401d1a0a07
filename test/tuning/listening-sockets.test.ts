/** The sockets of the public port: new connections get in beside busy ones, nobody else may share it, and a limit holds. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { listenOnManySockets } from '../../src/tuning/listening-sockets.ts';
import { until } from '../support/wait.ts';

async function world(t: TestContext, limit = 1_000) {
  const server = createServer((_req, res) => res.end('served'));
  const listeners = await listenOnManySockets(server, 0, '127.0.0.1', limit);
  const sockets: Socket[] = [];
  const dial = () => {
    const socket = connect(listeners.port, '127.0.0.1');
    sockets.push(socket);
    return socket.on('error', () => {});
  };
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await listeners.close();
  });
  return { server, listeners, dial };
}

test('many new connections get in within a few turns of the event loop, however long a turn lasts', async (t) => {
  const { server, dial } = await world(t);
  let taken = 0;
  server.on('connection', () => {
    taken += 1;
  });
  const COUNT = 128;
  for (let dialled = 0; dialled < COUNT; dialled += 1) dial();
  let turns = 0;
  for (; taken < COUNT && turns < COUNT; turns += 1) await turn();
  assert.ok(turns < COUNT / 2, `${taken} of ${COUNT} were taken in ${turns} turns`);
});

test('every one of them is served, and time limits of the server hold for all', async (t) => {
  const { server, listeners, dial } = await world(t);
  server.keepAliveTimeout = 50;
  const answers = await Promise.all(
    Array.from({ length: 64 }, async () => {
      const socket = dial();
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const ended = once(socket, 'close');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      await ended;
      return chunk.toString().startsWith('HTTP/1.1 200');
    }),
  );
  assert.deepEqual(new Set(answers), new Set([true]));
  assert.equal(listeners.port > 0, true);
});

test('a port that is taken is refused, by a gateway on it as by anybody else', async (t) => {
  const { listeners } = await world(t);
  const second = listenOnManySockets(createServer(), listeners.port, '127.0.0.1', 10);
  await assert.rejects(second, { code: 'EADDRINUSE' });
  const plain = createServer();
  t.after(() => plain.close());
  await once(plain.listen(0, '127.0.0.1'), 'listening');
  const { port } = plain.address() as { port: number };
  await assert.rejects(listenOnManySockets(createServer(), port, '127.0.0.1', 10), { code: 'EADDRINUSE' });
});

test('connections beyond the limit are closed, on whichever socket they come, and places become free', async (t) => {
  const { dial } = await world(t, 2);
  const open = new Set<Socket>();
  const all = Array.from({ length: 20 }, () => dial());
  for (const socket of all)
    socket
      .on('connect', () => open.add(socket))
      .on('close', () => open.delete(socket))
      .resume();
  await until(() => all.filter((socket) => socket.closed).length === 18, { what: 'eighteen that are closed' });
  assert.equal(open.size, 2);
  for (const socket of open) socket.destroy();
  await until(
    async () => {
      const socket = dial();
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return first instanceof Buffer;
    },
    { what: 'a place that is free again' },
  );
});

test('closing takes no new connections and waits for those that are there', async (t) => {
  const { server, listeners, dial } = await world(t);
  const taken: Socket[] = [];
  server.on('connection', (socket) => void taken.push(socket));
  const lasting = Array.from({ length: 8 }, () => dial());
  // In the middle of a request, so that they are not idle.
  for (const socket of lasting) socket.write('GET / HTTP/1.1\r\nhost: a\r\n');
  const begun = () => taken.length === lasting.length && taken.every(({ bytesRead }) => bytesRead > 0);
  await until(begun, { what: 'all requests to have begun' });
  let over = false;
  const closing = listeners.close().then(() => {
    over = true;
  });
  const refused = get({ port: listeners.port, host: '127.0.0.1' });
  assert.equal(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code, 'ECONNREFUSED');
  assert.equal(over, false);
  for (const socket of lasting) socket.destroy();
  await closing;
});

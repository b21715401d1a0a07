/** The read throttle: under load connections are queued, and every connection is resumed whatever the others wait for. */
import assert from 'node:assert/strict';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createReadThrottle } from '../../src/tuning/read-throttle.ts';
import { until } from '../support/wait.ts';

/** More requests in progress than the throttle allows before it queues connections. */
const HELD = 300;
const held: ServerResponse[] = [];
const responded: Socket[] = [];
const manyConnections = new Agent({ keepAlive: true });
const oneConnection = new Agent({ keepAlive: true, maxSockets: 1 });
const throttle = createReadThrottle();

const server = createServer((req, res) => {
  throttle.onRequest(res);
  if (req.url === '/hold') return void held.push(res);
  let length = 0;
  req.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  req.on('end', () => {
    responded.push(req.socket);
    res.end(String(length));
  });
});

function send(path: string, agent = oneConnection, body = ''): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const req = request({ port, agent, path, method: body === '' ? 'GET' : 'POST' }, async (res: IncomingMessage) => {
      resolve((await res.setEncoding('utf8').toArray()).join(''));
    });
    req.on('error', reject).end(body);
  });
}

server.on('connection', throttle.onConnection);

/** Starts many requests that wait for their upstream; the result lets them finish. */
async function holdMany(): Promise<() => Promise<string[]>> {
  const waiting = Array.from({ length: HELD }, () => send('/hold', manyConnections));
  await until(() => held.length === HELD, { what: 'all requests in progress' });
  return () => {
    for (const res of held.splice(0)) res.end('done');
    return Promise.all(waiting);
  };
}

/** Sends a request on the one connection; true if the connection is queued after its response. */
async function isQueued(): Promise<boolean> {
  const queued = Promise.withResolvers<boolean>();
  server.once('request', (req: IncomingMessage, res: ServerResponse) =>
    res.once('close', () => queued.resolve(req.socket.isPaused())),
  );
  await send('/');
  return await queued.promise;
}

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => {
  for (const agent of [oneConnection, manyConnections]) agent.destroy();
  server.closeAllConnections();
  server.close();
});

test('no connection is queued while few requests are in progress', async () => {
  await send('/');
  assert.equal(responded.at(-1)?.isPaused(), false);
});

test('requests that wait for their upstream do not block the queue: a connection is resumed again and again', async () => {
  const finishAll = await holdMany();
  assert.equal(await isQueued(), true, 'a connection is queued after its response');
  for (let count = 0; count < 100; count += 1) assert.equal(await send('/'), '0');
  assert.equal(
    await send('/', oneConnection, 'x'.repeat(1_000_000)),
    '1000000',
    'a body that was queued arrives complete',
  );
  assert.deepEqual(new Set(await finishAll()), new Set(['done']));
});

test('while many connections arrive, the others are queued and resumed; after that they are not queued', async (t) => {
  let rush = true;
  t.after(() => {
    rush = false;
  });
  // As many in each turn of the event loop as the listening sockets accept.
  const connectMany = () => {
    for (let count = 0; count < 64; count += 1) throttle.onConnection();
    if (rush) setImmediate(connectMany);
  };
  connectMany();
  await until(isQueued, { what: 'the rush to be detected' });
  for (let count = 0; count < 100; count += 1) assert.equal(await send('/'), '0');
  rush = false;
  await until(async () => !(await isQueued()), { what: 'the end of the rush' });
});

test('a thousand connections at once: each of their requests gets a response', async () => {
  const agents = Array.from({ length: 1_000 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const responses = await Promise.all(agents.flatMap((agent) => [1, 2, 3].map(() => send('/', agent))));
  assert.equal(responses.filter((response) => response === '0').length, 3_000);
  for (const agent of agents) agent.destroy();
});

test('a queued connection that closes leaves the queue', async () => {
  const finishAll = await holdMany();
  const leaving = new Agent({ keepAlive: true });
  await Promise.all(Array.from({ length: 50 }, () => send('/', leaving)));
  leaving.destroy();
  assert.equal(await send('/'), '0');
  await finishAll();
});

test('a listener that drains resumes every connection', async () => {
  const finishAll = await holdMany();
  assert.equal(await isQueued(), true);
  throttle.release();
  assert.equal(await isQueued(), false);
  await finishAll();
});

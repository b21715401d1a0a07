/** Connections take turns under load: everybody gets a turn, whatever the others wait for. */
import assert from 'node:assert/strict';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createReadThrottle } from '../../src/tuning/read-throttle.ts';
import { until } from '../support/wait.ts';

/** More than may be under way before connections take turns. */
const HELD = 300;
const held: ServerResponse[] = [];
const answered: Socket[] = [];
const everybody = new Agent({ keepAlive: true });
const one = new Agent({ keepAlive: true, maxSockets: 1 });
const pace = createReadThrottle();

const server = createServer((req, res) => {
  pace.onRequest(res);
  if (req.url === '/hold') return void held.push(res);
  let length = 0;
  req.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  req.on('end', () => {
    answered.push(req.socket);
    res.end(String(length));
  });
});

function call(path: string, agent = one, body = ''): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const req = request({ port, agent, path, method: body === '' ? 'GET' : 'POST' }, async (res: IncomingMessage) => {
      resolve((await res.setEncoding('utf8').toArray()).join(''));
    });
    req.on('error', reject).end(body);
  });
}

server.on('connection', pace.onConnection);

/** Begins many calls that wait for their upstream; the result answers them. */
async function holdMany(): Promise<() => Promise<string[]>> {
  const waiting = Array.from({ length: HELD }, () => call('/hold', everybody));
  await until(() => held.length === HELD, { what: 'all calls to be under way' });
  return () => {
    for (const res of held.splice(0)) res.end('done');
    return Promise.all(waiting);
  };
}

/** How an answered connection stands: true when it waits for its turn. */
async function standsInLine(): Promise<boolean> {
  const seen = Promise.withResolvers<boolean>();
  server.once('request', (req: IncomingMessage, res: ServerResponse) =>
    res.once('close', () => seen.resolve(req.socket.isPaused())),
  );
  await call('/');
  return await seen.promise;
}

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => {
  for (const agent of [one, everybody]) agent.destroy();
  server.closeAllConnections();
  server.close();
});

test('nobody waits for a turn while few calls are under way', async () => {
  await call('/');
  assert.equal(answered.at(-1)?.isPaused(), false);
});

test('calls that wait for their upstream keep nobody out: a connection gets its turn again and again', async () => {
  const answerAll = await holdMany();
  assert.equal(await standsInLine(), true, 'an answered connection waits for its turn');
  for (let count = 0; count < 100; count += 1) assert.equal(await call('/'), '0');
  assert.equal(await call('/', one, 'x'.repeat(1_000_000)), '1000000', 'a body after a turn arrives whole');
  assert.deepEqual(new Set(await answerAll()), new Set(['done']));
});

test('while new connections rush in, answered ones stand in line and get their turn; after it they go on at once', async (t) => {
  let rush = true;
  t.after(() => {
    rush = false;
  });
  // Some come in each turn of the event loop, as the listening sockets give them.
  const knock = () => {
    for (let count = 0; count < 64; count += 1) pace.onConnection();
    if (rush) setImmediate(knock);
  };
  knock();
  await until(standsInLine, { what: 'the rush to be noticed' });
  for (let count = 0; count < 100; count += 1) assert.equal(await call('/'), '0');
  rush = false;
  await until(async () => !(await standsInLine()), { what: 'the end of the rush' });
});

test('a thousand connections at once: each of their calls is answered', async () => {
  const agents = Array.from({ length: 1_000 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const answers = await Promise.all(agents.flatMap((agent) => [1, 2, 3].map(() => call('/', agent))));
  assert.equal(answers.filter((answer) => answer === '0').length, 3_000);
  for (const agent of agents) agent.destroy();
});

test('who leaves while it waits for its turn is forgotten', async () => {
  const answerAll = await holdMany();
  const leaving = new Agent({ keepAlive: true });
  await Promise.all(Array.from({ length: 50 }, () => call('/', leaving)));
  leaving.destroy();
  assert.equal(await call('/'), '0');
  await answerAll();
});

test('a listener that is to end lets everybody go on', async () => {
  const answerAll = await holdMany();
  assert.equal(await standsInLine(), true);
  pace.release();
  assert.equal(await standsInLine(), false);
  await answerAll();
});

/** Upstreams that hang, disconnect or dribble: bounded responses, other requests unaffected, no leaked connection. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { type RawUpstream, startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const REQUEST_COUNT = 20;

/** Writes one byte at a time, with a pause that is shorter than any timeout. */
function dribble(socket: Socket, text: string): void {
  let index = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || index === text.length) return clearInterval(timer);
    socket.write(text.charAt(index));
    index += 1;
  }, 20);
  socket.once('close', () => clearInterval(timer));
}

interface Fault {
  respond(socket: Socket): unknown;
  /** The outcome of a request to this upstream. `cut`: the head arrived, then the connection broke. */
  expected: number | 'cut';
}

const FAULTS: Record<string, Fault> = {
  'accepts and never responds': { respond: () => undefined, expected: 504 },
  'resets instead of responding': { respond: (socket) => socket.resetAndDestroy(), expected: 502 },
  'hangs in the middle of the head': { respond: (socket) => socket.write(HEAD), expected: 504 },
  'resets in the middle of the head': {
    respond: (socket) => socket.write(HEAD, () => socket.resetAndDestroy()),
    expected: 502,
  },
  'hangs in the middle of the body': {
    respond: (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`),
    expected: 'cut',
  },
  'resets in the middle of the body': {
    respond: (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`, () => socket.resetAndDestroy()),
    expected: 'cut',
  },
  'closes in the middle of a chunk': {
    respond: (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n64\r\nhalf`),
    expected: 'cut',
  },
  'dribbles an endless head': {
    respond: (socket) => dribble(socket, `${HEAD}X-Long: ${'a'.repeat(10_000)}`),
    expected: 504,
  },
  'dribbles its response, a byte at a time': {
    respond: (socket) => dribble(socket, `${HEAD}Content-Length: 4\r\n\r\ndone`),
    expected: 200,
  },
};

async function startSides(
  t: Parameters<typeof startWorld>[0],
  bad: RawUpstream,
  timeouts = { headers: '3s', idle: '1s' },
) {
  const world = await startWorld(t, {
    routes: (good) => [
      { path: '/api/bad/**', upstream: bad.origin, timeouts },
      { path: '/api/good/**', upstream: good, timeouts },
    ],
  });
  t.after(() => bad.close());
  await world.signIn();
  const credentials = { ...CSRF, cookie: world.browser.cookieHeader('/') };
  const outcome = async (path: string): Promise<number | 'cut'> => {
    const response = await fetch(`${world.gateway.url}${path}`, { headers: credentials });
    return await response.text().then(
      () => response.status,
      () => 'cut' as const,
    );
  };
  return { world, outcome };
}

for (const [name, { respond, expected }] of Object.entries(FAULTS)) {
  test(`DO-04 PX-10 an upstream that ${name}: ${expected} in bounded time, other requests are served, no connection stays open`, async (t) => {
    const bad = await startRawUpstream(respond);
    // A response that succeeds has to arrive in time on a slow machine as well.
    const { world, outcome } = await startSides(t, bad, expected === 200 ? { headers: '12s', idle: '10s' } : undefined);
    const startedAt = performance.now();
    const pendingOutcomes = Promise.all(Array.from({ length: REQUEST_COUNT }, () => outcome('/api/bad/x')));
    await until(() => bad.heads.length >= REQUEST_COUNT);
    let ended = false;
    const completion = pendingOutcomes.finally(() => {
      ended = true;
    });
    let served = 0;
    do {
      assert.equal(await outcome('/api/good/x'), 200);
      served += 1;
    } while (!ended && served < 100);
    const outcomes = await completion;
    assert.deepEqual([...new Set(outcomes)], [expected]);
    assert.ok(performance.now() - startedAt < 15_000, 'bounded');
    // A connection in a clean state may be kept for the next request; any other must be closed.
    if (expected === 200) assert.equal(await outcome('/api/bad/x'), 200);
    else await until(() => bad.openConnections() === 0, { what: 'all connections closed at the upstream' });
    assert.ok(bad.openConnections() <= REQUEST_COUNT);
    assert.equal(await outcome('/api/good/x'), 200);
    assert.equal((await world.session()).authenticated, true);
  });
}

test('DO-04 PX-16 clients that abort requests to a hung upstream leak no connection and no slot', async (t) => {
  const bad = await startRawUpstream(() => undefined);
  const { world, outcome } = await startSides(t, bad, { headers: '2m', idle: '1s' });
  const headers = { ...CSRF, cookie: world.browser.cookieHeader('/') };
  for (let round = 0; round < 3; round += 1) {
    const clientAbort = new AbortController();
    const before = bad.heads.length;
    const requests = Array.from({ length: REQUEST_COUNT }, () =>
      fetch(`${world.gateway.url}/api/bad/x`, { headers, signal: clientAbort.signal }).catch(() => 'left'),
    );
    await until(() => bad.heads.length === before + REQUEST_COUNT);
    clientAbort.abort();
    assert.deepEqual([...new Set(await Promise.all(requests))], ['left']);
    await until(() => bad.openConnections() === 0);
  }
  assert.equal(await outcome('/api/good/x'), 200);
});

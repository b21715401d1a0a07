/** Upstreams that hang, break off or dribble: bounded answers, other calls as before, no connection left behind. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { type RawUpstream, startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const CALLS = 20;

/** One byte at a time, with a pause that is shorter than any time limit. */
function dribble(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at === text.length) return clearInterval(timer);
    socket.write(text.charAt(at));
    at += 1;
  }, 20);
  socket.once('close', () => clearInterval(timer));
}

interface Fault {
  answer(socket: Socket): unknown;
  /** Of a call of this upstream; `cut`: the head came, and the connection broke. */
  expected: number | 'cut';
}

const FAULTS: Record<string, Fault> = {
  'accepts and never answers': { answer: () => undefined, expected: 504 },
  'resets instead of answering': { answer: (socket) => socket.resetAndDestroy(), expected: 502 },
  'hangs in the middle of the head': { answer: (socket) => socket.write(HEAD), expected: 504 },
  'resets in the middle of the head': {
    answer: (socket) => socket.write(HEAD, () => socket.resetAndDestroy()),
    expected: 502,
  },
  'hangs in the middle of the body': {
    answer: (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`),
    expected: 'cut',
  },
  'resets in the middle of the body': {
    answer: (socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`, () => socket.resetAndDestroy()),
    expected: 'cut',
  },
  'closes in the middle of a chunk': {
    answer: (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n64\r\nhalf`),
    expected: 'cut',
  },
  'dribbles its head without an end': {
    answer: (socket) => dribble(socket, `${HEAD}X-Long: ${'a'.repeat(10_000)}`),
    expected: 504,
  },
  'dribbles its answer, a byte at a time': {
    answer: (socket) => dribble(socket, `${HEAD}Content-Length: 4\r\n\r\ndone`),
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
    const answer = await fetch(`${world.gateway.url}${path}`, { headers: credentials });
    return await answer.text().then(
      () => answer.status,
      () => 'cut' as const,
    );
  };
  return { world, outcome };
}

for (const [name, { answer, expected }] of Object.entries(FAULTS)) {
  test(`DO-04 PX-10 an upstream that ${name}: ${expected} in bounded time, others are served meanwhile, nothing stays open`, async (t) => {
    const bad = await startRawUpstream(answer);
    // What ends well has to end in time on a slow machine as well.
    const { world, outcome } = await startSides(t, bad, expected === 200 ? { headers: '12s', idle: '10s' } : undefined);
    const began = performance.now();
    const running = Promise.all(Array.from({ length: CALLS }, () => outcome('/api/bad/x')));
    await until(() => bad.heads.length >= CALLS);
    let ended = false;
    const ending = running.finally(() => {
      ended = true;
    });
    let served = 0;
    do {
      assert.equal(await outcome('/api/good/x'), 200);
      served += 1;
    } while (!ended && served < 100);
    const outcomes = await ending;
    assert.deepEqual([...new Set(outcomes)], [expected]);
    assert.ok(performance.now() - began < 15_000, 'bounded');
    // A connection that is in good order may be kept for the next call, any other must be gone.
    if (expected === 200) assert.equal(await outcome('/api/bad/x'), 200);
    else await until(() => bad.openConnections() === 0, { what: 'all connections closed at the upstream' });
    assert.ok(bad.openConnections() <= CALLS);
    assert.equal(await outcome('/api/good/x'), 200);
    assert.equal((await world.session()).authenticated, true);
  });
}

test('DO-04 PX-16 clients that leave a hung upstream leave no connection behind, and no place taken', async (t) => {
  const bad = await startRawUpstream(() => undefined);
  const { world, outcome } = await startSides(t, bad, { headers: '2m', idle: '1s' });
  const headers = { ...CSRF, cookie: world.browser.cookieHeader('/') };
  for (let round = 0; round < 3; round += 1) {
    const leave = new AbortController();
    const before = bad.heads.length;
    const calls = Array.from({ length: CALLS }, () =>
      fetch(`${world.gateway.url}/api/bad/x`, { headers, signal: leave.signal }).catch(() => 'left'),
    );
    await until(() => bad.heads.length === before + CALLS);
    leave.abort();
    assert.deepEqual([...new Set(await Promise.all(calls))], ['left']);
    await until(() => bad.openConnections() === 0);
  }
  assert.equal(await outcome('/api/good/x'), 200);
});

/** Retries: which failures are sent again for which requests, how often, when, and what an aborted request does. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { mock, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RetrySettings } from '../../../src/upstream/health/retry-settings.ts';
import { RetryingPool } from '../../../src/upstream/health/retrying-pool.ts';
import { UpstreamFault } from '../../../src/upstream/http/fault.ts';
import type { RequestControl, ResponseHandler, UpstreamRequest } from '../../../src/upstream/http/request-port.ts';
import type { ResponseHead } from '../../../src/upstream/http/response-head.ts';

const SETTINGS: RetrySettings = { attempts: 2, budget: 20, on: ['connect', 'broken', 'timeout', 503] };
const GET: UpstreamRequest = { method: 'GET', path: '/', headers: [], body: null, repeatable: true };
const POST: UpstreamRequest = { ...GET, method: 'POST', repeatable: false };

const failure = (code: string) => Object.assign(new Error(code), { code });
const REFUSED = failure('ECONNREFUSED');
const BROKEN = failure('ECONNRESET');
const FROZEN = new UpstreamFault('UPSTREAM_HEAD_TIMEOUT', 'frozen');
const head = (status: number) => ({ status, headers: [], framing: { kind: 'none' } }) as unknown as ResponseHead;

/** One try as the pool below the retries received it. */
interface SentTry {
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
  aborted: boolean;
}

/** Retries over a pool that only records, and a handler that writes down what it receives. */
function createRetries(settings: Partial<RetrySettings> = {}, { total = Number.POSITIVE_INFINITY } = {}) {
  const tries: SentTry[] = [];
  const log: string[] = [];
  const retried: string[] = [];
  const clock = { now: 0 };
  let control: RequestControl | undefined;
  const pool = new RetryingPool({
    pool: {
      dispatch: (request, handler) => void tries.push({ request, handler, aborted: false }),
      destroy() {},
    },
    settings: { ...SETTINGS, ...settings },
    headTimeout: 60_000,
    total,
    clock: () => clock.now,
    onRetry: (reason, outcome) => retried.push(`${reason} ${outcome}`),
  });
  const handler: ResponseHandler = {
    onSend(given) {
      control = given;
      log.push('send');
    },
    onInformational: ({ status }) => log.push(`${status}`),
    onHead: ({ status }) => log.push(`${status}`),
    onData: (chunk) => log.push(`${chunk}`),
    onEnd: () => log.push('end'),
    onError: (error) => log.push(`error ${error.message}`),
  };
  /** The try of this number, once it was sent. */
  async function tryAt(index: number): Promise<SentTry> {
    await nextTurn();
    const found = tries[index];
    assert.ok(found, `${tries.length} tries`);
    return found;
  }
  /** The connection is established, and the request sent on it. */
  function onSend(sent: SentTry) {
    const abort = () => {
      sent.aborted = true;
      sent.handler.onError(new UpstreamFault('UPSTREAM_ABANDONED', 'aborted'));
    };
    sent.handler.onSend({ pause() {}, resume() {}, abort });
    return sent.handler;
  }
  const abort = () => control?.abort(handler);
  return { pool, handler, tries, log, retried, clock, tryAt, onSend, abort };
}

test('a request without a connection is sent again whatever its method, its body still unread', async () => {
  const { pool, handler, log, tries, tryAt, onSend } = createRetries();
  const body = Readable.from(['body']);
  pool.dispatch({ ...POST, body }, handler);
  (await tryAt(0)).handler.onError(REFUSED);
  const second = onSend(await tryAt(1));
  second.onHead(head(201));
  second.onEnd([]);
  assert.deepEqual(log, ['send', '201', 'end']);
  assert.equal(tries[1]?.request.body, body);
  assert.equal(body.readableFlowing, null);
});

test('a POST that may have been sent is never sent again', async () => {
  for (const error of [BROKEN, FROZEN, failure('EPIPE')]) {
    const { pool, handler, log, tries, tryAt, onSend } = createRetries();
    pool.dispatch(POST, handler);
    onSend(await tryAt(0)).onError(error);
    await nextTurn();
    assert.deepEqual(log, ['send', `error ${error.message}`]);
    assert.equal(tries.length, 1);
  }
  const { pool, handler, log, tryAt, onSend } = createRetries();
  pool.dispatch(POST, handler);
  onSend(await tryAt(0)).onHead(head(503));
  assert.deepEqual(log, ['send', '503']);
});

test('a GET is sent again for each reason of the option and no other, and its client sees the last response only', async () => {
  for (const [error, reason] of [
    [BROKEN, 'broken'],
    [FROZEN, 'timeout'],
  ] as const) {
    const { pool, handler, log, retried, tryAt, onSend } = createRetries();
    pool.dispatch(GET, handler);
    onSend(await tryAt(0)).onError(error);
    onSend(await tryAt(1)).onHead(head(200));
    assert.deepEqual([log, retried], [['send', 'send', '200'], [`${reason} sent`]]);
  }
  const { pool, handler, log, retried, tryAt, onSend } = createRetries();
  pool.dispatch(GET, handler);
  const first = await tryAt(0);
  onSend(first).onHead(head(503));
  assert.ok(first.aborted);
  first.handler.onData(Buffer.from('late'));
  onSend(await tryAt(1)).onHead(head(500));
  assert.deepEqual(log, ['send', 'send', '500']);
  assert.deepEqual(retried, ['503 sent']);
});

test('nothing is sent again after a part of a response, invalid bytes, or a fault of the client', async () => {
  const { pool, handler, tries, tryAt, onSend } = createRetries();
  const started = async (index: number, before: (handler: ResponseHandler) => void, error: Error) => {
    pool.dispatch(GET, handler);
    const sent = onSend(await tryAt(index));
    before(sent);
    sent.onError(error);
    await nextTurn();
    assert.equal(tries.length, index + 1);
  };
  await started(0, (sent) => sent.onInformational(head(103)), BROKEN);
  await started(1, (sent) => sent.onHead(head(200)), BROKEN);
  await started(2, () => {}, failure('UPSTREAM_CUT'));
  await started(3, () => {}, failure('UPSTREAM_PROTOCOL'));
  await started(4, () => {}, failure('payload_too_large'));
});

/** Fake timers for the time between later retries. */
function useTimers(t: TestContext): (ms: number) => void {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  return (ms) => mock.timers.tick(ms);
}

test('retries end with their number, and wait longer each time', async (t) => {
  const tick = useTimers(t);
  const { pool, handler, log, tries, tryAt } = createRetries({ attempts: 3 });
  pool.dispatch(GET, handler);
  (await tryAt(0)).handler.onError(REFUSED);
  (await tryAt(1)).handler.onError(REFUSED);
  tick(24);
  assert.equal(tries.length, 2);
  tick(1);
  (await tryAt(2)).handler.onError(REFUSED);
  tick(49);
  assert.equal(tries.length, 3);
  tick(1);
  (await tryAt(3)).handler.onError(REFUSED);
  assert.deepEqual(log, ['error ECONNREFUSED']);
});

test('retries end with the budget of the upstream, and with the total time', async () => {
  const spent = createRetries({ budget: 0 });
  spent.pool.dispatch(GET, spent.handler);
  (await spent.tryAt(0)).handler.onError(REFUSED);
  assert.deepEqual([spent.log, spent.retried], [['error ECONNREFUSED'], ['connect over_budget']]);
  const late = createRetries({}, { total: 5_000 });
  late.pool.dispatch(GET, late.handler);
  late.clock.now = 5_000;
  (await late.tryAt(0)).handler.onError(REFUSED);
  assert.deepEqual(late.log, ['error ECONNREFUSED']);
});

test('a try is cut short only while a further one is possible, and never ends after the total time', async () => {
  const limits = async (settings: Partial<RetrySettings>, request = GET, total = Number.POSITIVE_INFINITY) => {
    const { pool, handler, tries, tryAt, clock } = createRetries({ attempts: 1, ...settings }, { total });
    pool.dispatch(request, handler);
    clock.now = 4_000;
    (await tryAt(0)).handler.onError(REFUSED);
    await nextTurn();
    return tries.map(({ request: { headTimeout } }) => headTimeout);
  };
  assert.deepEqual(await limits({}), [undefined, undefined]);
  assert.deepEqual(await limits({ tryTimeout: 1_000 }), [1_000, undefined]);
  assert.deepEqual(await limits({ tryTimeout: 1_000 }, POST), [undefined, undefined]);
  assert.deepEqual(await limits({ tryTimeout: 1_000, on: ['connect'] }), [undefined, undefined]);
  assert.deepEqual(await limits({ tryTimeout: 1_000 }, GET, 5_000), [1_000, 900]);
  assert.deepEqual(await limits({}, POST, 5_000), [4_900, 900]);
});

test('each try has headers of its own if they hold a proof', async () => {
  let made = 0;
  const nextHeaders = () => {
    made += 1;
    return ['DPoP', `proof ${made}`];
  };
  const { pool, handler, tries, tryAt, onSend } = createRetries();
  pool.dispatch({ ...GET, nextHeaders }, handler);
  onSend(await tryAt(0)).onError(BROKEN);
  await tryAt(1);
  assert.deepEqual(
    tries.map(({ request }) => request.headers),
    [[], ['DPoP', 'proof 1']],
  );
});

test('a client that leaves ends its request: on a connection, without one, and between two tries', async () => {
  const sent = createRetries();
  sent.pool.dispatch(GET, sent.handler);
  sent.onSend(await sent.tryAt(0));
  sent.abort();
  assert.ok(sent.tries[0]?.aborted);

  const between = createRetries();
  between.pool.dispatch(GET, between.handler);
  between.onSend(await between.tryAt(0)).onError(BROKEN);
  between.abort();

  const connecting = createRetries();
  connecting.pool.dispatch(GET, connecting.handler);
  connecting.onSend(await connecting.tryAt(0)).onError(BROKEN);
  const second = await connecting.tryAt(1);
  connecting.abort();
  connecting.onSend(second);
  assert.ok(second.aborted);

  await nextTurn();
  for (const { log, tries } of [sent, between, connecting]) {
    assert.equal(log.filter((line) => line.startsWith('error')).length, 1);
    assert.match(log.at(-1) ?? '', /^error/);
    assert.ok(tries.length <= 2);
  }
  assert.equal(between.tries.length, 1);
});

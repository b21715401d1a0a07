/** Active checks of a target: what they send, what passes, how often they come, and what a silent target does. */
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { type CheckSettings, HealthCheck } from '../../../src/upstream/health/health-check.ts';
import { UpstreamFault } from '../../../src/upstream/http/fault.ts';
import type { ResponseHandler, UpstreamRequest } from '../../../src/upstream/http/request-port.ts';
import type { ResponseHead } from '../../../src/upstream/http/response-head.ts';

const SETTINGS: CheckSettings = {
  path: '/healthz',
  interval: 5_000,
  timeout: 2_000,
  expect: ['200-299', '418'],
  healthy: 2,
  unhealthy: 3,
};

/** A check on fake timers, whose random numbers change nothing. */
function startCheck(t: TestContext, settings: Partial<CheckSettings> = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const sent: { request: UpstreamRequest; handler: ResponseHandler; aborted: boolean }[] = [];
  const results: boolean[] = [];
  const target = { healthy: true };
  const check = new HealthCheck({
    settings: { ...SETTINGS, ...settings },
    authority: 'orders.internal:8080',
    dispatch: (request, handler) => void sent.push({ request, handler, aborted: false }),
    random: () => 0.5,
    onResult(passed) {
      results.push(passed);
      return target.healthy;
    },
  });
  t.after(() => {
    check.close();
    mock.timers.reset();
  });
  /** Lets the latest check have its connection, and returns its handler. */
  function connect(): ResponseHandler {
    const last = sent.at(-1);
    assert.ok(last);
    const abort = () => {
      last.aborted = true;
      last.handler.onError(new UpstreamFault('UPSTREAM_ABANDONED', 'aborted'));
    };
    last.handler.onSend({ pause() {}, resume() {}, abort });
    return last.handler;
  }
  function respond(status: number): void {
    const handler = connect();
    handler.onHead({ status, headers: [], framing: { kind: 'none' } } as unknown as ResponseHead);
    handler.onEnd([]);
  }
  return { check, sent, results, target, connect, respond, tick: (ms: number) => mock.timers.tick(ms) };
}

test('a check is a GET of its own, without a token and a cookie', (t) => {
  const { sent, tick } = startCheck(t);
  tick(500);
  assert.deepEqual(sent[0]?.request, {
    method: 'GET',
    path: '/healthz',
    headers: ['Host', 'orders.internal:8080', 'User-Agent', 'bff-gateway-health-check', 'Accept', '*/*'],
    body: null,
    repeatable: true,
  });
});

test('the expected statuses pass; the next check comes after the interval', (t) => {
  const { sent, results, respond, tick } = startCheck(t);
  tick(500);
  for (const status of [200, 299, 418]) {
    respond(status);
    tick(4_999);
    const before = sent.length;
    tick(1);
    assert.equal(sent.length, before + 1);
  }
  for (const status of [199, 300, 404, 417, 503]) {
    respond(status);
    tick(1_000);
  }
  assert.deepEqual(results, [true, true, true, false, false, false, false, false]);
});

test('a target that failed a check, or is not healthy, is checked every second', (t) => {
  const { sent, target, respond, tick } = startCheck(t);
  tick(500);
  respond(500);
  tick(1_000);
  assert.equal(sent.length, 2);
  target.healthy = false;
  respond(200);
  tick(1_000);
  assert.equal(sent.length, 3);
  target.healthy = true;
  respond(200);
  tick(4_999);
  assert.equal(sent.length, 3);
});

test('a target that accepts and does not respond fails its check, with and without a connection', (t) => {
  const { sent, results, connect, tick } = startCheck(t);
  tick(500);
  connect();
  tick(2_000);
  assert.ok(sent[0]?.aborted);
  tick(1_000);
  tick(2_000);
  assert.deepEqual(results, [false, false]);
  connect();
  assert.ok(sent[1]?.aborted);
});

test('a failed connection fails the check; a large body is cut, and the check has passed', (t) => {
  const { sent, results, connect, tick } = startCheck(t);
  tick(500);
  sent[0]?.handler.onError(new Error('refused'));
  tick(1_000);
  const handler = connect();
  handler.onHead({ status: 200, headers: [], framing: { kind: 'chunked' } } as unknown as ResponseHead);
  handler.onData(Buffer.alloc(16 * 1024));
  assert.equal(sent[1]?.aborted, false);
  handler.onData(Buffer.alloc(1));
  assert.equal(sent[1]?.aborted, true);
  assert.deepEqual(results, [false, true]);
});

test('after the close there is no further check and no further result', (t) => {
  const { check, sent, results, tick } = startCheck(t);
  tick(500);
  check.close();
  tick(60_000);
  assert.deepEqual([sent.length, results], [1, []]);
});

/** The health of targets: ejections that grow, trials, slow start, error rates, checks, and how many are ejected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthGroup } from '../../../src/upstream/health/health-group.ts';
import type { HealthSettings } from '../../../src/upstream/health/health-settings.ts';
import type { Outcome } from '../../../src/upstream/health/outcome.ts';
import type { TargetHealth } from '../../../src/upstream/health/target-health.ts';

const PASSIVE = {
  failures: 5,
  serverErrors: false,
  ejection: 10_000,
  maxEjection: 300_000,
  maxEjected: 50,
  trials: 2,
};
const BREAKER = { errorRate: 50, minRequests: 20, window: 10_000 };
const CHECKS = { healthy: 2, unhealthy: 3 };
const SETTINGS: HealthSettings = { passive: PASSIVE, breaker: BREAKER, checks: CHECKS, slowStart: 0 };

const OK: Outcome = { kind: 'response', status: 200 };
const REFUSED: Outcome = { kind: 'failed', code: 'ECONNREFUSED', sent: false };
const BROKEN: Outcome = { kind: 'failed', code: 'UPSTREAM_CLOSED', sent: true };
const FROZEN: Outcome = { kind: 'failed', code: 'UPSTREAM_HEAD_TIMEOUT', sent: true };
const status = (code: number): Outcome => ({ kind: 'response', status: code });

/** A group of targets whose ejections do not vary, and the events of all. */
function createTargets(count: number, settings: Partial<HealthSettings> = {}) {
  const events: string[] = [];
  const group = new HealthGroup({
    settings: { ...SETTINGS, ...settings },
    clock: () => 0,
    random: () => 0.5,
    events: {
      onEjected: ({ url }, reason, ms) => events.push(`${url} ejected: ${reason}, ${ms / 1000}s`),
      onRestored: ({ url }) => events.push(`${url} restored`),
    },
  });
  const endpoints = Array.from({ length: count }, (_, index) => ({
    url: `${index}`,
    address: undefined,
    authority: '',
    inFlight: 0,
    dispatch() {},
  }));
  return { group, events, endpoints, targets: endpoints.map((endpoint) => group.add(endpoint, false)) };
}

function check(target: TargetHealth | undefined, passed: boolean, now: number, times = 1): void {
  for (let at = 0; at < times; at += 1) target?.onCheck(passed, now);
}

function send(target: TargetHealth | undefined, outcome: Outcome, now: number, times = 1): void {
  for (let at = 0; at < times; at += 1) target?.onResult(outcome, target.onSend(now), now);
}

test('consecutive failures of any kind eject a target, and a success in between starts the count again', () => {
  for (const outcome of [REFUSED, BROKEN, FROZEN, status(502), status(503), status(504)]) {
    const { targets } = createTargets(2);
    const [target] = targets;
    send(target, outcome, 1_000, 4);
    send(target, OK, 1_000);
    send(target, outcome, 1_000, 4);
    assert.equal(target?.share(1_000), 1);
    send(target, outcome, 1_000);
    assert.equal(target?.share(1_000), 0);
    assert.equal(target?.state(1_000), 'ejected');
  }
});

test('what the target did not cause is no failure: clients that leave, their bodies, 500 unless the option says so', () => {
  const innocent: Outcome[] = [
    { kind: 'aborted' },
    { kind: 'failed', code: 'payload_too_large', sent: true },
    { kind: 'failed', code: 'EMFILE', sent: false },
    status(500),
    status(404),
  ];
  const { targets } = createTargets(2);
  for (const outcome of innocent) send(targets[0], outcome, 0, 30);
  assert.equal(targets[0]?.state(0), 'healthy');
  const strict = createTargets(2, { passive: { ...PASSIVE, serverErrors: true } });
  send(strict.targets[0], status(500), 0, 5);
  assert.deepEqual(strict.events, ['0 ejected: status, 10s']);
});

test('a target that fails its trial is ejected for a longer time, up to the maximum', () => {
  const { targets, events } = createTargets(2);
  const [target] = targets;
  let now = 0;
  send(target, REFUSED, now, 5);
  for (const seconds of [10, 20, 30]) {
    assert.equal(target?.share(now + seconds * 1000 - 1), 0);
    now += seconds * 1000;
    assert.equal(target?.state(now), 'trial');
    send(target, REFUSED, now);
  }
  assert.deepEqual(events.at(-1), '0 ejected: connect, 40s');
  for (let round = 0; round < 40; round += 1) {
    now += 300_000;
    send(target, REFUSED, now);
  }
  assert.deepEqual(events.at(-1), '0 ejected: connect, 300s');
});

test('a target on trial gets one request at a time until two succeeded, then a share that grows', () => {
  const { targets, events } = createTargets(2, { slowStart: 10_000 });
  const [target] = targets;
  send(target, FROZEN, 0, 5);
  assert.equal(target?.share(10_000), 1);
  const era = target?.onSend(10_000) ?? 0;
  assert.equal(target?.share(10_000), 0);
  target?.onResult(OK, era, 10_100);
  assert.equal(target?.state(10_100), 'trial');
  send(target, OK, 10_200);
  assert.deepEqual(events, ['0 ejected: timeout, 10s', '0 restored']);
  assert.deepEqual(
    [10_200, 11_200, 15_200, 20_100].map((now) => target?.share(now)),
    [0.1, 0.1, 0.5, 0.99],
  );
  assert.equal(target?.state(20_100), 'slow-start');
  assert.equal(target?.share(20_200), 1);
});

test('a trial that the client aborts frees its turn; a result from before the ejection decides nothing', () => {
  const { targets } = createTargets(2);
  const [target] = targets;
  const early = target?.onSend(0) ?? 0;
  send(target, REFUSED, 0, 5);
  const trial = target?.onSend(10_000) ?? 0;
  target?.onResult(FROZEN, early, 10_001);
  assert.equal(target?.state(10_001), 'trial');
  target?.onResult({ kind: 'aborted' }, trial, 10_002);
  assert.ok((target?.share(10_002) ?? 0) > 0);
});

test('the number of ejections is forgotten after the longest ejection without another', () => {
  const { targets, events } = createTargets(2);
  const [target] = targets;
  send(target, REFUSED, 0, 5);
  send(target, OK, 10_000, 2);
  send(target, REFUSED, 20_000, 5);
  send(target, OK, 40_000, 2);
  send(target, REFUSED, 340_000, 5);
  assert.deepEqual(
    events.filter((event) => event.includes('ejected')),
    ['0 ejected: connect, 10s', '0 ejected: connect, 20s', '0 ejected: connect, 10s'],
  );
});

test('an error rate ejects a target whose failures are not consecutive, with enough requests only', () => {
  const { targets, events } = createTargets(2);
  for (let at = 0; at < 9; at += 1) {
    send(targets[0], status(503), at);
    send(targets[0], OK, at);
  }
  send(targets[0], status(503), 20);
  assert.deepEqual(events, []);
  send(targets[0], status(503), 21);
  assert.deepEqual(events, ['0 ejected: error_rate, 10s']);
});

test('failures that left the window do not count for the error rate', () => {
  const { targets, events } = createTargets(2);
  for (let at = 0; at < 40; at += 1) {
    send(targets[0], status(503), at * 2_000);
    send(targets[0], OK, at * 2_000);
  }
  assert.deepEqual(events, []);
});

test('never more than half of the targets are ejected, and a single one never is', () => {
  for (const [count, expected] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [10, 5],
  ] as const) {
    const { targets } = createTargets(count);
    for (const target of targets) send(target, REFUSED, 0, 10);
    assert.equal(targets.filter((target) => target.share(0) === 0).length, expected, `${count} targets`);
  }
});

test('a target over the limit is ejected at its next failure once another one is back', () => {
  const { targets, events } = createTargets(2);
  send(targets[0], REFUSED, 0, 5);
  send(targets[1], REFUSED, 0, 8);
  send(targets[0], OK, 10_000, 2);
  send(targets[1], REFUSED, 10_000);
  assert.deepEqual(events, ['0 ejected: connect, 10s', '0 restored', '1 ejected: connect, 10s']);
});

test('a target that left the group neither counts nor limits', () => {
  const { group, endpoints, targets } = createTargets(4);
  send(targets[0], REFUSED, 0, 5);
  if (endpoints[0]) group.remove(endpoints[0]);
  send(targets[1], REFUSED, 0, 5);
  send(targets[2], REFUSED, 0, 5);
  assert.deepEqual(
    targets.map((target) => target.share(0)),
    [0, 0, 1, 1],
  );
});

test('failed checks take any number of targets out, whatever their requests say', () => {
  const { targets, events } = createTargets(2);
  for (const target of targets) {
    check(target, false, 0, 2);
    check(target, true, 0);
    check(target, false, 0, 2);
  }
  assert.deepEqual(events, []);
  for (const target of targets) check(target, false, 0);
  send(targets[0], OK, 1);
  assert.deepEqual(
    targets.map((target) => [target.share(1), target.state(1)]),
    [
      [0, 'down'],
      [0, 'down'],
    ],
  );
  check(targets[0], true, 2);
  assert.equal(targets[0]?.share(2), 0);
  check(targets[0], true, 2);
  assert.equal(targets[0]?.share(2), 1);
  assert.deepEqual(events, ['0 ejected: check, 0s', '1 ejected: check, 0s', '0 restored']);
});

test('passed checks end an ejection early if the target was unreachable, not if its responses were errors', () => {
  const { targets } = createTargets(4);
  check(targets[0], true, 0, 10);
  send(targets[0], REFUSED, 0, 5);
  send(targets[1], status(503), 0, 5);
  for (const target of targets) check(target, true, 1_000);
  assert.equal(targets[0]?.state(1_000), 'ejected', 'checks from before the ejection do not count');
  for (const target of targets) check(target, true, 1_000);
  assert.deepEqual(
    targets.map((target) => target.state(1_000)),
    ['trial', 'ejected', 'healthy', 'healthy'],
  );
});

test('a target with as many requests as it may have gets none; requests are refused only while a healthy one is full', () => {
  const { group, endpoints, targets } = createTargets(2, { breaker: { ...BREAKER, maxRequests: 2 } });
  const [first, second] = endpoints;
  assert.ok(first && second);
  send(targets[0], REFUSED, 0, 5);
  assert.deepEqual([targets[1]?.share(0), group.refuses], [1, false]);
  second.inFlight = 2;
  assert.deepEqual([targets[1]?.share(0), group.refuses], [0, true]);
  check(targets[1], false, 0, 3);
  assert.equal(group.refuses, false);
});

test('a target that joins under load can start slowly, and without passive health only checks count', () => {
  const { group, endpoints, targets } = createTargets(2, { passive: false, slowStart: 1_000 });
  send(targets[0], REFUSED, 5_000, 50);
  assert.equal(targets[0]?.share(5_000), 1);
  const [late] = endpoints;
  assert.ok(late);
  assert.equal(group.add(late, true).share(500), 0.5);
});

/** Targets that fail in every way while 50 requests a second arrive: no GET fails, no POST is sent twice, and all recovers. */
import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { type TestContext, test } from 'node:test';
import { upstreamPool } from '../../../src/config/traffic/upstream.ts';
import { route, startEdge } from '../../support/edge.ts';
import { freePort } from '../../support/ports.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { type Calls, failedGets, repeatedPosts, startCalls, startTarget, type Target } from './world.ts';

/** Requests, those of 5 seconds, until they must be quick again after a target has failed. A slow machine sends fewer in a second. */
const RECOVERY_REQUESTS = 250;
const QUICK_MS = 750;

const OPTIONS = {
  passiveHealth: { failures: 3, serverErrors: true, ejection: '500ms', trials: 1 },
  retries: {
    on: ['connect' as const, 'broken' as const, 'timeout' as const, 500 as const, 503 as const],
    tryTimeout: '1s',
  },
  dns: { refresh: '200ms' },
};

async function edgeTo(t: TestContext, targets: readonly string[], lookup?: LookupFunction): Promise<Calls> {
  const pool = upstreamPool.parse({ ...OPTIONS, targets });
  const edge = await startEdge(route(pool), lookup ? { upstreamParts: { lookup } } : {});
  t.after(() => edge.close());
  return startCalls(t, edge.port);
}

async function world(t: TestContext) {
  const targets = await Promise.all([startTarget(t), startTarget(t), startTarget(t)]);
  const calls = await edgeTo(
    t,
    targets.map(({ url }) => url),
  );
  await Promise.all(targets.map((target) => target.receives(5)));
  return { targets, calls, first: targets[0] as Target };
}

/** Requests are quick again in time, and nothing went wrong until then. */
async function expectRecovery(calls: Calls, targets: readonly Target[]): Promise<void> {
  const before = calls.ended.length;
  await calls.recover(50, QUICK_MS);
  await calls.getsEnd();
  const count = calls.ended.length - before;
  assert.ok(count <= RECOVERY_REQUESTS, `recovered after ${count} requests`);
  assert.deepEqual(failedGets(calls), []);
  assert.deepEqual(repeatedPosts(targets), []);
}

const FAULTS: readonly { name: string; fail: (target: Target) => unknown; repair: (target: Target) => unknown }[] = [
  { name: 'is killed', fail: (target) => target.kill(), repair: (target) => target.start() },
  { name: 'is frozen', fail: (target) => target.freeze(), repair: (target) => target.thaw() },
  { name: 'responds with 500', fail: (target) => target.respondWith(500), repair: (target) => target.respondWith(200) },
];
for (const { name, fail, repair } of FAULTS)
  test(`a target that ${name} costs no GET, and takes requests again when it is back`, async (t) => {
    const { targets, calls, first } = await world(t);
    await fail(first);
    await expectRecovery(calls, targets);
    await repair(first);
    await first.receives(10);
    await expectRecovery(calls, targets);
  });

test('a rolling restart costs no GET', async (t) => {
  const { targets, calls } = await world(t);
  for (const target of targets) {
    await target.stop();
    await target.start();
    await target.receives(5);
  }
  await expectRecovery(calls, targets);
});

test('a name that moves to other addresses costs no GET', async (t) => {
  const port = await freePort();
  const targets = await Promise.all(
    ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => startTarget(t, { host, port })),
  );
  const [first, second, third] = targets as [Target, Target, Target];
  let addresses = [first.host, second.host];
  const lookup: LookupFunction = (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  const calls = await edgeTo(t, [`http://orders.example:${port}`], lookup);
  await Promise.all([first.receives(5), second.receives(5)]);
  addresses = [second.host, third.host];
  await third.receives(5);
  await first.stop();
  await expectRecovery(calls, targets);
  assert.equal(third.received[0]?.host, `orders.example:${port}`);
});

test('with workers: a target that is killed, one that is frozen, and a rolling restart cost no GET', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const targets = await Promise.all([startTarget(t), startTarget(t), startTarget(t)]);
  const upstream = { ...OPTIONS, targets: targets.map(({ url }) => url) };
  const routes = [{ path: '/api/**', upstream, rules: [{ token: 'none' as const }] }];
  const gateway = await startProcess(t, { provider, config: { workers: 2, routes } });
  const calls = startCalls(t, gateway.port, '/api/orders');
  await Promise.all(targets.map((target) => target.receives(5)));
  const [first, second] = targets as [Target, Target, Target];
  await first.kill();
  await expectRecovery(calls, targets);
  await first.start();
  await first.receives(10);
  second.freeze();
  await expectRecovery(calls, targets);
  second.thaw();
  await second.receives(10);
  for (const target of targets) {
    await target.stop();
    await target.start();
    await target.receives(5);
  }
  await expectRecovery(calls, targets);
});

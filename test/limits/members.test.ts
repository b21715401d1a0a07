/** Processes that share a limit: their parts while others join or are late, and places that outlive a reload. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createPlaces } from '../../src/limits/places.ts';
import { createProcessGroup } from '../../src/limits/process-group.ts';
import { createMemoryLimits } from '../../src/store/port/memory-limits.ts';

const EPOCH = 1_900_000_000_000;

const useMockTime = (t: TestContext) =>
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: EPOCH });

async function pass(t: TestContext, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    t.mock.timers.tick(1_000);
    for (let count = 0; count < 4; count += 1) await turn();
  }
}

test('a process that is late with its sign of life has no share, so that one that joins meanwhile may have it', async (t) => {
  useMockTime(t);
  const limits = createMemoryLimits();
  let isLate = false;
  const join: typeof limits.join = (...args) => (isLate ? new Promise(() => {}) : limits.join(...args));
  const late = createProcessGroup({ limits: { join } }, Date.now);
  t.after(() => late.close());
  late.shareOf(10, 'x');
  await pass(t, 10);
  assert.equal(late.shareOf(10, 'x'), 10);
  isLate = true;
  const joining = createProcessGroup({ limits }, Date.now);
  t.after(() => joining.close());
  for (let second = 0; second < 20; second += 1) {
    const sum = late.shareOf(10, 'x') + joining.shareOf(10, 'x');
    assert.ok(sum <= 10, `${sum} after ${second} s`);
    await pass(t, 1);
  }
  assert.ok(joining.shareOf(10, 'x') > 0);
});

test('a stream that is open across a reload goes on holding its place', async (t) => {
  useMockTime(t);
  const limits = createMemoryLimits();
  const start = () =>
    createPlaces({ name: 'limit', concurrent: 1, onStoreOutage: 'local' }, { store: { limits }, clock: Date.now });
  const caller = { name: 'alice', isShared: true };
  const before = start();
  const { release } = await before.hold(caller);
  before.close();
  const after = start();
  t.after(() => after.close());
  await pass(t, 60);
  assert.equal((await after.hold(caller)).release, undefined);
  release?.();
  assert.ok((await after.hold(caller)).release);
});

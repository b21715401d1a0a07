/** Limits over several processes: how far a caller may exceed his limit, who is refused, and how often the store is asked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { GatewayError } from '../../src/base/errors.ts';
import { createProcessGroup } from '../../src/limits/process-group.ts';
import { SharedCounter, type SharedLimit } from '../../src/limits/shared-counter.ts';
import { createMemoryLimits } from '../../src/store/port/memory-limits.ts';
import type { LimitReport, Limits } from '../../src/store/port/store.ts';

const LIMIT: SharedLimit = { name: 'limit', requests: 100, window: 10_000, mode: 'shared', onStoreOutage: 'local' };
const EPOCH = 1_900_000_000_000;

/** A number generator with a seed, so that a failure can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Simulation {
  readonly counters: readonly SharedCounter[];
  /** Times at which each caller was allowed, and at which he was refused. */
  readonly allowed: Map<string, number[]>;
  readonly refused: Map<string, number[]>;
  /** Calls of `count`, each of which is one command. */
  readonly asked: () => number;
  /** What the last one reported. */
  readonly lastReports: () => readonly LimitReport[];
  readonly calls: () => number;
  fail(isDown: boolean): void;
  take(process: number, caller: string): void;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
}

async function settle(): Promise<void> {
  for (let count = 0; count < 8; count += 1) await turn();
}

async function simulate(t: TestContext, processes: number, limit: Partial<SharedLimit> = {}): Promise<Simulation> {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: EPOCH });
  const memory = createMemoryLimits();
  let isDown = false;
  let asked = 0;
  let lastReports: readonly LimitReport[] = [];
  let calls = 0;
  const limits: Limits = {
    ...memory,
    async count(...args) {
      asked += 1;
      lastReports = args[1];
      await turn();
      if (isDown) throw new GatewayError('store_unavailable');
      return memory.count(...args);
    },
  };
  const counters: SharedCounter[] = [];
  for (let index = 0; index < processes; index += 1) {
    const group = createProcessGroup({ limits }, Date.now);
    t.after(() => group.close());
    group.shareOf(1, 'x');
    counters.push(new SharedCounter({ ...LIMIT, ...limit }, { store: { limits }, group, clock: Date.now }));
  }
  await settle();
  for (let beats = 0; beats < 2; beats += 1) {
    t.mock.timers.tick(5_000);
    await settle();
  }
  const allowed = new Map<string, number[]>();
  const refused = new Map<string, number[]>();
  const note = (map: Map<string, number[]>, caller: string, at: number) =>
    void map.set(caller, [...(map.get(caller) ?? []), at]);
  return {
    counters,
    allowed,
    refused,
    asked: () => asked,
    lastReports: () => lastReports,
    calls: () => calls,
    fail: (value) => {
      isDown = value;
    },
    take(process, caller) {
      const at = Date.now();
      calls += 1;
      void Promise.resolve(counters[process]?.take(caller)).then(
        (verdict) => note(verdict?.allowed ? allowed : refused, caller, at),
        () => note(refused, caller, at),
      );
    },
    async pass(ms) {
      await settle();
      t.mock.timers.tick(ms);
      await settle();
    },
  };
}

/** The maximum number of times within any interval of this length. */
function mostWithin(times: readonly number[], interval: number): number {
  const sorted = [...times].sort((one, other) => one - other);
  let first = 0;
  let most = 0;
  for (const [index, time] of sorted.entries()) {
    while ((sorted[first] ?? 0) <= time - interval) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

for (const seed of [1, 2, 3])
  test(`six processes: nobody exceeds his limit by over 10 %, nobody within 80 % is refused (seed ${seed})`, async (t) => {
    const random = randomOf(seed);
    const world = await simulate(t, 6);
    const before = world.asked();
    const somewhere = () => Math.floor(random() * 6);
    for (let step = 0; step < 400; step += 1) {
      for (let user = 0; user < 20; user += 1) {
        // 8 a second is 80 % of the limit.
        if (random() < 0.4) world.take(somewhere(), `calm-${user}`);
        if (random() < 0.8) world.take(somewhere(), `busy-${user}`);
      }
      // Bursts, some to all processes and some to one.
      if (step % 67 === 0) for (let count = 0; count < 300; count += 1) world.take(somewhere(), 'burst');
      if (step % 71 === 0) for (let count = 0; count < 300; count += 1) world.take(1, 'one-sided');
      if (step % 200 === 0) for (let count = 0; count < 80; count += 1) world.take(somewhere(), 'regular');
      await world.pass(50);
    }
    for (const [caller, times] of world.allowed)
      assert.ok(mostWithin(times, 9_990) <= 110, `${caller}: ${mostWithin(times, 9_990)} allowed within a window`);
    for (const [caller, times] of world.allowed) {
      if (!caller.startsWith('calm') && caller !== 'regular') continue;
      const attempts = [...times, ...(world.refused.get(caller) ?? [])];
      if (mostWithin(attempts, 10_500) <= 80)
        assert.equal(world.refused.get(caller), undefined, `${caller} was refused`);
    }
    assert.equal(world.refused.get('regular'), undefined);
    assert.equal(world.allowed.get('burst')?.length === undefined, false);
    const perCall = (world.asked() - before) / world.calls();
    t.diagnostic(`${world.calls()} calls, ${perCall.toFixed(3)} commands each`);
    assert.ok(perCall <= 0.2, `${perCall} commands per call`);
  });

test('strict: exactly the limit, from all processes together', async (t) => {
  const world = await simulate(t, 6, { mode: 'strict' });
  for (let count = 0; count < 300; count += 1) world.take(count % 6, 'burst');
  await world.pass(0);
  assert.equal(world.allowed.get('burst')?.length, 100);
  await world.pass(9_900);
  world.take(0, 'burst');
  await world.pass(0);
  assert.equal(world.allowed.get('burst')?.length, 100, 'the window is not over');
  await world.pass(100);
  for (let count = 0; count < 300; count += 1) world.take(count % 6, 'burst');
  await world.pass(0);
  assert.equal(world.allowed.get('burst')?.length, 200);
});

test('without the store each process applies the limit on its own, and reports when it is back', async (t) => {
  const world = await simulate(t, 2);
  for (let count = 0; count < 60; count += 1) world.take(0, 'a');
  await world.pass(300);
  world.fail(true);
  for (let count = 0; count < 200; count += 1) world.take(0, 'a');
  await world.pass(10);
  assert.equal(world.allowed.get('a')?.length, 100, 'what was counted before the outage still counts');
  for (let count = 0; count < 60; count += 1) world.take(1, 'b');
  await world.pass(2_000);
  assert.equal(world.allowed.get('b')?.length, 60);
  world.fail(false);
  await world.pass(2_000);
  for (let count = 0; count < 60; count += 1) world.take(0, 'b');
  await world.pass(10);
  assert.ok((world.allowed.get('b')?.length ?? 0) <= 110, 'the other process knows of the requests during the outage');
});

test('onStoreOutage: refuse lets nothing pass that the store would have to count', async (t) => {
  const world = await simulate(t, 2, { mode: 'strict', onStoreOutage: 'refuse' });
  world.fail(true);
  world.take(0, 'a');
  await world.pass(10);
  assert.equal(world.allowed.get('a'), undefined);
  assert.equal(world.refused.get('a')?.length, 1);
});

test('a long outage: what no longer counts is neither kept nor reported again', async (t) => {
  const world = await simulate(t, 1, { window: 1_000 });
  world.fail(true);
  for (let step = 0; step < 200; step += 1) {
    world.take(0, 'busy');
    if (step === 0) world.take(0, 'gone');
    await world.pass(50);
  }
  const reports = world.lastReports();
  assert.deepEqual(
    reports.map(({ caller }) => caller),
    ['busy'],
  );
  const entries = reports[0]?.counts.split(',').length ?? 0;
  assert.ok(entries <= 25, `${entries} entries are reported`);
});

test('a request from the reserve counts from when it is sent, not from when it was reserved', async (t) => {
  const world = await simulate(t, 1, { window: 60_000 });
  const start = Date.now();
  for (let count = 0; count < 15; count += 1) {
    world.take(0, 'a');
    await world.pass(1);
  }
  // Each of them is soon enough after the last one for the rest of the reserve to be kept.
  for (let count = 0; count < 12; count += 1) {
    await world.pass(450);
    world.take(0, 'a');
  }
  await world.pass(2_000);
  for (let count = 0; count < 150; count += 1) world.take(0, 'a');
  while (Date.now() < start + 60_200) await world.pass(100);
  for (let count = 0; count < 50; count += 1) world.take(0, 'a');
  await world.pass(0);
  const most = mostWithin(world.allowed.get('a') ?? [], 59_900);
  assert.ok(most <= 106, `${most} allowed within a window`);
});

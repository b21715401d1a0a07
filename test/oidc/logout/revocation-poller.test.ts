/** The revocation poller of a process with many apps: one poll for all of them, and none waits for the provider of another. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { taggedName } from '../../../src/base/tagged-name.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { createExpiredSessionWork } from '../../../src/oidc/logout/expired-session-work.ts';
import { createRevocationPoller, type RunJob } from '../../../src/oidc/logout/revocation-poller.ts';
import { openStore } from '../../../src/store/open.ts';
import type { JobSelection } from '../../../src/store/port/store.ts';
import { gate, until } from '../../support/wait.ts';

const MINUTE_MS = 60_000;

/** A poller that polls when the test says so, and counts what it asks of the store. */
function start(t: TestContext) {
  const store = openStore({ sqlite: { file: ':memory:' } }, { log: createLogger('silent') });
  t.after(() => store.close());
  const selections: (JobSelection | undefined)[] = [];
  const jobs: typeof store.jobs = {
    ...store.jobs,
    take(now, until, limit, selection) {
      selections.push(selection);
      return store.jobs.take(now, until, limit, selection);
    },
  };
  let now = Date.now();
  const poller = createRevocationPoller({ store: { jobs }, clock: () => now, pollInterval: 60 * MINUTE_MS });
  const put = (tag: string, ...names: string[]) =>
    Promise.all(names.map((name, at) => jobs.put(taggedName(tag, name), name, now - 100 + at, now + 60 * MINUTE_MS)));
  const advance = (ms: number) => {
    now += ms;
  };
  return { jobs, poller, put, selections, advance };
}

/** An app that completes the jobs that it gets. */
function createApp({ jobs }: ReturnType<typeof start>) {
  const ran: string[] = [];
  const run: RunJob = async ({ id, sealed }) => {
    ran.push(sealed);
    await jobs.done(id);
    return true;
  };
  return { ran, run };
}

test('AP-12 three hundred apps are one request to the store, and each gets its own jobs', async (t) => {
  const world = start(t);
  const tags = Array.from({ length: 300 }, (_, n) => `app${String(n).padStart(7, '0')}`);
  const apps = tags.map((tag) => ({ tag, ...createApp(world) }));
  for (const { tag, run } of apps) t.after(world.poller.register(tag, run));
  for (const { tag } of apps.slice(0, 3)) await world.put(tag, `of ${tag}`);
  world.poller.poll();
  await until(() => apps.slice(0, 3).every(({ ran }) => ran.length === 1));
  assert.equal(world.selections.length, 1);
  assert.equal(world.selections[0]?.tags?.length, 300);
  for (const [at, { tag, ran }] of apps.entries()) assert.deepEqual(ran, at < 3 ? [`of ${tag}`] : []);
});

test('AP-10 the jobs of an app whose provider does not respond delay no other app, and are five at a time', async (t) => {
  const world = start(t);
  const hanging = gate();
  let attempts = 0;
  const names = Array.from({ length: 40 }, (_, n) => `job ${n}`);
  await world.put('aaaaaaaaaa', ...names);
  world.advance(1_000);
  await world.put('zzzzzzzzzz', ...names);
  const other = createApp(world);
  t.after(
    world.poller.register('aaaaaaaaaa', async () => {
      attempts += 1;
      await hanging.passed;
      return false;
    }),
  );
  t.after(world.poller.register('zzzzzzzzzz', other.run));
  world.poller.poll();
  await until(() => other.ran.length === names.length);
  assert.equal(attempts, 5);
  hanging.open();
});

test('AP-07 a job that no app of the process can open stays in the store, and the process does not take it again', async (t) => {
  const world = start(t);
  const own = createApp(world);
  t.after(world.poller.register('', (job) => (job.sealed === 'foreign' ? undefined : own.run(job))));
  await world.put('', 'foreign', 'own');
  world.poller.poll();
  await until(() => own.ran.length === 1);
  world.advance(5 * MINUTE_MS);
  await world.put('', 'later');
  world.poller.poll();
  await until(() => own.ran.length === 2);
  assert.deepEqual(own.ran, ['own', 'later']);
  const now = Date.now() + 10 * MINUTE_MS;
  assert.deepEqual(await world.jobs.take(now, now + 1, 10), [{ id: 'foreign', sealed: 'foreign' }]);
});

test('AP-09 the latest configuration of an app runs its jobs; those that only an earlier one can open are left to that one', async (t) => {
  const world = start(t);
  const [earlier, latest] = [createApp(world), createApp(world)];
  const leaveEarlier = world.poller.register('', earlier.run);
  const leave = world.poller.register('', (job) => (job.sealed.startsWith('old') ? undefined : latest.run(job)));
  await world.put('', 'old', 'new');
  world.poller.poll();
  await until(() => earlier.ran.length + latest.ran.length === 2);
  assert.deepEqual([earlier.ran, latest.ran], [['old'], ['new']]);
  leave();
  await world.put('', 'after');
  world.poller.poll();
  await until(() => earlier.ran.length === 2);
  leaveEarlier();
  const asked = world.selections.length;
  world.poller.poll();
  assert.equal(world.selections.length, asked, 'without an app there is nothing to ask for');
});

test('AP-12 the expired sessions of all apps are one lease and one list', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const calls: string[] = [];
  const ended: string[] = [];
  const done = Promise.withResolvers<void>();
  const work = createExpiredSessionWork({
    store: {
      acquireLease: async () => calls.push('acquire') > 0,
      renewLease: async () => calls.push('renew') > 0,
      async releaseLease() {
        calls.push('release');
        done.resolve();
      },
      expired: {
        async list(_limit, tags = []) {
          calls.push(`list ${tags.length}`);
          return { sessions: tags.map((tag) => ({ key: taggedName(tag, 'k'), tokens: 'sealed' })), more: false };
        },
        remove: async (keys) => void calls.push(`remove ${keys.length}`),
      },
    },
  });
  const tags = ['', 'aaaaaaaaaa', 'zzzzzzzzzz'];
  for (const tag of tags) t.after(work.register(tag, async (key) => ended.push(`${tag} ${key}`) > 0));
  t.mock.timers.tick(5_000);
  await done.promise;
  assert.deepEqual(calls, ['acquire', 'list 3', 'remove 3', 'release']);
  assert.deepEqual(ended, [' k', 'aaaaaaaaaa aaaaaaaaaa~k', 'zzzzzzzzzz zzzzzzzzzz~k']);
});

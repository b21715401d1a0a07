/** The state behind the React hooks and the Vue composables, with a real gateway: each status, and how it is left. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type SessionState, watchSession } from '../../../packages/client/src/session-watch.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type WorldOptions } from '../../support/world.ts';
import { openTab, type TabOptions } from '../page.ts';

async function start(t: TestContext, tabOptions: TabOptions = {}, options: WorldOptions = {}) {
  const world = await startWorld(t, options);
  const tab = openTab(world.browser, world.gateway.url, tabOptions);
  const watch = watchSession(tab.client);
  const states: SessionState[] = [];
  const follow = () => watch.subscribe(() => states.push(watch.state()));
  t.after(() => tab.client.close());
  return {
    world,
    tab,
    watch,
    states,
    follow,
    settled: (status: SessionState['status']) => until(() => watch.state().status === status, { what: status }),
  };
}

test('nothing is requested before there is a listener; then the session and the profile are, once for all listeners', async (t) => {
  const { world, tab, watch, states, follow, settled } = await start(t);
  await world.signIn();
  assert.equal(watchSession(tab.client), watch, 'one watch for each client');
  assert.equal(watch.state().status, 'loading');
  assert.deepEqual(tab.calls, []);
  t.after(follow());
  t.after(watch.subscribe(() => undefined));
  await settled('signed-in');
  assert.equal(watch.state().user?.sub, 'user-alice');
  assert.equal(watch.state().session?.authenticated, true);
  assert.equal(watch.state(), watch.state(), 'the same object until something changes');
  assert.deepEqual(tab.calls, ['GET /session', 'GET /profile']);
  assert.deepEqual(
    states.map(({ status }) => status),
    ['signed-in'],
  );
});

test('a visitor is signed out, and signed in after a sign-in elsewhere', async (t) => {
  const { world, tab, watch, follow, settled } = await start(t);
  t.after(follow());
  await settled('signed-out');
  assert.equal(watch.state().user, undefined);
  await world.signIn();
  tab.show();
  await settled('signed-in');
});

test('a session that ends leaves the user, so that the page can keep unsaved input; the same user comes back', async (t) => {
  const { world, tab, watch, follow, settled } = await start(t);
  await world.signIn();
  t.after(follow());
  await settled('signed-in');
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  tab.show();
  await settled('ended');
  assert.equal(watch.state().user?.sub, 'user-alice');
  assert.equal(watch.state().session?.authenticated, false);
  await world.signIn();
  await tab.client.session();
  await settled('signed-in');
});

test('another user: what the last one saw disappears before the profile of the new one has arrived', async (t) => {
  const { world, tab, watch, states, follow, settled } = await start(t);
  await world.signIn();
  t.after(follow());
  await settled('signed-in');
  world.provider.next.nextUser = { sub: 'bob', claims: {} };
  await world.signIn();
  tab.show();
  await until(() => watch.state().user?.sub === 'bob');
  assert.deepEqual(
    states.map(({ status, user }) => `${status} ${user?.sub}`),
    ['signed-in user-alice', 'loading undefined', 'signed-in bob'],
  );
});

test('an unavailable gateway: unavailable with the reason, and reload() recovers', async (t) => {
  let fails = true;
  const { world, watch, follow, settled } = await start(t, {
    respond: () => (fails ? new Response('{}', { status: 503 }) : undefined),
  });
  await world.signIn();
  t.after(follow());
  await settled('unavailable');
  assert.match(String(watch.state().error), /503/);
  fails = false;
  await watch.reload();
  assert.equal(watch.state().status, 'signed-in');
  assert.equal(watch.state().error, undefined);
  fails = true;
  await watch.reload();
  assert.equal(watch.state().status, 'signed-in', 'an outage is not a sign-out');
  assert.match(String(watch.state().error), /503/);
});

test('an unavailable gateway is asked again after 10 to 15 seconds, and no more without a listener', async (t) => {
  let fails = true;
  const { world, tab, follow, settled } = await start(t, {
    respond: () => (fails ? new Response('{}', { status: 503 }) : undefined),
  });
  await world.signIn();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stop = follow();
  for (let turn = 0; turn < 100 && tab.answers.length === 0; turn++) await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.mock.timers.tick(9_999);
  assert.equal(tab.calls.length, 1);
  fails = false;
  t.mock.timers.tick(5_001);
  assert.equal(tab.calls.length, 2);
  t.mock.timers.reset();
  await settled('signed-in');
  stop();
  tab.calls.length = 0;
  t.after(follow());
  assert.deepEqual(tab.calls, ['GET /session'], 'a new listener reads again');
  await settled('signed-in');
});

const SHORT = { session: { idleTimeout: '10s', absoluteTimeout: '1h', store: { sqlite: { file: ':memory:' } } } };

for (const [name, extend] of [
  ['keepAlive()', ({ watch }: Awaited<ReturnType<typeof start>>) => watch.keepAlive()],
  [
    'a request to an API',
    async ({ watch }: Awaited<ReturnType<typeof start>>) => {
      assert.equal((await watch.fetch('/api/x')).status, 200);
    },
  ],
] as const) {
  test(`a session that is about to end has a warning, until ${name} extends it`, async (t) => {
    const started = await start(t, { expiringBefore: 8 }, { gateway: { config: SHORT } });
    const { world, watch, follow } = started;
    await world.signIn();
    t.after(follow());
    await until(() => watch.state().expiring !== undefined, { timeout: 9_000, what: 'the warning' });
    assert.equal(watch.state().status, 'signed-in');
    assert.equal(watch.state().expiring?.extendable, true);
    await extend(started);
    await until(() => watch.state().expiring === undefined, { what: 'no warning' });
    assert.equal(watch.state().status, 'signed-in');
  });
}

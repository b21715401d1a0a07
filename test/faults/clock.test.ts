/** A clock that is set forward and back while sessions live: nobody is signed out by it, nobody stays signed in by it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../src/observe/log.ts';
import { createOpenStreams } from '../../src/proxy/forwarding/open-streams.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import { status } from '../support/provider-faults.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A world whose gateway has a clock that can be set. */
async function startStepping(t: Parameters<typeof startWorld>[0], absoluteTimeout = '8h', redisUrl?: string) {
  let offset = 0;
  const world = await startWorld(t, {
    gateway: {
      clock: () => Date.now() + offset,
      config: {
        session: { absoluteTimeout, idleTimeout: '4h', ...(redisUrl ? { store: { redis: { url: redisUrl } } } : {}) },
      },
    },
  });
  return {
    world,
    /** By how much the gateway's clock is off, the provider's included when both are set. */
    step(by: number, provider: 'with the provider' | 'alone') {
      offset = by;
      world.provider.settings.clockOffset = provider === 'alone' ? 0 : by;
    },
  };
}

async function calls(world: World, count: number): Promise<number[]> {
  const seen = new Set<number>();
  for (let n = 0; n < count; n += 1) seen.add((await world.api()).status);
  return [...seen];
}

for (const kind of ['sqlite', 'redis'] as const) {
  test(`SE-05 RF-01 a clock an hour ahead and back again (${kind}): every call is answered, with one refresh for each time it is set at most`, async (t) => {
    const redis = kind === 'redis' ? await startRedis() : undefined;
    t.after(async () => await redis?.stop());
    const { world, step } = await startStepping(t, '8h', redis?.url);
    await world.signIn();
    assert.deepEqual(await calls(world, 3), [200]);
    step(HOUR, 'with the provider');
    assert.deepEqual(await calls(world, 10), [200]);
    assert.equal(world.provider.refreshRequests().length, 1, 'the token had lapsed');
    step(0, 'with the provider');
    assert.deepEqual(await calls(world, 10), [200]);
    step(-HOUR, 'with the provider');
    assert.deepEqual(await calls(world, 10), [200]);
    step(0, 'with the provider');
    assert.deepEqual(await calls(world, 10), [200]);
    assert.ok(world.provider.refreshRequests().length <= 4, `${world.provider.refreshRequests().length} refreshes`);
    assert.equal((await world.session()).authenticated, true);
  });
}

test('SE-05 a clock that only the gateway got wrong: the session lives, and there is no refresh per call', async (t) => {
  const { world, step } = await startStepping(t);
  await world.signIn();
  for (const by of [HOUR, -HOUR, 0]) {
    step(by, 'alone');
    world.provider.clearRequests();
    const statuses = await calls(world, 20);
    assert.ok(
      statuses.every((status) => status === 200 || status === 503),
      `${by}: ${statuses}`,
    );
    assert.ok(
      world.provider.refreshRequests().length <= 2,
      `${by}: ${world.provider.refreshRequests().length} refreshes`,
    );
  }
  await until(async () => (await world.api()).status === 200);
  assert.equal((await world.session()).authenticated, true);
});

test('SE-05 a token from before the clock was set back is renewed once: nobody knows how long it still lives', async (t) => {
  const { world, step } = await startStepping(t);
  await world.signIn();
  step(HOUR, 'alone');
  assert.deepEqual(await calls(world, 3), [200]);
  world.provider.clearRequests();
  step(0, 'alone');
  assert.deepEqual(await calls(world, 10), [200]);
  assert.equal(world.provider.refreshRequests().length, 1);
});

test('R05 an outage before the clock was set back does not last until it is that late again', async (t) => {
  const { world, step } = await startStepping(t);
  await world.signIn();
  step(HOUR, 'with the provider');
  world.provider.behaviour.token = () => status(503);
  assert.deepEqual(await calls(world, 3), [503]);
  world.provider.resetBehaviour();
  // A second token, lapsed already, so that the call has to ask at once.
  world.provider.settings.accessTokenLifetime = 1_000;
  step(0, 'with the provider');
  const other = world.gateway.browser();
  await other.navigate('/login?returnTo=/app');
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.settings.accessTokenLifetime = MINUTE;
  assert.equal((await other.fetch('/api/x', { headers: CSRF })).status, 200);
});

test('SE-05 activity moves the idle limit also after the clock was set back', async (t) => {
  const { world, step } = await startStepping(t);
  await world.signIn();
  step(HOUR, 'with the provider');
  assert.deepEqual(await calls(world, 1), [200]);
  step(0, 'with the provider');
  assert.deepEqual(await calls(world, 1), [200]);
  const idle = await until(async () => {
    const { idleExpiresAt } = await world.session();
    const left = Date.parse(String(idleExpiresAt)) - Date.now();
    return left < 4 * HOUR + MINUTE ? left : undefined;
  });
  assert.ok(idle > 4 * HOUR - MINUTE, String(idle));
});

test('TK-07 keys that were rotated after the clock was set back are found', async (t) => {
  const { world, step } = await startStepping(t);
  step(HOUR, 'with the provider');
  await world.signIn();
  step(0, 'with the provider');
  world.provider.rotateKeys();
  const page = await world.gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app', page.body.slice(0, 200));
});

test('SE-05 the absolute limit holds whichever way the clock was set meanwhile', async (t) => {
  const { world, step } = await startStepping(t, '4h');
  await world.signIn();
  step(HOUR, 'with the provider');
  assert.deepEqual(await calls(world, 2), [200]);
  step(-HOUR, 'with the provider');
  assert.deepEqual(await calls(world, 2), [200]);
  step(4 * HOUR + MINUTE, 'with the provider');
  assert.deepEqual(await calls(world, 2), [401]);
  const { authenticated } = await world.session();
  assert.equal(authenticated, false);
});

test('SE-05 a sign-in that began before the clock was set ends well or is begun again, never in an error of the gateway', async (t) => {
  const { world, step } = await startStepping(t);
  for (const [before, after] of [
    [0, HOUR],
    [HOUR, 0],
  ] as const) {
    step(before, 'with the provider');
    const browser = world.gateway.browser();
    const page = await browser.navigate('/login?returnTo=/app', { stopAt: (url) => url.pathname === '/callback' });
    assert.ok(page.stoppedAt);
    step(after, 'with the provider');
    const answer = await browser.navigate(String(page.stoppedAt));
    assert.ok(answer.status < 500, String(answer.status));
    const again = await browser.navigate('/login?returnTo=/app');
    assert.equal(again.url.pathname, '/app', `${before} to ${after}: ${again.status}`);
    assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  }
});

test('RF-03 a lease from before the clock was set back does not keep others away until then', async (t) => {
  let now = Date.now() + HOUR;
  const store = openSqliteStore({ file: ':memory:' }, { log: createLogger('silent'), clock: () => now });
  t.after(() => store.close());
  assert.equal(await store.acquireLease('refresh:x', 'a dead process', 10_000), true);
  assert.equal(await store.acquireLease('refresh:x', 'another', 10_000), false);
  now -= HOUR;
  assert.equal(await store.acquireLease('refresh:x', 'another', 10_000), true);
  assert.equal(await store.acquireLease('refresh:x', 'a third', 10_000), false);
});

test('SE-07 a stream from before the clock was set back is cut all the same when its session ends', async () => {
  let now = Date.now() + HOUR;
  const cut: string[] = [];
  const store = { missing: async (keys: readonly string[]) => [...keys] };
  const streams = createOpenStreams({ store, log: createLogger('silent'), clock: () => now, interval: 1 << 30 });
  streams.track('a session', now + 8 * HOUR, () => void cut.push('cut'));
  now -= HOUR;
  await streams.poll();
  streams.close();
  assert.deepEqual(cut, ['cut']);
});

/** Clock changes during sessions: setting the clock forward or back signs no user out and keeps no user signed in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../src/observe/log.ts';
import { createOpenStreams } from '../../src/proxy/forwarding/open-streams.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite.ts';
import { status } from '../support/provider-faults.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Starts a world whose gateway has a clock that can be set. */
async function startWithClock(t: Parameters<typeof startWorld>[0], absoluteTimeout = '8h', redisUrl?: string) {
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
    /** Sets the offset of the gateway's clock in milliseconds, and of the provider's clock if both are set. */
    setClock(by: number, provider: 'with the provider' | 'gateway only') {
      offset = by;
      world.provider.settings.clockOffset = provider === 'gateway only' ? 0 : by;
    },
  };
}

async function sendRequests(world: World, count: number): Promise<number[]> {
  const seen = new Set<number>();
  for (let n = 0; n < count; n += 1) seen.add((await world.api()).status);
  return [...seen];
}

for (const store of ['sqlite', 'redis'] as const) {
  test(`SE-05 RF-01 a clock set an hour ahead and back (${store}): every request succeeds, with at most one refresh per change`, async (t) => {
    const redis = store === 'redis' ? await startRedis() : undefined;
    t.after(async () => await redis?.stop());
    const { world, setClock } = await startWithClock(t, '8h', redis?.url);
    await world.signIn();
    assert.deepEqual(await sendRequests(world, 3), [200]);
    setClock(HOUR_MS, 'with the provider');
    assert.deepEqual(await sendRequests(world, 10), [200]);
    assert.equal(world.provider.refreshRequests().length, 1, 'the token had expired');
    setClock(0, 'with the provider');
    assert.deepEqual(await sendRequests(world, 10), [200]);
    setClock(-HOUR_MS, 'with the provider');
    assert.deepEqual(await sendRequests(world, 10), [200]);
    setClock(0, 'with the provider');
    assert.deepEqual(await sendRequests(world, 10), [200]);
    assert.ok(world.provider.refreshRequests().length <= 4, `${world.provider.refreshRequests().length} refreshes`);
    assert.equal((await world.session()).authenticated, true);
  });
}

test('SE-05 a wrong clock of the gateway only: the session continues, without a refresh per request', async (t) => {
  const { world, setClock } = await startWithClock(t);
  await world.signIn();
  for (const by of [HOUR_MS, -HOUR_MS, 0]) {
    setClock(by, 'gateway only');
    world.provider.clearRequests();
    const statuses = await sendRequests(world, 20);
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

test('SE-05 a token from before the clock was set back is refreshed once, because its remaining lifetime is unknown', async (t) => {
  const { world, setClock } = await startWithClock(t);
  await world.signIn();
  setClock(HOUR_MS, 'gateway only');
  assert.deepEqual(await sendRequests(world, 3), [200]);
  world.provider.clearRequests();
  setClock(0, 'gateway only');
  assert.deepEqual(await sendRequests(world, 10), [200]);
  assert.equal(world.provider.refreshRequests().length, 1);
});

test('R05 the backoff of an outage ends when the clock is set back', async (t) => {
  const { world, setClock } = await startWithClock(t);
  await world.signIn();
  setClock(HOUR_MS, 'with the provider');
  world.provider.behaviour.token = () => status(503);
  assert.deepEqual(await sendRequests(world, 3), [503]);
  world.provider.resetBehaviour();
  // A second session with an expired token, so that its request needs a refresh at once.
  world.provider.settings.accessTokenLifetime = 1_000;
  setClock(0, 'with the provider');
  const other = world.gateway.browser();
  await other.navigate('/login?returnTo=/app');
  const signedIn = Date.now();
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.settings.accessTokenLifetime = MINUTE_MS;
  assert.equal((await other.fetch('/api/x', { headers: CSRF })).status, 200);
});

test('SE-05 activity extends the idle limit after the clock was set back as well', async (t) => {
  const { world, setClock } = await startWithClock(t);
  await world.signIn();
  setClock(HOUR_MS, 'with the provider');
  assert.deepEqual(await sendRequests(world, 1), [200]);
  setClock(0, 'with the provider');
  assert.deepEqual(await sendRequests(world, 1), [200]);
  const idle = await until(async () => {
    const { idleExpiresAt } = await world.session();
    const left = Date.parse(String(idleExpiresAt)) - Date.now();
    return left < 4 * HOUR_MS + MINUTE_MS ? left : undefined;
  });
  assert.ok(idle > 4 * HOUR_MS - MINUTE_MS, String(idle));
});

test('TK-07 keys that were rotated after the clock was set back are loaded', async (t) => {
  const { world, setClock } = await startWithClock(t);
  setClock(HOUR_MS, 'with the provider');
  await world.signIn();
  setClock(0, 'with the provider');
  world.provider.rotateKeys();
  const page = await world.gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app', page.body.slice(0, 200));
});

test('SE-05 the absolute limit holds whichever way the clock was set', async (t) => {
  const { world, setClock } = await startWithClock(t, '4h');
  await world.signIn();
  setClock(HOUR_MS, 'with the provider');
  assert.deepEqual(await sendRequests(world, 2), [200]);
  setClock(-HOUR_MS, 'with the provider');
  assert.deepEqual(await sendRequests(world, 2), [200]);
  setClock(4 * HOUR_MS + MINUTE_MS, 'with the provider');
  assert.deepEqual(await sendRequests(world, 2), [401]);
  const { authenticated } = await world.session();
  assert.equal(authenticated, false);
});

test('SE-05 a sign-in started before the clock was set completes or can be restarted, without a gateway error', async (t) => {
  const { world, setClock } = await startWithClock(t);
  for (const [before, after] of [
    [0, HOUR_MS],
    [HOUR_MS, 0],
  ] as const) {
    setClock(before, 'with the provider');
    const browser = world.gateway.browser();
    const page = await browser.navigate('/login?returnTo=/app', { stopAt: (url) => url.pathname === '/callback' });
    assert.ok(page.stoppedAt);
    setClock(after, 'with the provider');
    const response = await browser.navigate(String(page.stoppedAt));
    assert.ok(response.status < 500, String(response.status));
    const again = await browser.navigate('/login?returnTo=/app');
    assert.equal(again.url.pathname, '/app', `${before} to ${after}: ${again.status}`);
    assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  }
});

test('RF-03 a lease from before the clock was set back expires at once', async (t) => {
  let now = Date.now() + HOUR_MS;
  const store = openSqliteStore({ file: ':memory:' }, { log: createLogger('silent'), clock: () => now });
  t.after(() => store.close());
  assert.equal(await store.acquireLease('refresh:x', 'a dead process', 10_000), true);
  assert.equal(await store.acquireLease('refresh:x', 'another', 10_000), false);
  now -= HOUR_MS;
  assert.equal(await store.acquireLease('refresh:x', 'another', 10_000), true);
  assert.equal(await store.acquireLease('refresh:x', 'a third', 10_000), false);
});

test('SE-07 a stream from before the clock was set back is closed when its session ends', async () => {
  let now = Date.now() + HOUR_MS;
  const closed: string[] = [];
  const store = { missing: async (keys: readonly string[]) => [...keys] };
  const streams = createOpenStreams({ store, log: createLogger('silent'), clock: () => now, interval: 1 << 30 });
  streams.track('a session', now + 8 * HOUR_MS, () => void closed.push('cut'));
  now -= HOUR_MS;
  await streams.poll();
  streams.close();
  assert.deepEqual(closed, ['cut']);
});

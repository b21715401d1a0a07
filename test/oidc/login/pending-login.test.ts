/** Pending sign-ins: single-use over all replicas, short-lived, bounded, and bound to their cookie. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { newKey, startGateway } from '../../support/gateway.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startReplicas } from '../../support/replicas.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis({ persist: true });
});
after(() => redis.stop());
beforeEach(() => redis.flush());

const atCallback = (url: URL) => url.pathname === '/callback';
const PAGE = { accept: 'text/html' };

test('AR-04 one callback sent 21 times to three replicas redeems its code once', async (t) => {
  const { browser, gateways, provider } = await startReplicas(t, 3, redis.url);
  const { stoppedAt } = await browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
  assert.ok(stoppedAt);
  const cookie = browser.cookieHeader('/');
  const responses = await Promise.all(
    Array.from({ length: 21 }, (_, n) =>
      fetch(`${gateways[n % 3]?.ownUrl}${stoppedAt.pathname}${stoppedAt.search}`, {
        redirect: 'manual',
        headers: { ...PAGE, cookie },
      }),
    ),
  );
  const statuses = responses.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 303).length, 1, String(statuses));
  assert.equal(statuses.filter((status) => status === 400).length, 20, String(statuses));
  assert.equal(provider.requests.token.length, 1);
  assert.equal(
    responses.flatMap(({ headers }) => headers.getSetCookie()).filter((line) => /^bff=s/.test(line)).length,
    1,
  );
});

test('AR-06 a callback after the timeout is rejected without a code exchange, one before it is accepted', async (t) => {
  const startedAt = Date.now();
  let now = startedAt;
  const world = await startWorld(t, { gateway: { clock: () => now } });
  const timeout = world.gateway.config.login.timeout;
  assert.ok(timeout <= 600_000, 'at most ten minutes');
  for (const [later, status, exchanges] of [
    [timeout - 5_000, 404, 1],
    [timeout + 1, 400, 0],
  ] as const) {
    world.provider.clearRequests();
    now = startedAt;
    const browser = world.gateway.browser();
    const { stoppedAt } = await browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
    now = startedAt + later;
    const page = await browser.navigate(String(stoppedAt));
    assert.equal(page.status, status);
    assert.equal(world.provider.requests.token.length, exchanges);
    assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, exchanges === 1);
    if (status === 400) assert.match(page.body, /took too long/);
  }
});

test('AR-06 R10 after 200 unfinished sign-ins the cookies are small, the newest sign-in works and the first is gone', async (t) => {
  const world = await startWorld(t);
  const starts = [];
  for (let n = 0; n < 200; n++)
    starts.push(await world.browser.navigate('/login?returnTo=/app', { stopAt: atCallback }));
  assert.ok(world.browser.longestCookieHeader() < 4_096, `${world.browser.longestCookieHeader()} bytes`);
  assert.ok(world.browser.jar.all().length <= world.gateway.config.login.maxPending);
  assert.equal((await world.browser.navigate(String(starts.at(0)?.stoppedAt))).status, 400);
  assert.equal(world.provider.requests.token.length, 0);
  assert.equal((await world.browser.navigate(String(starts.at(-1)?.stoppedAt))).url.pathname, '/app');
});

test('CR-03 a pending sign-in moved to the cookie of another one is rejected', async (t) => {
  const world = await startWorld(t);
  const first = await world.browser.navigate('/login', { stopAt: atCallback });
  await world.browser.navigate('/login', { stopAt: atCallback });
  const [one, two] = world.browser.jar.all();
  const response = await fetch(String(first.stoppedAt), {
    headers: { ...PAGE, cookie: `${one?.name}=${two?.value}; ${two?.name}=${one?.value}` },
  });
  assert.equal(response.status, 400);
  assert.equal(world.provider.requests.token.length, 0);
});

test('R23 CR-03 a sign-in started under the old key completes under the new one', async (t) => {
  const [old, fresh] = [newKey(), newKey()];
  const world = await startWorld(t, { gateway: { redisUrl: redis.url, key: old } });
  const { stoppedAt } = await world.browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
  assert.ok(stoppedAt);
  const finishUnder = async (keys: { id: string; value: string }[]) => {
    const gateway = await startGateway({
      provider: world.provider,
      redisUrl: redis.url,
      publicUrl: world.gateway.url,
      config: { secrets: { keys } },
    });
    t.after(() => gateway.stop());
    return await fetch(`${gateway.ownUrl}${stoppedAt.pathname}${stoppedAt.search}`, {
      redirect: 'manual',
      headers: { ...PAGE, cookie: world.browser.cookieHeader('/') },
    });
  };
  assert.equal((await finishUnder([{ id: 'k2', value: fresh }])).status, 400);
  const both = [
    { id: 'k2', value: fresh },
    { id: 'k1', value: old },
  ];
  assert.equal((await finishUnder(both)).status, 303);
});

test('R12 a callback that failed in a store outage works when it is opened again', async (t) => {
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  const { stoppedAt } = await world.browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
  await redis.stop();
  t.after(() => redis.restart());
  const during = await world.browser.navigate(String(stoppedAt));
  assert.equal(during.status, 503);
  assert.equal(world.provider.requests.token.length, 0, 'the code is unspent');
  await redis.restart();
  const again = async () => {
    const page = await world.browser.navigate(String(stoppedAt));
    return page.status === 503 ? undefined : page;
  };
  assert.equal((await until(again)).url.pathname, '/app');
});

/** The session cache from outside: calls in a row ask Redis nothing, and an end by whatever hand is heard at once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

async function signedIn(t: TestContext, cacheSize?: number) {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const session = { store: { redis: { url: redis.url } }, ...(cacheSize === undefined ? {} : { cacheSize }) };
  const replicas = await startReplicas(t, 2, redis.url, { gateway: { config: { session } } });
  await replicas.signIn();
  const cookie = replicas.browser.cookieHeader('/');
  const [here, there] = replicas.gateways;
  assert.ok(here && there);
  const callAt = async (gateway: typeof here) => (await replicas.callAt(gateway, cookie)).status;
  return { redis, replicas, callAt, here, there };
}

/** Reads of session records since the server started. */
async function reads(redis: RedisServer): Promise<number> {
  const info = await redis.use((client) => client.info('commandstats'));
  return Number(/cmdstat_mget:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

/** Calls until a call asks Redis nothing: the cache is warm. */
async function warm(redis: RedisServer, call: () => Promise<number>): Promise<void> {
  await until(async () => {
    const before = await reads(redis);
    assert.equal(await call(), 200);
    return (await reads(redis)) === before;
  });
}

test('PF-01 fifty calls in a row ask Redis for the session at most twice', async (t) => {
  const { redis, callAt, here } = await signedIn(t);
  await warm(redis, () => callAt(here));
  const before = await reads(redis);
  for (let count = 0; count < 50; count++) assert.equal(await callAt(here), 200);
  assert.ok((await reads(redis)) - before <= 2);
});

test('with cacheSize 0 each call asks', async (t) => {
  const { redis, callAt, here } = await signedIn(t, 0);
  const before = await reads(redis);
  for (let count = 0; count < 5; count++) assert.equal(await callAt(here), 200);
  assert.ok((await reads(redis)) - before >= 5);
});

test('SE-07 LO-01 a sign-out at one replica, and a key removed by hand, are refused by the others within a second', async (t) => {
  for (const end of ['sign-out', 'del', 'flush'] as const) {
    const { redis, replicas, callAt, here, there } = await signedIn(t);
    for (const gateway of [here, there]) await warm(redis, () => callAt(gateway));
    if (end === 'sign-out') await replicas.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    else if (end === 'flush') await redis.flush();
    else {
      const key = (await redis.keys()).find((name) => name.endsWith(':session')) ?? '';
      await redis.use((client) => client.del(key));
    }
    for (const gateway of [here, there])
      await until(async () => (await callAt(gateway)) === 401, { timeout: 1_000, interval: 5, what: end });
  }
});

test('a signature that does not hold is refused, however warm the cache is', async (t) => {
  const { redis, replicas, callAt, here } = await signedIn(t);
  await warm(redis, () => callAt(here));
  const cookie = replicas.browser.cookieHeader('/');
  for (const forged of [cookie.slice(0, -1), `${cookie}A`, cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))])
    assert.equal((await replicas.callAt(here, forged)).status, 401);
});

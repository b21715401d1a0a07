/** The session cache over replicas: consecutive requests need no Redis read, and the end of a session takes effect at once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

async function startSignedIn(t: TestContext, cacheSize?: number) {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const session = { store: { redis: { url: redis.url } }, ...(cacheSize === undefined ? {} : { cacheSize }) };
  const replicas = await startReplicas(t, 2, redis.url, { gateway: { config: { session } } });
  await replicas.signIn();
  const cookie = replicas.browser.cookieHeader('/');
  const [here, there] = replicas.gateways;
  assert.ok(here && there);
  const callAt = async (gateway: typeof here) => (await replicas.requestAt(gateway, cookie)).status;
  return { redis, replicas, callAt, here, there };
}

/** Returns the number of session reads since Redis started. */
async function countReads(redis: RedisServer): Promise<number> {
  const info = await redis.withClient((client) => client.info('commandstats'));
  return Number(/cmdstat_mget:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

/** Sends requests until one needs no Redis read: the cache is warm. */
async function warmUp(redis: RedisServer, send: () => Promise<number>): Promise<void> {
  await until(async () => {
    const before = await countReads(redis);
    assert.equal(await send(), 200);
    return (await countReads(redis)) === before;
  });
}

test('PF-01 fifty consecutive requests read the session from Redis at most twice', async (t) => {
  const { redis, callAt, here } = await startSignedIn(t);
  await warmUp(redis, () => callAt(here));
  const before = await countReads(redis);
  for (let count = 0; count < 50; count++) assert.equal(await callAt(here), 200);
  assert.ok((await countReads(redis)) - before <= 2);
});

test('with cacheSize 0 each request reads the session from Redis', async (t) => {
  const { redis, callAt, here } = await startSignedIn(t, 0);
  const before = await countReads(redis);
  for (let count = 0; count < 5; count++) assert.equal(await callAt(here), 200);
  assert.ok((await countReads(redis)) - before >= 5);
});

test('SE-07 LO-01 after a sign-out at one replica, or a deleted key, all replicas reject the session within a second', async (t) => {
  for (const end of ['sign-out', 'del', 'flush'] as const) {
    const { redis, replicas, callAt, here, there } = await startSignedIn(t);
    for (const gateway of [here, there]) await warmUp(redis, () => callAt(gateway));
    if (end === 'sign-out') await replicas.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    else if (end === 'flush') await redis.flush();
    else {
      const key = (await redis.keys()).find((name) => name.endsWith(':session')) ?? '';
      await redis.withClient((client) => client.del(key));
    }
    for (const gateway of [here, there])
      await until(async () => (await callAt(gateway)) === 401, { timeout: 1_000, interval: 5, what: end });
  }
});

test('an invalid signature is rejected, even with a warm cache', async (t) => {
  const { redis, replicas, callAt, here } = await startSignedIn(t);
  await warmUp(redis, () => callAt(here));
  const cookie = replicas.browser.cookieHeader('/');
  for (const forged of [cookie.slice(0, -1), `${cookie}A`, cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))])
    assert.equal((await replicas.requestAt(here, forged)).status, 401);
});

/** A replica killed in the middle of a refresh while requests of the same session wait at the other replicas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import type { Settings } from '../support/provider-types.ts';
import { startRedis } from '../support/redis.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

type T = Parameters<typeof startProcess>[0];

/** Starts three processes and a browser with an expired access token. */
async function startExpired(t: T, rotation: Settings['rotation']) {
  const [provider, upstream, redis] = [await startProvider(), await startUpstream(), await startRedis()];
  t.after(() => Promise.all([provider.stop(), upstream.close(), redis.stop()]).then(() => undefined));
  Object.assign(provider.settings, { rotation, accessTokenLifetime: 1_000 });
  const config = {
    session: { store: { redis: { url: redis.url } } },
    routes: [{ path: '/api/**', upstream: upstream.origin }],
  };
  const victim = await startProcess(t, { provider, config });
  const { url: publicUrl, key } = victim;
  const others = await Promise.all([1, 2].map(() => startProcess(t, { provider, config, publicUrl, key })));
  const browser = victim.browser();
  await browser.navigate('/login?returnTo=/app');
  const signedIn = Date.now();
  const headers = { cookie: browser.cookieHeader('/'), ...CSRF };
  await until(() => Date.now() - signedIn > 1_000);
  provider.settings.accessTokenLifetime = 60_000;
  const requestAt = (ownUrl: string) => fetch(`${ownUrl}/api/x`, { headers }).then(({ status }) => status);
  return { provider, upstream, victim, others, requestAt };
}

/** Kills the victim in its refresh, before or after the provider has spent the token, with requests waiting at the others. */
async function killInRefresh(world: Awaited<ReturnType<typeof startExpired>>, spent: 'before' | 'after') {
  const { provider, victim, others, requestAt } = world;
  let waiting: Promise<number>[] = [];
  provider.behaviour.token = async (call, proceed) => {
    provider.resetBehaviour();
    waiting = others.flatMap(({ ownUrl }) => Array.from({ length: 5 }, () => requestAt(ownUrl)));
    // These requests find the lease of the victim held, now or until it expires.
    if (spent === 'after') await proceed(call);
    await victim.kill();
    return { status: 500, headers: {} };
  };
  await assert.rejects(requestAt(victim.ownUrl), 'the connection breaks with the process');
  return await Promise.all(waiting);
}

const statusAfterRecovery = (world: Awaited<ReturnType<typeof startExpired>>) =>
  until(
    async () => {
      const [status] = await Promise.all(world.others.map(({ ownUrl }) => world.requestAt(ownUrl)));
      return status === 503 ? undefined : status;
    },
    { timeout: 60_000, what: 'a response after the lease of the killed process' },
  );

test('RF-01 RF-03 killed before the token was spent: the waiting requests get 200 or 503, one refresh follows, the session continues', async (t) => {
  const world = await startExpired(t, 'rotate-revoke-on-reuse');
  const statuses = await killInRefresh(world, 'before');
  assert.equal(statuses.length, 10);
  assert.deepEqual(
    statuses.filter((status) => status !== 200 && status !== 503),
    [],
  );
  assert.equal(await statusAfterRecovery(world), 200);
  const tokens = world.provider.refreshRequests().map(({ params }) => params.get('refresh_token'));
  assert.equal(tokens.length, 2, 'the interrupted refresh, and one more');
  await world.victim.start();
  assert.equal(await world.requestAt(world.victim.ownUrl), 200);
  assert.equal(world.provider.refreshRequests().length, 2);
});

test('RF-02 killed after the token was spent, at a provider that accepts an old token: the session continues', async (t) => {
  const world = await startExpired(t, 'replace');
  const statuses = await killInRefresh(world, 'after');
  assert.deepEqual(
    statuses.filter((status) => status !== 200 && status !== 503),
    [],
  );
  assert.equal(await statusAfterRecovery(world), 200);
  assert.equal(world.provider.refreshRequests().length, 2);
});

test('RF-02 killed after the token was spent, at a provider that revokes on reuse: one 401, no loop', async (t) => {
  const world = await startExpired(t, 'rotate-revoke-on-reuse');
  const statuses = await killInRefresh(world, 'after');
  assert.deepEqual(
    statuses.filter((status) => ![200, 401, 503].includes(status)),
    [],
  );
  assert.equal(await statusAfterRecovery(world), 401);
  // The response with the new token was lost with the process; the old token is tried once.
  assert.equal(world.provider.refreshRequests().length, 2);
  for (const { ownUrl } of world.others) assert.equal(await world.requestAt(ownUrl), 401);
  assert.equal(world.provider.refreshRequests().length, 2);
});

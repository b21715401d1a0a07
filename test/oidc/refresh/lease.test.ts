/** The lease of a refresh: short, so that a dead replica does not block the others, and prolonged while the refresh runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../support/redis.ts';
import { startReplicas } from '../../support/replicas.ts';
import { gate, until } from '../../support/wait.ts';

const LEASE_MS = 4_000;

test('O05 the lease of a refresh ends 4 s after the death of its holder at the latest, and is prolonged until then', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 2, redis.url, {
    provider: { settings: { accessTokenLifetime: 1_000 } },
    gateway: { providerConfig: { timeout: '30s' } },
  });
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  await sleep(1_100);
  world.provider.settings.accessTokenLifetime = 60_000;
  const response = gate();
  world.provider.behaviour.token = async (_call, proceed) => {
    await response.passed;
    return proceed();
  };
  const [first, second] = world.gateways;
  assert.ok(first && second);
  const requests = [world.requestAt(first, cookie)];
  await until(() => world.provider.refreshRequests().length === 1);
  const startedAt = Date.now();
  await redis.withClient(async (client) => {
    const [name = ''] = await client.keys('bff:lease:refresh:*');
    // Longer than one lease: it has been prolonged.
    while (Date.now() - startedAt < LEASE_MS + 1_000) {
      const left = await client.pttl(name);
      assert.ok(left <= LEASE_MS, `the lease lasts ${left} ms`);
      await sleep(50);
    }
  });
  requests.push(world.requestAt(second, cookie));
  await sleep(200);
  response.open();
  assert.deepEqual(
    (await Promise.all(requests)).map(({ status }) => status),
    [200, 200],
  );
  assert.equal(world.provider.refreshRequests().length, 1, 'the second replica waited for the first one');
});

/** Liveness, start-up and readiness on the private listener, as seen by probes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../support/ports.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

async function probe(port: number, path: string) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('provider unavailable: alive and started, not ready with a reason, ready once it is back', async (t) => {
  const provider = await startProvider();
  await provider.stop();
  const port = await freePort();
  await startWorld(t, { running: provider, gateway: { config: { admin: { port } } } });
  await until(async () => (await probe(port, '/startupz')).status === 200);
  assert.equal((await probe(port, '/livez')).status, 200);
  const { status, body } = await probe(port, '/readyz');
  assert.equal(status, 503);
  const parts = body.parts as Record<string, { ready: boolean; reason?: string }>;
  assert.deepEqual(
    Object.entries(parts).map(([name, { ready }]) => [name, ready]),
    [
      ['serving', true],
      ['provider', false],
      ['store', true],
    ],
  );
  assert.ok(parts.provider?.reason);
  assert.deepEqual(body.reasons, [`provider: ${parts.provider.reason}`]);
  await provider.start();
  await until(async () => (await probe(port, '/readyz')).status === 200);
});

test('start-up ends after the first attempt at discovery', async (t) => {
  const provider = await startProvider();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  provider.behaviour.discovery = async (_call, proceed) => {
    asked.resolve();
    await answer.promise;
    return await proceed();
  };
  const port = await freePort();
  await startWorld(t, { running: provider, gateway: { config: { admin: { port } } } });
  await asked.promise;
  assert.equal((await probe(port, '/startupz')).status, 503);
  answer.resolve();
  await until(async () => (await probe(port, '/startupz')).status === 200);
});

test('store unavailable: not ready with a reason, still alive', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const port = await freePort();
  await startWorld(t, { gateway: { redisUrl: redis.url, config: { admin: { port } } } });
  await until(async () => (await probe(port, '/readyz')).status === 200);
  await redis.stop();
  await until(async () => (await probe(port, '/readyz')).status === 503);
  const { body } = await probe(port, '/readyz');
  assert.deepEqual(body.reasons, ['store: the session store does not respond']);
  assert.equal((await probe(port, '/livez')).status, 200);
});

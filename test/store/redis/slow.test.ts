/** A Redis that is far away: commands do not wait for the replies to earlier ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../../../src/observe/log.ts';
import { openRedisStore } from '../../../src/store/redis/redis.ts';
import { startRedis } from '../../support/redis.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

/** One way; a command that waits for another one takes longer than the command timeout. */
const DELAY_MS = 1_500;
const COMMAND_TIMEOUT_MS = 5_000;

test('O06 a round trip of more than half the command timeout: commands one after the other are all answered', async (t) => {
  const redis = await startRedis();
  const proxy = await startTcpProxy({ port: redis.port });
  const url = `redis://127.0.0.1:${proxy.port}`;
  const log = createLogger('silent');
  const store = openRedisStore({ url, prefix: 'bff:', commandTimeout: COMMAND_TIMEOUT_MS, database: 0 }, { log });
  t.after(async () => {
    proxy.delay(0);
    await store.close();
    await proxy.close();
    await redis.stop();
  });
  await store.ping();
  proxy.delay(DELAY_MS);
  const results: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < 12; n += 1) {
    results.push(store.load(`key${n}`), store.touch(`key${n}`, 1_000), store.markOnce(`mark${n}`, 60_000));
    await sleep(20);
  }
  const settled = await Promise.allSettled(results);
  assert.deepEqual(
    settled.filter(({ status }) => status === 'rejected'),
    [],
  );
  assert.ok(performance.now() - startedAt >= 2 * DELAY_MS, 'the delay had an effect');
});

test('O06 the commands of one turn of the event loop arrive in one piece', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const log = createLogger('silent');
  const store = openRedisStore({ url: redis.url, prefix: 'bff:', commandTimeout: 5_000, database: 0 }, { log });
  t.after(() => store.close());
  await store.ping();
  const before = await redis.withClient(
    async (client) => /total_reads_processed:(\d+)/.exec(await client.info('stats'))?.[1],
  );
  await Promise.all(Array.from({ length: 200 }, (_, n) => store.load(`key${n}`)));
  const after = await redis.withClient(
    async (client) => /total_reads_processed:(\d+)/.exec(await client.info('stats'))?.[1],
  );
  const reads = Number(after) - Number(before);
  assert.ok(reads < 60, `${reads} reads for 200 commands`);
});

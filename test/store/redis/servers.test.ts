/** Unusual Redis servers: the gateway works with them or names the fault, and never uses another database. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { openRedisStore } from '../../../src/store/redis/redis.ts';
import type { RedisConfig } from '../../../src/store/redis/schema.ts';
import { trackChanges } from '../../../src/store/redis/tracking.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { until } from '../../support/wait.ts';

const BASE = { database: 0, prefix: 'bff:', commandTimeout: 5_000 };

async function openOn(t: TestContext, args: readonly string[], options: (redis: RedisServer) => Partial<RedisConfig>) {
  const redis = await startRedis({ args });
  const lines: string[] = [];
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const store = openRedisStore({ ...BASE, ...options(redis) }, { log });
  t.after(async () => {
    await store.close();
    await redis.stop();
  });
  store.changes.watch(() => {});
  return { redis, store, logText: () => lines.join('') };
}

const attempt = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => String((error as { detail?: unknown }).detail),
  );

test('W07 a database that the server does not have: not ready, with the reason, and nothing in database 0', async (t) => {
  const { redis, store, logText } = await openOn(t, ['--databases', '1'], ({ url }) => ({ url, database: 1 }));
  for (let n = 0; n < 3; n += 1) {
    assert.match(await attempt(store.ping()), /database 1 cannot be selected: .*out of range/);
    assert.match(await attempt(store.createTokens('key', 'sealed', 60_000)), /database 1 cannot be selected/);
  }
  assert.deepEqual(await redis.keys(), []);
  assert.match(logText(), /out of range/);
});

test('W07 the database is selected by option and by URL, and again after a reconnect', async (t) => {
  for (const more of ['', '/3'] as const) {
    const { redis, store } = await openOn(t, [], ({ url }) => ({ url: url + more, database: more === '' ? 3 : 0 }));
    await store.createTokens('one', 'sealed', 60_000);
    await redis.withClient(async (client) => await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    await until(async () => (await attempt(store.createTokens('two', 'sealed', 60_000))) === 'ok');
    assert.deepEqual(await redis.keys(), []);
    await redis.withClient(async (client) => {
      await client.select(3);
      for (const key of ['one', 'two']) assert.equal(await client.exists(`bff:{${key}}:tokens`), 1, key);
    });
  }
});

test('W07 a server without INFO is ready, without a warning at the start', async (t) => {
  const { store, logText } = await openOn(t, ['--rename-command', 'INFO', ''], ({ url }) => ({ url }));
  await until(async () => (await attempt(store.ping())) === 'ok' && store.changes.current());
  assert.equal(logText(), '');
});

test('W07 a Cluster whose node announces no address is not ready, and the log says why', async (t) => {
  const cluster = ({ port }: RedisServer) => ({ cluster: [{ host: '127.0.0.1', port }] });
  const { redis, store, logText } = await openOn(t, ['--cluster-enabled', 'yes'], cluster);
  await redis.withClient(async (client) => await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383'));
  await until(() => /no usable node of the Cluster: .*cluster-announce-ip/.test(logText()));
  assert.match(await attempt(store.ping()), /not connected/);
});

test('W07 after lost tracking the log says when it works again', async (t) => {
  const { redis, store, logText } = await openOn(t, [], ({ url }) => ({ url }));
  await until(() => store.changes.current());
  assert.equal(logText(), '');
  await redis.stop();
  await until(() => /client tracking unavailable/.test(logText()));
  await redis.restart();
  await until(() => store.changes.current() && /client tracking available; session cache enabled/.test(logText()));
});

test('W07 a restart of tracking during its start, as when both connections are new, is no alarm', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const errors: unknown[] = [];
  let started = 0;
  const tracking = trackChanges({
    options: { host: '127.0.0.1', port: redis.port, replyMapping: 'legacy' },
    prefix: 'bff:{',
    onChange: () => {},
    onError: (error) => errors.push(error),
    onStart: () => {
      started += 1;
    },
  });
  t.after(() => tracking.stop());
  for (let round = 0; round < 20; round += 1) {
    // Restarted at different moments of connecting and subscribing.
    for (let turn = 0; turn < round; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    tracking.restart();
  }
  await until(() => tracking.current());
  assert.ok(started > 0);
  assert.deepEqual(errors, []);
});

test('W07 a URL with parts that would be ignored, or with another database than the option, is refused', () => {
  const faults = (redis: object) => {
    try {
      parseConfig({
        publicUrl: 'https://shop.example.com',
        secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
        provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
        session: { store: { redis } },
      });
      return '';
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
  };
  assert.match(faults({ url: 'redis://h?db=2' }), /redis\.url: a query is not supported/);
  assert.match(faults({ url: 'redis://h:6379/0?db=2' }), /a query is not supported/);
  assert.match(faults({ url: 'redis://h:6379/two' }), /must be a database number/);
  assert.match(faults({ url: 'redis://h:6379/2', database: 3 }), /names database 2, and .*database is 3/);
  assert.match(faults({ url: 'redis://' }), /names no host; write redis:/);
  for (const good of [
    { url: 'redis://h' },
    { url: 'redis://h/2' },
    { url: 'redis://h/2', database: 2 },
    { url: 'redis://h/', database: 3 },
  ])
    assert.equal(faults(good), '', JSON.stringify(good));
});

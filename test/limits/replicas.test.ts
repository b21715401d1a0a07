/** Limits over several gateways with a real Redis: who is refused, how often Redis is asked, and what an outage does. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { accessLines } from '../observe/access/access-lines.ts';
import type { TestGateway, TestGatewayOptions } from '../support/gateway.ts';
import { newKey, startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { accessToken } from '../support/tokens.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

type Limits = NonNullable<NonNullable<TestGatewayOptions['routes']>[number]['limits']>;

interface Replicas {
  readonly redis: RedisServer;
  readonly gateways: readonly TestGateway[];
  tokenOf(user: string): string;
  /** Sends a request to one gateway and returns the status. */
  send(index: number, token: string): Promise<number>;
}

/** Starts gateways with one route, which share Redis and keys. */
async function startReplicas(
  t: TestContext,
  count: number,
  limits: Limits,
  log: TestGatewayOptions['config'] = {},
): Promise<Replicas> {
  const [provider, upstream, redis] = await Promise.all([startProvider(), startUpstream(), startRedis()]);
  const key = newKey();
  const routes = [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'user' as const }], limits }];
  const config = { accessTokens: { audience: 'orders-api' }, ...log };
  const start = (publicUrl?: string) =>
    startGateway({ provider, routes, config, redisUrl: redis.url, key, ...(publicUrl && { publicUrl }) });
  const first = await start();
  const others = await Promise.all(Array.from({ length: count - 1 }, () => start(first.url)));
  const gateways = [first, ...others];
  t.after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await Promise.all([provider.stop(), upstream.close(), redis.stop()]);
  });
  return {
    redis,
    gateways,
    tokenOf: (user) => accessToken(provider, { sub: user }),
    async send(index, token) {
      const response = await fetch(`${gateways[index % count]?.ownUrl}/api/x`, {
        headers: { authorization: `Bearer ${token}` },
      });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

/** Commands of limits: those that clients sent, and with those inside the scripts. */
const limitCommands = (redis: RedisServer) =>
  redis.withClient(async (client) => {
    const info = await client.info('commandstats');
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
    const sent = calls('evalsha');
    return { sent, all: sent + calls('hmget') + calls('hset') + calls('pexpire') + calls('exists') };
  });

const countOf = (statuses: readonly number[], status: number) => statuses.filter((each) => each === status).length;

/** Every process has learnt of the others and has a share: each has given a third sign of life. */
async function untilJoined({ redis, gateways, send, tokenOf }: Replicas): Promise<void> {
  const members = () =>
    redis.withClient(async (client) => {
      const [key = 'none'] = await client.keys('*members*');
      return await client.zrange(key, '0', '-1', 'WITHSCORES');
    });
  await Promise.all(gateways.map((_, index) => send(index, tokenOf('first'))));
  let known = await until(async () => {
    const found = await members();
    return found.length === 2 * gateways.length ? found : undefined;
  });
  for (let beats = 1; beats < 3; beats += 1)
    known = await until(async () => {
      const found = await members();
      return found.every((entry, at) => at % 2 === 0 || !known.includes(entry)) ? found : undefined;
    });
}

test('three replicas: bursts get the limit and at most a tenth more, calm callers are never refused', async (t) => {
  const replicas = await startReplicas(t, 3, [{ by: 'user', requests: 40, per: '1h' }]);
  await untilJoined(replicas);
  const { redis, send, tokenOf } = replicas;
  const before = await limitCommands(redis);
  const users = Array.from({ length: 30 }, (_, index) => ({
    token: tokenOf(`user-${index}`),
    isCalm: index % 2 === 0,
  }));
  const results = new Map<(typeof users)[number], number[]>(users.map((user) => [user, []]));
  let calls = 0;
  // Calm callers send 32 of 40 in rounds, the others 60 at once.
  for (let round = 0; round < 32; round += 1) {
    const sent = users.flatMap((user, index) => {
      const amount = user.isCalm ? 1 : round === index ? 60 : 0;
      calls += amount;
      return Array.from({ length: amount }, async (_, at) =>
        results.get(user)?.push(await send(round + at, user.token)),
      );
    });
    await Promise.all(sent);
  }
  for (const [{ isCalm }, statuses] of results) {
    if (isCalm) assert.equal(countOf(statuses, 200), 32);
    else {
      const allowed = countOf(statuses, 200);
      // What one process holds in reserve, a sixth at most, is out of reach for the others for a moment.
      assert.ok(allowed >= 33 && allowed <= 44, `${allowed} of a burst were allowed`);
      assert.equal(countOf(statuses, 429), 60 - allowed);
    }
  }
  const after = await limitCommands(redis);
  const perCall = (after.sent - before.sent) / calls;
  const withScripts = (after.all - before.all) / calls;
  t.diagnostic(
    `${calls} calls, ${perCall.toFixed(3)} commands each, ${withScripts.toFixed(3)} with those inside scripts`,
  );
  assert.ok(perCall <= 0.2, `${perCall} commands per call`);
});

test('strict: three replicas together allow exactly the limit', async (t) => {
  const { send, tokenOf } = await startReplicas(t, 3, [{ by: 'user', requests: 20, per: '1h', mode: 'strict' }]);
  const token = tokenOf('alice');
  const statuses = await Promise.all(Array.from({ length: 90 }, (_, index) => send(index, token)));
  assert.deepEqual([countOf(statuses, 200), countOf(statuses, 429)], [20, 70]);
});

test('nothing that Redis holds names a caller', async (t) => {
  const { redis, send, tokenOf } = await startReplicas(t, 1, [
    { by: 'user', requests: 20, per: '1h', mode: 'strict' },
    { by: 'address', requests: 20, per: '1h', mode: 'strict' },
    { by: 'user', concurrent: 5 },
  ]);
  assert.equal(await send(0, tokenOf('alice-the-caller')), 200);
  const dump = await redis.dump();
  assert.match(dump, /limit:/);
  assert.doesNotMatch(dump, /alice|127\.0\.0\.1|orders-api/);
});

test('callers without credentials write nothing to Redis', async (t) => {
  const { redis, gateways } = await startReplicas(t, 1, [{ by: 'all', requests: 2, per: '1h' }]);
  const before = await redis.keys();
  for (let count = 0; count < 5; count += 1) assert.equal((await fetch(`${gateways[0]?.ownUrl}/api/x`)).status, 401);
  assert.deepEqual(await redis.keys(), before);
});

for (const [onStoreOutage, expected] of [
  ['local', [200, 200, 429]],
  ['refuse', [503, 503, 503]],
] as const)
  test(`onStoreOutage: ${onStoreOutage}`, async (t) => {
    const limits: Limits = [{ by: 'user', requests: 2, per: '1h', mode: 'strict', onStoreOutage }];
    const { redis, gateways, send, tokenOf } = await startReplicas(t, 1, limits, { log: { access: 'all' } });
    assert.equal(await send(0, tokenOf('before')), 200);
    await redis.stop();
    const token = tokenOf('alice');
    const statuses = [await send(0, token), await send(0, token), await send(0, token)];
    assert.deepEqual(statuses, expected);
    const lines = await until(() => {
      const found = accessLines(gateways[0]?.logText() ?? '');
      return found.length === 4 ? found : undefined;
    });
    const isLocal = lines.map((line) => line['http.response.status_code'] === 200 && line.limitLocal === true);
    assert.deepEqual(isLocal, [false, ...expected.map((status) => status === 200)]);
  });

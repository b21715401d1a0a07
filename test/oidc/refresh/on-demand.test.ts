/** Refresh on demand under concurrency: one refresh for all tabs and replicas, one limit, and the key of the session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { createLogger } from '../../../src/observe/log.ts';
import { openStore } from '../../../src/store/open.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { Provider } from '../../support/provider.ts';
import type { ProviderRequest } from '../../support/provider-types.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startReplicas } from '../../support/replicas.ts';
import { gate, until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

const PATH = '/session/refresh';
const refresh = ({ browser }: World) => browser.fetch(PATH, { method: 'POST', headers: CSRF });
const refreshAt = ({ ownUrl }: TestGateway, cookie: string) =>
  fetch(`${ownUrl}${PATH}`, { method: 'POST', headers: { cookie, ...CSRF } });

/** Holds the responses of the token endpoint until the gate is open. */
function holdTokens({ behaviour }: Provider) {
  const held = gate();
  behaviour.token = async (_call, proceed) => {
    await held.passed;
    return await proceed();
  };
  return held;
}

test('RF-01 requests of all tabs share one refresh on demand', async (t) => {
  const store = openStore({ sqlite: { file: ':memory:' } }, { log: createLogger('silent') });
  let loads = 0;
  const load = async (key: string) => {
    const session = await store.load(key);
    loads += 1;
    return session;
  };
  const world = await startWorld(t, { gateway: { store: { ...store, load } } });
  await world.signIn();
  const held = holdTokens(world.provider);
  const first = refresh(world);
  await until(() => world.provider.refreshRequests().length === 1);
  const before = loads;
  const others = Array.from({ length: 10 }, () => refresh(world));
  await until(() => loads === before + 10);
  held.open();
  const statuses = (await Promise.all([first, ...others])).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal(world.provider.refreshRequests().length, 1);
});

/** How many times a replica has tried to acquire a lease or to set a mark. */
const attempts = (redis: RedisServer) =>
  redis.withClient(async (client) =>
    Number(/cmdstat_set:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0),
  );

test('RF-01 RF-03 a refresh on demand waits for that of another replica, and the limit holds at both', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 2, redis.url);
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  const [one, two] = world.gateways;
  assert.ok(one && two);
  const held = holdTokens(world.provider);
  const first = refreshAt(one, cookie);
  await until(() => world.provider.refreshRequests().length === 1);
  const before = await attempts(redis);
  const second = refreshAt(two, cookie);
  await until(async () => (await attempts(redis)) > before);
  held.open();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.equal(world.provider.refreshRequests().length, 1);
  for (const gateway of world.gateways) {
    const limited = await refreshAt(gateway, cookie);
    assert.equal(limited.status, 429);
    assert.match(limited.headers.get('retry-after') ?? '', /^([1-9]|[12]\d|30)$/);
  }
  assert.equal(world.provider.refreshRequests().length, 1);
  const tokens = world.gateways.map((gateway) => world.requestAt(gateway, cookie));
  assert.deepEqual(
    (await Promise.all(tokens)).map(({ status }) => status),
    [200, 200],
  );
  assert.equal(new Set(world.upstream.requests.map((request) => request.header('authorization'))).size, 1);
});

test('TK-13 a refresh on demand proves the key of the session', async (t) => {
  const world = await startWorld(t, {
    provider: { settings: { dpop: 'required' } },
    gateway: { providerConfig: { dpop: true } },
  });
  await world.signIn();
  assert.equal((await refresh(world)).status, 200);
  const keyOf = (request: ProviderRequest | undefined) =>
    calculateJwkThumbprint(decodeProtectedHeader(String(request?.headers.dpop)).jwk ?? {});
  const [signIn, refreshed] = world.provider.requests.token;
  assert.equal(await keyOf(refreshed), await keyOf(signIn));
});

/** Provider failures under load: invalid, late or missing responses and key rotation, while many sessions send requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../support/gateway.ts';
import { delayed, hang, invalidJson, reset, status } from '../support/provider-faults.ts';
import type { Hook } from '../support/provider-types.ts';
import { startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/wait.ts';

const USER_COUNT = 12;
/** How long each failure lasts at least: longer than the access tokens, so that every session needs a refresh during it. */
const FAILURE_MS = 1_500;

interface Failure {
  endpoint: 'token' | 'jwks' | 'discovery';
  hook: Hook;
  /** Whether requests are refused with 503 because of it. */
  refuses?: boolean;
}
const FAILURES: Record<string, Failure> = {
  'a token endpoint that returns garbage': { endpoint: 'token', hook: invalidJson, refuses: true },
  'a token endpoint that is slow': { endpoint: 'token', hook: delayed(400) },
  'a token endpoint that hangs': { endpoint: 'token', hook: hang, refuses: true },
  'a token endpoint that resets': { endpoint: 'token', hook: reset, refuses: true },
  'a token endpoint that returns 503': { endpoint: 'token', hook: () => status(503), refuses: true },
  'a garbage key set': { endpoint: 'jwks', hook: invalidJson },
  'garbage metadata': { endpoint: 'discovery', hook: invalidJson },
};

test('R05 RF-01 RF-05 TK-07 TK-10 failures of the provider under load at three replicas: no 401, no token spent twice, and full recovery', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 3, redis.url, { gateway: { providerConfig: { timeout: '4s' } } });
  const { provider } = world;
  const gateways = [...world.gateways];
  /** Metadata is read when a replica starts, and then every hour. */
  const addReplica = async () => {
    const { url: publicUrl } = world.gateway;
    const routes = [{ path: '/api/**', upstream: world.upstream.origin }];
    const added = await startGateway({ provider, routes, redisUrl: redis.url, key: world.key, publicUrl });
    t.after(() => added.stop());
    gateways.push(added);
  };
  Object.assign(provider.settings, { rotation: 'rotate-revoke-on-reuse', accessTokenLifetime: 1_200 });
  const cookies: string[] = [];
  for (let n = 0; n < USER_COUNT; n += 1) {
    const browser = world.gateway.browser();
    assert.equal((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
    cookies.push(browser.cookieHeader('/'));
  }
  const statusesByFailure = new Map<string, Set<number>>();
  let currentFailure = '';
  let stopped = false;
  const sendRequests = async (cookie: string, n: number) => {
    for (let attempt = n; !stopped; attempt += 1) {
      const now = currentFailure;
      const { status: code } = await world.requestAt(gateways[attempt % gateways.length] ?? world.gateway, cookie);
      statusesByFailure.set(now, (statusesByFailure.get(now) ?? new Set()).add(code));
      await sleep(20);
    }
  };
  const users = Promise.all(cookies.map(sendRequests));
  for (const [name, { endpoint, hook, refuses = false }] of Object.entries(FAILURES)) {
    currentFailure = name;
    provider.rotateKeys();
    let met = 0;
    provider.behaviour[endpoint] = (request, proceed) => {
      met += 1;
      return hook(request, proceed);
    };
    if (endpoint === 'discovery') await addReplica();
    await sleep(FAILURE_MS);
    // Under load it may take longer until a session is refreshed, and until a request that waits for that is refused.
    const hadEffect = () => met > 0 && (!refuses || statusesByFailure.get(name)?.has(503));
    await until(hadEffect, { what: `${name} had an effect` });
    provider.resetBehaviour();
    currentFailure = 'between';
    const codes = async () => {
      const responses = await Promise.all(
        cookies.map((cookie, n) => world.requestAt(gateways[n % gateways.length] ?? world.gateway, cookie)),
      );
      return responses.map(({ status: code }) => code);
    };
    const settled = await until(async () => {
      const all = await codes();
      return all.some((code) => code === 401) || all.every((code) => code === 200) ? all : undefined;
    });
    assert.deepEqual([...new Set(settled)], [200], name);
  }
  stopped = true;
  await users;
  for (const [name, codes] of statusesByFailure)
    assert.deepEqual(
      [...codes].filter((code) => code !== 200 && code !== 503),
      [],
      name,
    );
  const spent = provider.refreshRequests().filter(({ status: code }) => code === 200);
  const tokens = spent.map(({ params }) => params.get('refresh_token'));
  assert.ok(tokens.length > USER_COUNT, `${tokens.length} refreshes`);
  assert.equal([...provider.grants].filter(({ revoked }) => revoked).length, 0, 'no token was spent twice');
  const page = await world.gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app');
});

/** Provider failures under load: invalid, late or missing responses and key rotation, while many sessions send requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayed, hang, invalidJson, reset, status } from '../support/provider-faults.ts';
import type { Hook } from '../support/provider-types.ts';
import { startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/wait.ts';

const USER_COUNT = 12;
/** How long each failure lasts: longer than the access tokens, so that every session needs a refresh during it. */
const FAILURE_MS = 1_500;

const FAILURES: Record<string, { token?: Hook; jwks?: Hook; discovery?: Hook }> = {
  'a token endpoint that returns garbage': { token: invalidJson },
  'a token endpoint that is slow': { token: delayed(400) },
  'a token endpoint that hangs': { token: hang },
  'a token endpoint that resets': { token: reset },
  'a token endpoint that returns 503': { token: () => status(503) },
  'a garbage key set': { jwks: invalidJson },
  'garbage metadata': { discovery: invalidJson },
};

test('R05 RF-01 RF-05 TK-07 TK-10 failures of the provider under load at three replicas: no 401, no token spent twice, and full recovery', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 3, redis.url, { gateway: { providerConfig: { timeout: '4s' } } });
  const { provider, gateways } = world;
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
      const { status: code } = await world.requestAt(gateways[attempt % 3] ?? world.gateway, cookie);
      statusesByFailure.set(now, (statusesByFailure.get(now) ?? new Set()).add(code));
      await sleep(20);
    }
  };
  const users = Promise.all(cookies.map(sendRequests));
  for (const [name, hooks] of Object.entries(FAILURES)) {
    currentFailure = name;
    provider.rotateKeys();
    Object.assign(provider.behaviour, hooks);
    await sleep(FAILURE_MS);
    provider.resetBehaviour();
    provider.settings.accessTokenLifetime = 1_200;
    currentFailure = 'between';
    const codes = async () => {
      const responses = await Promise.all(cookies.map((cookie) => world.requestAt(world.gateway, cookie)));
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
  assert.ok(statusesByFailure.get('a token endpoint that hangs')?.has(503), 'the failure had an effect');
  const spent = provider.refreshRequests().filter(({ status: code }) => code === 200);
  const tokens = spent.map(({ params }) => params.get('refresh_token'));
  assert.ok(tokens.length > USER_COUNT, `${tokens.length} refreshes`);
  assert.equal([...provider.grants].filter(({ revoked }) => revoked).length, 0, 'no token was spent twice');
  const page = await world.gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app');
});

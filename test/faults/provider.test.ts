/** A provider that answers garbage, late or not at all, and rotates its keys, while many sessions call and sign in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayed, hang, invalidJson, reset, status } from '../support/provider-faults.ts';
import type { Hook } from '../support/provider-types.ts';
import { startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { until } from '../support/wait.ts';

const USERS = 12;
/** How long each kind of weather lasts: longer than the access tokens, so that every session is due in it. */
const WEATHER_MS = 1_500;

const WEATHERS: Record<string, { token?: Hook; jwks?: Hook; discovery?: Hook }> = {
  'a token endpoint that answers garbage': { token: invalidJson },
  'a token endpoint that is slow': { token: delayed(400) },
  'a token endpoint that hangs': { token: hang },
  'a token endpoint that resets': { token: reset },
  'a token endpoint that answers 503': { token: () => status(503) },
  'a key set that is garbage': { jwks: invalidJson },
  'metadata that are garbage': { discovery: invalidJson },
};

test('R05 RF-01 RF-05 TK-07 TK-10 bad weather at the provider, under load at three replicas: no 401, no token spent twice, and all is well after it', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startReplicas(t, 3, redis.url, { gateway: { providerConfig: { timeout: '4s' } } });
  const { provider, gateways } = world;
  Object.assign(provider.settings, { rotation: 'rotate-revoke-on-reuse', accessTokenLifetime: 1_200 });
  const cookies: string[] = [];
  for (let n = 0; n < USERS; n += 1) {
    const browser = world.gateway.browser();
    assert.equal((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
    cookies.push(browser.cookieHeader('/'));
  }
  const seen = new Map<string, Set<number>>();
  let weather = '';
  let over = false;
  const user = async (cookie: string, n: number) => {
    for (let turn = n; !over; turn += 1) {
      const now = weather;
      const { status: code } = await world.requestAt(gateways[turn % 3] ?? world.gateway, cookie);
      seen.set(now, (seen.get(now) ?? new Set()).add(code));
      await sleep(20);
    }
  };
  const users = Promise.all(cookies.map(user));
  for (const [name, hooks] of Object.entries(WEATHERS)) {
    weather = name;
    provider.rotateKeys();
    Object.assign(provider.behaviour, hooks);
    await sleep(WEATHER_MS);
    provider.resetBehaviour();
    provider.settings.accessTokenLifetime = 1_200;
    weather = 'between';
    const codes = async () => {
      const calls = await Promise.all(cookies.map((cookie) => world.requestAt(world.gateway, cookie)));
      return calls.map(({ status: code }) => code);
    };
    const settled = await until(async () => {
      const all = await codes();
      return all.some((code) => code === 401) || all.every((code) => code === 200) ? all : undefined;
    });
    assert.deepEqual([...new Set(settled)], [200], name);
  }
  over = true;
  await users;
  for (const [name, codes] of seen)
    assert.deepEqual(
      [...codes].filter((code) => code !== 200 && code !== 503),
      [],
      name,
    );
  assert.ok(seen.get('a token endpoint that hangs')?.has(503), 'the weather was felt');
  const spent = provider.refreshRequests().filter((call) => call.status === 200);
  const tokens = spent.map(({ params }) => params.get('refresh_token'));
  assert.ok(tokens.length > USERS, `${tokens.length} renewals`);
  assert.equal([...provider.grants].filter(({ revoked }) => revoked).length, 0, 'no token was spent twice');
  const page = await world.gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app');
});

/** Limits set by the provider: a session ends with its refresh token, and at the session_expiry of the ID token. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oauthError } from '../support/provider-faults.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const MINUTE_MS = 60_000;
const sessionKeys = (keys: string[]) => keys.filter((key) => /:(session|tokens)$/.test(key));

test('SE-06 after the provider refuses the refresh token, the next request gets 401 and Redis holds no record of the session', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  world.provider.settings.accessTokenLifetime = 1_000;
  await world.signIn();
  const signedIn = Date.now();
  assert.equal(sessionKeys(await redis.keys()).length, 2);
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.behaviour.token = () => oauthError('invalid_grant');
  assert.equal((await world.api()).status, 401);
  assert.deepEqual(sessionKeys(await redis.keys()), []);
  assert.equal(world.upstream.requests.length, 0);
});

/** Signs in with an ID token whose session_expiry is `milliseconds` from now. */
async function signInWithExpiry(world: World, milliseconds: number) {
  world.provider.behaviour.idToken = (draft) => ({
    ...draft,
    claims: { ...draft.claims, session_expiry: Math.floor((Date.now() + milliseconds) / 1000) },
  });
  return await world.browser.navigate('/login?returnTo=/app');
}

test('SE-06 session_expiry of the ID token ends the session, even if it is active and the configuration allows more', async (t) => {
  let clockOffset = 0;
  const world = await startWorld(t, { gateway: { clock: () => Date.now() + clockOffset } });
  assert.equal((await signInWithExpiry(world, 10 * MINUTE_MS)).url.pathname, '/app');
  const { expiresAt } = await world.session();
  assert.ok(Math.abs(Date.parse(String(expiresAt)) - Date.now() - 10 * MINUTE_MS) < 10_000, String(expiresAt));
  clockOffset = 9 * MINUTE_MS;
  assert.equal((await world.api()).status, 200);
  clockOffset = 10 * MINUTE_MS + 1_000;
  assert.equal((await world.api()).status, 401);
});

test('SE-06 session_expiry never extends a session, and one in the past fails the sign-in', async (t) => {
  const world = await startWorld(t);
  assert.equal((await signInWithExpiry(world, 30 * 24 * 60 * MINUTE_MS)).url.pathname, '/app');
  const { expiresAt } = await world.session();
  assert.ok(Date.parse(String(expiresAt)) <= Date.now() + 8 * 60 * MINUTE_MS);
  const other = await startWorld(t);
  const page = await signInWithExpiry(other, -MINUTE_MS);
  assert.equal(page.status, 502);
  assert.equal((await other.browser.fetch('/api/x', { headers: CSRF })).status, 401);
});

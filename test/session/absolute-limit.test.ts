/** A session never outlives what the provider allows: a dead refresh token, or a limit in the ID token. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oauthError } from '../support/provider-lies.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const MINUTE = 60_000;
const ofSession = (keys: string[]) => keys.filter((key) => /:(session|tokens)$/.test(key));

test('SE-06 a refresh token that died at the provider: the next call is 401, and nothing of the session is left in Redis', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const world = await startWorld(t, { gateway: { redisUrl: redis.url } });
  world.provider.settings.accessTokenLifetime = 1_000;
  await world.signIn();
  const signedIn = Date.now();
  assert.equal(ofSession(await redis.keys()).length, 2);
  await until(() => Date.now() - signedIn > 1_000);
  world.provider.behaviour.token = () => oauthError('invalid_grant');
  assert.equal((await world.api()).status, 401);
  assert.deepEqual(ofSession(await redis.keys()), []);
  assert.equal(world.upstream.requests.length, 0);
});

/** Signs in with a limit of so many milliseconds from now in the ID token. */
async function signInUntil(world: World, milliseconds: number) {
  world.provider.behaviour.idToken = (draft) => ({
    ...draft,
    claims: { ...draft.claims, session_expiry: Math.floor((Date.now() + milliseconds) / 1000) },
  });
  return await world.browser.navigate('/login?returnTo=/app');
}

test('SE-06 session_expiry of the ID token ends the session, whatever the configuration allows and however active it is', async (t) => {
  let ahead = 0;
  const world = await startWorld(t, { gateway: { clock: () => Date.now() + ahead } });
  assert.equal((await signInUntil(world, 10 * MINUTE)).url.pathname, '/app');
  const { expiresAt } = await world.session();
  assert.ok(Math.abs(Date.parse(String(expiresAt)) - Date.now() - 10 * MINUTE) < 10_000, String(expiresAt));
  ahead = 9 * MINUTE;
  assert.equal((await world.api()).status, 200);
  ahead = 10 * MINUTE + 1_000;
  assert.equal((await world.api()).status, 401);
});

test('SE-06 it lengthens nothing, and one that is over signs nobody in', async (t) => {
  const world = await startWorld(t);
  assert.equal((await signInUntil(world, 30 * 24 * 60 * MINUTE)).url.pathname, '/app');
  const { expiresAt } = await world.session();
  assert.ok(Date.parse(String(expiresAt)) <= Date.now() + 8 * 60 * MINUTE);
  const fresh = await startWorld(t);
  const page = await signInUntil(fresh, -MINUTE);
  assert.equal(page.status, 502);
  assert.equal((await fresh.browser.fetch('/api/x', { headers: CSRF })).status, 401);
});

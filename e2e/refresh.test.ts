/** Expired access tokens: refreshed once, with rotation, without the browser's knowledge. */
import assert from 'node:assert/strict';
import { apiRequest, signIn, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const LIFETIME = 10;
const world = await startWorld({
  name: 'refresh',
  attributes: { 'access.token.lifespan': `${LIFETIME}` },
});
const { admin, api, browser } = world;

/** How many refreshes Keycloak has received, successful and refused. */
async function refreshes() {
  const [good, refused] = await Promise.all([
    admin.events('REFRESH_TOKEN', 'bff-gateway'),
    admin.events('REFRESH_TOKEN_ERROR', 'bff-gateway'),
  ]);
  return { good: good.length, refused: refused.length };
}

browser.test('R04 short-lived tokens do not cause a refresh per request', async (page) => {
  const before = await refreshes();
  await signIn(page, world);
  const responses = await Promise.all(Array.from({ length: 20 }, () => apiRequest(page, '/api/orders')));
  assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(responses.map(({ body }) => body.jti)).size, 1);
  assert.deepEqual(await refreshes(), before);
});

browser.test(
  'an expired access token is refreshed before the request, twice, with rotated refresh tokens',
  async (page) => {
    const before = await refreshes();
    await signIn(page, world);
    const seen = new Set<unknown>();
    for (const round of [0, 1, 2]) {
      const { status, body } = await apiRequest(page, '/api/orders');
      assert.equal(status, 200);
      assert.equal(body.user, 'alice');
      seen.add(body.jti);
      assert.equal(seen.size, round + 1, 'a new access token each time');
      const { exp = 0 } = api.lastRequest('/api/orders').claims ?? {};
      assert.ok(exp * 1000 > Date.now(), 'valid when the API got it');
      if (round < 2) await untilTokenExpired(world, '/api/orders');
    }
    assert.deepEqual(await refreshes(), { good: before.good + 2, refused: before.refused });
    const profile = await apiRequest(page, '/profile');
    assert.equal(profile.body.preferred_username, 'alice');
  },
);

browser.test('R01 five tabs that resume with an expired token cause one refresh', async (page, context) => {
  await signIn(page, world);
  await apiRequest(page, '/api/orders');
  const tabs = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const tab = await context.newPage();
      await tab.goto(world.publicUrl);
      return tab;
    }),
  );
  await untilTokenExpired(world, '/api/orders');
  const before = await refreshes();
  const responses = await Promise.all(
    tabs.flatMap((tab) => [apiRequest(tab, '/api/orders'), apiRequest(tab, '/api/orders')]),
  );
  assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(responses.map(({ body }) => body.jti)).size, 1);
  assert.deepEqual(await refreshes(), { good: before.good + 1, refused: before.refused });
});

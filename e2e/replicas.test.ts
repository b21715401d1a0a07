/** Three gateway processes, one Redis, and a Keycloak that ends the session when a refresh token is reused. */
import assert from 'node:assert/strict';
import { cookieHeader, requestWithCookie, signIn, signOut, until, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({
  name: 'replicas',
  replicas: 3,
  attributes: { 'access.token.lifespan': '10' },
});
const { admin, browser, gateways } = world;
const PATH = '/api/orders';

async function count(type: string): Promise<number> {
  return (await admin.events(type, 'bff-gateway')).length;
}

/** A hundred concurrent requests, spread over the three processes. */
async function burst(cookie: string) {
  const responses = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      requestWithCookie(cookie, world, PATH, gateways[index % gateways.length]?.port),
    ),
  );
  const statuses = responses.map(({ status }) => status);
  assert.deepEqual(
    statuses,
    Array.from({ length: 100 }, () => 200),
  );
  const tokens = new Set(responses.map(({ body }) => body.jti));
  assert.equal(tokens.size, 1, 'all calls carry the one new token');
  return [...tokens][0];
}

browser.test(
  'R01 R02 a hundred requests over three processes at token expiry cause one refresh, repeatedly',
  async (page, context) => {
    // Behind the balancer the sign-in starts at one process and ends at another.
    await signIn(page, world);
    const cookie = await cookieHeader(context, world);
    const seen = new Set([(await requestWithCookie(cookie, world, PATH)).body.jti]);
    const before = { good: await count('REFRESH_TOKEN'), refused: await count('REFRESH_TOKEN_ERROR') };
    for (const round of [1, 2]) {
      await untilTokenExpired(world, PATH);
      seen.add(await burst(cookie));
      assert.equal(seen.size, round + 1, 'a token that was not there before');
      assert.equal(await count('REFRESH_TOKEN'), before.good + round);
    }
    assert.equal(await count('REFRESH_TOKEN_ERROR'), before.refused);
  },
);

browser.test('SE-07 a sign-out at one process ends the session at all within a second', async (page, context) => {
  await signIn(page, world);
  const cookie = await cookieHeader(context, world);
  const statuses = () =>
    Promise.all(gateways.map(async ({ port }) => (await requestWithCookie(cookie, world, PATH, port)).status));
  assert.deepEqual(await statuses(), [200, 200, 200]);
  await signOut(page, world);
  await until('401 everywhere', async () => (await statuses()).every((status) => status === 401), 1);
});

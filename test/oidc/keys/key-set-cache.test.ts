/** The cache of the provider's signing keys: rotated, withdrawn, unavailable, and requested by made-up key ids. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hang, status } from '../../support/provider-faults.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../../support/world.ts';

/** A world whose gateway's clock can be advanced. */
async function startTimedWorld(t: TestContext, gateway: WorldOptions['gateway'] = {}) {
  let ahead = 0;
  const world = await startWorld(t, { gateway: { ...gateway, clock: () => Date.now() + ahead } });
  const advance = (ms: number) => {
    ahead += ms;
  };
  return { world, advance };
}

/** A world whose gateway's clock stands still until it is advanced. */
async function startFrozenWorld(t: TestContext) {
  let now = Date.now();
  const world = await startWorld(t, { gateway: { clock: () => now } });
  const advance = (ms: number) => {
    now += ms;
  };
  return { world, advance };
}

/** Whether a sign-in with a new browser succeeds. */
async function signsIn({ gateway }: World): Promise<boolean> {
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  return (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;
}

const FRESH_MS = 300_000;

for (const [name, response] of Object.entries({ 'returns 503': () => status(503), hangs: hang })) {
  test(`TK-07 a stale key set whose endpoint ${name}: known keys still verify`, async (t) => {
    const { world, advance } = await startTimedWorld(t, { providerConfig: { timeout: '3s' } });
    assert.equal(await signsIn(world), true);
    world.provider.clearRequests();
    world.provider.behaviour.jwks = response;
    advance(FRESH_MS + 1_000);
    assert.equal(await signsIn(world), true);
    assert.ok(world.provider.requests.jwks.length > 0, 'the key set was requested again');
    await until(() => /the known keys stay in use/.test(world.gateway.logText()));
  });
}

test('TK-07 with the key set unavailable an unknown key fails the sign-in until the key set is back', async (t) => {
  const { world, advance } = await startTimedWorld(t);
  assert.equal(await signsIn(world), true);
  world.provider.behaviour.jwks = () => status(503);
  world.provider.rotateKeys();
  advance(2_000);
  assert.equal(await signsIn(world), false);
  world.provider.resetBehaviour();
  advance(2_000);
  assert.equal(await signsIn(world), true);
});

test('TK-07 without any key set a sign-in gets 503, and works as soon as there is one', async (t) => {
  const { world, advance } = await startTimedWorld(t);
  world.provider.behaviour.jwks = () => status(503);
  const page = await world.browser.navigate('/login');
  assert.equal(page.status, 503);
  world.provider.resetBehaviour();
  advance(2_000);
  assert.equal(await signsIn(world), true);
});

test('TK-07 DO-03 two hundred made-up key ids within a second cause one fetch, and one more a second later', async (t) => {
  const { world, advance } = await startFrozenWorld(t);
  assert.equal(await signsIn(world), true);
  advance(1_001);
  world.provider.clearRequests();
  let made = 0;
  world.provider.behaviour.idToken = (draft) => ({ ...draft, header: { ...draft.header, kid: `made-up-${made++}` } });
  const flood = async (count: number) => {
    for (let n = 0; n < count; n += 10) {
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => signsIn(world)));
      assert.ok(!outcomes.includes(true));
    }
  };
  await flood(200);
  assert.equal(made, 200);
  assert.equal(world.provider.requests.jwks.length, 1);
  advance(1_001);
  await flood(10);
  assert.equal(world.provider.requests.jwks.length, 2);
  world.provider.resetBehaviour();
  assert.equal(await signsIn(world), true, 'known keys were never affected');
});

test('TK-07 R45 ten sign-ins right after a rotation share one fetch, and all succeed', async (t) => {
  const { world, advance } = await startFrozenWorld(t);
  assert.equal(await signsIn(world), true);
  advance(1_001);
  world.provider.clearRequests();
  world.provider.rotateKeys();
  world.provider.withdrawOldKeys();
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => signsIn(world)));
  assert.ok(!outcomes.includes(false), String(outcomes));
  assert.equal(world.provider.requests.jwks.length, 1);
});

test('R45 a withdrawn key is refused when the key set is older than five minutes', async (t) => {
  const { world, advance } = await startTimedWorld(t);
  const old = world.provider.currentKey();
  assert.equal(await signsIn(world), true);
  world.provider.rotateKeys();
  world.provider.withdrawOldKeys();
  world.provider.behaviour.idToken = (draft) => ({ ...draft, key: old, header: { ...draft.header, kid: old.kid } });
  advance(FRESH_MS + 1_000);
  // On a slow machine the stale set may be used until its successor arrives.
  await until(async () => !(await signsIn(world)));
});

test('TK-07 a key set without key ids verifies tokens without one', async (t) => {
  const { world } = await startTimedWorld(t);
  world.provider.behaviour.jwks = async (_call, proceed) => {
    const response = await proceed();
    const keys = (response.json?.keys ?? []) as Record<string, unknown>[];
    return { ...response, json: { keys: keys.map(({ kid: _, ...key }) => key) } };
  };
  world.provider.behaviour.idToken = (draft) => ({ ...draft, header: { alg: draft.header.alg } });
  assert.equal(await signsIn(world), true);
});

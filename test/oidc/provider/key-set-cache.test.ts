/** The provider's signing keys over time: rotated, withdrawn, out of reach, and asked for by made-up ids. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hang, status } from '../../support/provider-faults.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../../support/world.ts';

/** A world whose gateway's clock can be put forward. */
async function startTimedWorld(t: TestContext, gateway: WorldOptions['gateway'] = {}) {
  let ahead = 0;
  const world = await startWorld(t, { gateway: { ...gateway, clock: () => Date.now() + ahead } });
  const later = (ms: number) => {
    ahead += ms;
  };
  return { world, later };
}

/** A world whose gateway has a clock that stands until it is moved. */
async function startFrozenWorld(t: TestContext) {
  let now = Date.now();
  const world = await startWorld(t, { gateway: { clock: () => now } });
  const later = (ms: number) => {
    now += ms;
  };
  return { world, later };
}

/** Whether a sign-in by a new browser ends well. */
async function signsIn({ gateway }: World): Promise<boolean> {
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  return (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;
}

const FRESH_MS = 300_000;

for (const [name, answer] of Object.entries({ 'answers 503': () => status(503), hangs: hang })) {
  test(`TK-07 an old key set whose address ${name}: known keys go on verifying`, async (t) => {
    const { world, later } = await startTimedWorld(t, { providerConfig: { timeout: '3s' } });
    assert.equal(await signsIn(world), true);
    world.provider.clearRequests();
    world.provider.behaviour.jwks = answer;
    later(FRESH_MS + 1_000);
    assert.equal(await signsIn(world), true);
    assert.ok(world.provider.requests.jwks.length > 0, 'the set was asked for again');
    assert.match(world.gateway.logText(), /the known keys stay in use/);
  });
}

test('TK-07 with the key set out of reach an unknown key signs nobody in until it is back', async (t) => {
  const { world, later } = await startTimedWorld(t);
  assert.equal(await signsIn(world), true);
  world.provider.behaviour.jwks = () => status(503);
  world.provider.rotateKeys();
  later(2_000);
  assert.equal(await signsIn(world), false);
  world.provider.resetBehaviour();
  later(2_000);
  assert.equal(await signsIn(world), true);
});

test('TK-07 with no key set at all a sign-in is an outage, and works as soon as there is one', async (t) => {
  const { world, later } = await startTimedWorld(t);
  world.provider.behaviour.jwks = () => status(503);
  const page = await world.browser.navigate('/login');
  assert.equal(page.status, 503);
  world.provider.resetBehaviour();
  later(2_000);
  assert.equal(await signsIn(world), true);
});

test('TK-07 DO-03 two hundred made-up key ids within a second cause one fetch, and one more a second later', async (t) => {
  const { world, later } = await startFrozenWorld(t);
  assert.equal(await signsIn(world), true);
  later(1_001);
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
  later(1_001);
  await flood(10);
  assert.equal(world.provider.requests.jwks.length, 2);
  world.provider.resetBehaviour();
  assert.equal(await signsIn(world), true, 'known keys were never affected');
});

test('TK-07 R45 ten sign-ins right after a rotation share one fetch, and all end well', async (t) => {
  const { world, later } = await startFrozenWorld(t);
  assert.equal(await signsIn(world), true);
  later(1_001);
  world.provider.clearRequests();
  world.provider.rotateKeys();
  world.provider.withdrawOldKeys();
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => signsIn(world)));
  assert.ok(!outcomes.includes(false), String(outcomes));
  assert.equal(world.provider.requests.jwks.length, 1);
});

test('R45 a withdrawn key is refused once the set is older than five minutes', async (t) => {
  const { world, later } = await startTimedWorld(t);
  const old = world.provider.currentKey();
  assert.equal(await signsIn(world), true);
  world.provider.rotateKeys();
  world.provider.withdrawOldKeys();
  world.provider.behaviour.idToken = (draft) => ({ ...draft, key: old, header: { ...draft.header, kid: old.kid } });
  later(FRESH_MS + 1_000);
  assert.equal(await signsIn(world), false);
});

test('TK-07 a set without key ids verifies tokens without one', async (t) => {
  const { world } = await startTimedWorld(t);
  world.provider.behaviour.jwks = async (_call, proceed) => {
    const answer = await proceed();
    const keys = (answer.json?.keys ?? []) as Record<string, unknown>[];
    return { ...answer, json: { keys: keys.map(({ kid: _, ...key }) => key) } };
  };
  world.provider.behaviour.idToken = (draft) => ({ ...draft, header: { alg: draft.header.alg } });
  assert.equal(await signsIn(world), true);
});

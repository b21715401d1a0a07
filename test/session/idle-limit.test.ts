/** The idle limit: requests extend it, also while the provider is unavailable; a session that nobody uses expires. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hang, status } from '../support/provider-faults.ts';
import type { ProviderResponse } from '../support/provider-types.ts';
import { until } from '../support/wait.ts';
import { startWorld, type World } from '../support/world.ts';

const IDLE_MS = 6_000;
const STEP_MS = 400;

/** A world with an idle limit of 6 s and access tokens of 2 s. The clocks of gateway and provider move with `advance`. */
async function startIdleWorld(t: TestContext) {
  let now = Date.now();
  const world = await startWorld(t, {
    provider: { settings: { accessTokenLifetime: 2_000 } },
    gateway: {
      clock: () => now,
      providerConfig: { timeout: '300ms' },
      config: { session: { store: { sqlite: { file: ':memory:' } }, idleTimeout: '6s' } },
    },
  });
  function advance(ms: number): void {
    now += ms;
    world.provider.settings.clockOffset = now - Date.now();
  }
  return { ...world, advance };
}

/** Sends a request every 400 ms for as long as the provider is unavailable, and returns the statuses. */
async function useFor({ advance, api }: World & { advance(ms: number): void }, ms: number): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    advance(STEP_MS);
    seen.add((await api()).status);
  }
  return seen;
}

for (const [name, respond] of Object.entries<() => ProviderResponse>({
  'returns 503': () => status(503),
  hangs: hang,
})) {
  test(`P02 a session in use does not expire while the token endpoint ${name}`, async (t) => {
    const world = await startIdleWorld(t);
    await world.signIn();
    world.provider.behaviour.token = respond;
    world.advance(2_000);
    assert.deepEqual(await useFor(world, 11_000), new Set([503]));
    world.provider.resetBehaviour();
    // The longest pause after an outage.
    await until(async () => {
      world.advance(STEP_MS);
      return (await world.api()).status === 200;
    });
  });
}

test('P02 a session that nobody uses expires while the provider is unavailable', async (t) => {
  const world = await startIdleWorld(t);
  await world.signIn();
  world.provider.behaviour.token = () => status(503);
  world.advance(2_000);
  assert.deepEqual(await useFor(world, 2 * IDLE_MS), new Set([503]));
  world.advance(IDLE_MS);
  world.provider.resetBehaviour();
  assert.equal((await world.api()).status, 401);
});

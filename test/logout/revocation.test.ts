/** Revocation at sign-out: never in the way, in the right order, and tried again until it works or is pointless. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createProvider } from '../../src/oidc/provider.ts';
import { createRevoker } from '../../src/oidc/revoke.ts';
import { newKey } from '../support/gateway.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { hang, late, oauthError, status } from '../support/provider-lies.ts';
import type { Hook } from '../support/provider-types.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const hints = (provider: Provider) => provider.calls.revocation.map(({ params }) => params.get('token_type_hint'));

const trouble: Record<string, Hook | 'down'> = {
  'answers 503': () => status(503),
  hangs: hang,
  'is slow': late(3_000),
  'is down': 'down',
};
for (const [name, hook] of Object.entries(trouble)) {
  test(`R17 LO-04 with a revocation endpoint that ${name} a sign-out takes less than a second and is complete here`, async (t) => {
    const world = await startWorld(t, { gateway: { provider_: { timeout: '1s' } } });
    let fastest = Number.POSITIVE_INFINITY;
    // The best of three: another process may hold the machine up, the gateway may not.
    for (let round = 0; round < 3; round++) {
      world.provider.behave();
      await world.signIn();
      const cookie = world.browser.cookieHeader('/');
      if (hook === 'down') await world.provider.stop();
      else world.provider.behaviour.revocation = hook;
      const began = performance.now();
      const answer = await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
      fastest = Math.min(fastest, performance.now() - began);
      assert.equal(answer.status, 200);
      const replay = await fetch(`${world.gateway.url}/api/x`, { headers: { cookie, ...CSRF } });
      assert.equal(replay.status, 401);
      if (hook === 'down') await world.provider.start();
      await world.browser.navigate(String(answer.json().location), { from: world.gateway.url });
      assert.deepEqual(world.browser.jar.all(), []);
    }
    assert.ok(fastest < 1_000, `${Math.round(fastest)} ms`);
    await until(() => /"event":"token\.revocation_failed"/.test(world.gateway.logText()));
  });
}

test('LO-04 R17 tokens of a sign-out during an outage of the provider are revoked when it is back', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  await world.provider.stop();
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await world.provider.start();
  await until(() => world.provider.calls.revocation.length === 2);
  assert.ok([...world.provider.grants].every(({ revoked }) => revoked));
});

/** The part itself, with pauses of a test's length. */
async function startRevoker(t: TestContext, retryAfter: number[]) {
  const provider = await startProvider();
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  const config = parseConfig({
    publicUrl: 'http://localhost:3000',
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: {
      issuer: provider.issuer,
      clientId: provider.client.id,
      clientSecret: provider.client.secret,
      timeout: '300ms',
    },
    development: { allowInsecureHttp: true },
  });
  const client = createProvider({ config: config.provider, allowInsecureHttp: true, log, clock: Date.now });
  const events: string[] = [];
  const revoker = createRevoker({ provider: client, log, audit: (event) => void events.push(event), retryAfter });
  t.after(async () => {
    revoker.stop();
    client.stop();
    await provider.stop();
  });
  await client.start();
  return { provider, revoker, events };
}
const TOKENS = { accessToken: 'an-access-token', refreshToken: 'a-refresh-token' };

test('LO-04 the refresh token goes first, with client authentication, and unknown tokens are no failure', async (t) => {
  const { provider, revoker, events } = await startRevoker(t, [1]);
  assert.equal(await revoker.revoke(TOKENS, 5_000), 'revoked');
  assert.deepEqual(hints(provider), ['refresh_token', 'access_token']);
  assert.deepEqual(
    provider.calls.revocation.map(({ params, status: code }) => [params.get('token'), code]),
    [
      ['a-refresh-token', 200],
      ['an-access-token', 200],
    ],
  );
  assert.deepEqual(events, ['token.revoked', 'token.revoked']);
});

test('LO-04 only what failed is tried again, as often as it takes', async (t) => {
  const { provider, revoker, events } = await startRevoker(t, [5, 5, 5, 5, 5]);
  let failures = 3;
  provider.behaviour.revocation = (call, proceed) =>
    call.params.get('token_type_hint') === 'access_token' && failures-- > 0 ? status(503) : proceed();
  assert.equal(await revoker.revoke(TOKENS, 5_000), 'pending');
  await until(() => events.filter((event) => event === 'token.revoked').length === 2);
  assert.deepEqual(hints(provider), ['refresh_token', ...Array(4).fill('access_token')]);
});

test('LO-04 it is given up in the end, and a refusal is not repeated at all', async (t) => {
  const { provider, revoker, events } = await startRevoker(t, [5, 5]);
  provider.behaviour.revocation = () => status(503);
  await revoker.revoke({ accessToken: 'an-access-token' }, 5_000);
  await until(() => events.length === 3);
  provider.behaviour.revocation = () => oauthError('unsupported_token_type');
  assert.equal(await revoker.revoke(TOKENS, 5_000), 'unsupported');
  await until(() => events.length === 5);
  // Further attempts would have come within two pauses of 5 ms; one more call takes far longer.
  provider.behave();
  assert.equal(await revoker.revoke(TOKENS, 5_000), 'revoked');
  assert.equal(events.length, 7);
});

test('LO-04 what waits ends with the gateway', async (t) => {
  const { provider, revoker, events } = await startRevoker(t, [30, 30]);
  provider.behaviour.revocation = () => status(503);
  await revoker.revoke(TOKENS, 5_000);
  revoker.stop();
  provider.behave();
  provider.clearCalls();
  const stopped = Date.now();
  await until(() => Date.now() - stopped > 100);
  assert.deepEqual(hints(provider), []);
  assert.equal(events.length, 2);
});

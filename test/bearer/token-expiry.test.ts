/** When an access token expires: the earlier of `exp` and `expires_in`, counted from the token request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import { ConfigError } from '../../src/config/validate/faults.ts';
import { alteringJson, alterJson } from '../support/provider-faults.ts';
import type { ProviderResponse } from '../support/provider-types.ts';
import { startTimedWorld } from '../support/timed-world.ts';

const MINUTE_MS = 60_000;
const accessTokens = { audience: 'orders-api' };

for (const [name, config] of Object.entries({
  'validated tokens': { accessTokens },
  'tokens that are not validated': {},
})) {
  test(`E16 ${name}: an exp that is minutes earlier than expires_in counts, and the other way round`, async (t) => {
    const settings = { accessTokenLifetime: 10 * MINUTE_MS };
    const world = await startTimedWorld(t, { provider: { settings }, gateway: { config } });
    for (const [exp, expiresIn] of [
      [2, 10],
      [10, 2],
    ] as const) {
      world.provider.behaviour.token = alteringJson({ expires_in: expiresIn * 60 });
      world.provider.behaviour.accessToken = (draft) => ({
        ...draft,
        claims: { ...draft.claims, exp: Math.floor(world.now() / 1000) + exp * 60 },
      });
      await world.signIn();
      world.provider.clearRequests();
      world.advance(MINUTE_MS);
      assert.equal((await world.api()).status, 200);
      assert.equal(world.provider.refreshRequests().length, 0);
      world.advance(MINUTE_MS);
      assert.equal((await world.api()).status, 200);
      assert.equal(world.provider.refreshRequests().length, 1);
    }
  });
}

test('E16 tokens for upstreams: an exp that is minutes earlier than expires_in counts', async (t) => {
  const world = await startTimedWorld(t, {
    routes: (upstream) => [
      {
        path: '/api/own/**',
        upstream,
        upstreamToken: { clientCredentials: { audience: 'a' } },
        rules: [{ token: 'user' }],
      },
      { path: '/api/x/**', upstream, upstreamToken: { exchange: { audience: 'b' } }, rules: [{ token: 'user' }] },
    ],
    provider: { settings: { accessTokenLifetime: 10 * MINUTE_MS } },
  });
  await world.signIn();
  world.provider.settings.accessTokenLifetime = 2 * MINUTE_MS;
  world.provider.behaviour.token = alteringJson({ expires_in: 600 });
  world.provider.clearRequests();
  const call = async () => {
    for (const path of ['/api/own/1', '/api/x/1']) assert.equal((await world.api(path)).status, 200);
    return world.provider.requests.token.length;
  };
  assert.equal(await call(), 2);
  world.advance(MINUTE_MS);
  assert.equal(await call(), 2);
  world.advance(MINUTE_MS);
  assert.equal(await call(), 4);
});

test('E16 the lifetime starts when the token request is sent: a slow response does not prolong it', async (t) => {
  const world = await startTimedWorld(t, {
    provider: { settings: { accessTokenFormat: 'opaque', accessTokenLifetime: MINUTE_MS } },
  });
  world.provider.behaviour.token = async (_call, proceed): Promise<ProviderResponse> => {
    const response = await proceed();
    world.advance(40_000);
    return alterJson(response, { expires_in: 60 });
  };
  await world.signIn();
  for (const expected of [1, 2]) {
    world.advance(19_500);
    assert.equal((await world.api()).status, 200);
    assert.equal(world.provider.refreshRequests().length, expected);
  }
});

test('E16 accessTokens.provider.kind stops the start: provider.kind is the only one', () => {
  const base = {
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPo' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'secret' },
    session: { store: { sqlite: { file: ':memory:' } } },
  };
  const further = { issuer: 'https://other.example.com', kind: 'keycloak' };
  parseConfig({ ...base, accessTokens: { ...accessTokens, issuers: [further] } } as never);
  assert.throws(
    () => parseConfig({ ...base, accessTokens: { ...accessTokens, provider: { kind: 'keycloak' } } } as never),
    (error) => error instanceof ConfigError && error.faults.some(({ path }) => path === 'accessTokens.provider.kind'),
  );
});

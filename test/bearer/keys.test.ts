/** Key rotation of issuers, and several issuers side by side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSigningKey } from '../support/keys.ts';
import { startProvider } from '../support/provider.ts';
import { status } from '../support/provider-faults.ts';
import { accessToken, createAccessToken, head } from '../support/tokens.ts';
import { until } from '../support/wait.ts';
import { startBearerWorld } from './world.ts';

const FRESH_MS = 300_000;
const CACHE_MS = 60_000;
const PAUSE_MS = 1_001;

test('R45 TK-07 a new key is accepted without a restart, also right after a fetch', async (t) => {
  const { provider, call, advance } = await startBearerWorld(t);
  assert.equal((await call(accessToken(provider))).status, 200);
  advance(PAUSE_MS);
  provider.rotateKeys();
  assert.equal((await call(accessToken(provider))).status, 200);
});

test('R45 tokens of a withdrawn key are refused after the documented time', async (t) => {
  const { provider, call, advance, now } = await startBearerWorld(t);
  const old = accessToken(provider, { exp: Math.floor(now() / 1000) + 86_400 });
  assert.equal((await call(old)).status, 200);
  provider.rotateKeys();
  provider.withdrawOldKeys();
  advance(FRESH_MS + CACHE_MS + 1_000);
  // On a slow machine the stale set may be used until its successor arrives. No verification of it is cached meanwhile.
  await until(async () => {
    advance(CACHE_MS);
    return (await call(old)).status === 401;
  });
  assert.equal((await call(accessToken(provider, {}, undefined, now()))).status, 200);
});

test('TK-07 DO-03 a flood of unknown key ids does not reach the provider; the known key still verifies', async (t) => {
  const { provider, call, advance } = await startBearerWorld(t);
  assert.equal((await call(accessToken(provider))).status, 200);
  advance(PAUSE_MS);
  provider.clearRequests();
  for (let round = 0; round < 10; round += 1)
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const response = await call(accessToken(provider, {}, head({ kid: `made-up-${round}-${n}` })));
        assert.equal(response.status, 401);
      }),
    );
  assert.ok(provider.requests.jwks.length <= 15, `${provider.requests.jwks.length} fetches for 1000 key ids`);
  assert.equal((await call(accessToken(provider))).status, 200);
});

test('TK-07 with the key set unavailable known keys still verify, unknown ones do not', async (t) => {
  const { provider, call, advance, now } = await startBearerWorld(t);
  assert.equal((await call(accessToken(provider))).status, 200);
  provider.behaviour.jwks = () => status(503);
  advance(FRESH_MS + 1_000);
  assert.equal((await call(accessToken(provider, {}, undefined, now()))).status, 200);
  provider.rotateKeys();
  advance(PAUSE_MS);
  assert.equal((await call(accessToken(provider, {}, undefined, now()))).status, 401);
});

test('R12 without any key set a token is neither accepted nor refused: 503', async (t) => {
  const { provider, call } = await startBearerWorld(t);
  provider.behaviour.jwks = () => status(503);
  const response = await call(accessToken(provider));
  assert.equal(response.status, 503);
  provider.resetBehaviour();
  assert.equal((await call(accessToken(provider))).status, 200);
});

test('RS-05 a verified token is cached for the configured time, and no longer than until it expires', async (t) => {
  const { provider, call, advance, now } = await startBearerWorld(t);
  const exp = Math.ceil(now() / 1000) + 10;
  const token = accessToken(provider, { exp });
  assert.equal((await call(token)).status, 200);
  advance((exp + 30) * 1000 - 1 - now());
  assert.equal((await call(token)).status, 200, 'within the tolerance of 30 s');
  advance(1);
  assert.equal((await call(token)).status, 401);
});

test('several issuers: each verified with its own keys, and one subject at two issuers is two users', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const { provider, call, upstream } = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
    routes: [
      { path: '/api/own/**', rules: [{ token: 'user', claims: { iss: { equals: 'unused' } } }] },
      { path: '/api/**', claimHeaders: { 'X-Who': 'sub', 'X-From': 'iss' }, rules: [{ token: 'user' }] },
    ],
  });
  assert.equal((await call(accessToken(other))).status, 200);
  assert.equal(decodeURIComponent(upstream.requests.at(-1)?.header('x-from') ?? ''), other.issuer);
  assert.equal((await call(accessToken(provider))).status, 200);
  assert.equal(decodeURIComponent(upstream.requests.at(-1)?.header('x-from') ?? ''), provider.issuer);
  const crossed = [
    createAccessToken({ issuer: other.issuer, key: provider.currentKey() }),
    createAccessToken({ issuer: provider.issuer, key: other.currentKey() }),
    createAccessToken({ issuer: 'https://third.example', key: other.currentKey() }),
    createAccessToken({ issuer: other.issuer, key: createSigningKey('RS256', other.currentKey().kid) }),
  ];
  for (const token of crossed) assert.equal((await call(token)).status, 401);
});

test('an issuer that is down affects neither the start nor the tokens of other issuers', async (t) => {
  const other = await startProvider();
  await other.stop();
  const { provider, call } = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  assert.equal((await call(accessToken(provider))).status, 200);
  assert.equal((await call(accessToken(other))).status, 503);
});

test('an issuer without sign-ins needs only a key set', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  other.behaviour.metadata = ({ issuer, jwks_uri }) => ({ issuer, jwks_uri });
  const { call } = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  assert.equal((await call(accessToken(other))).status, 200);
});

test('the subjects of an issuer are configurable, and a token that contradicts them counts as neither', async (t) => {
  const { provider, call } = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', provider: { subjects: 'clients' } },
  });
  assert.equal((await call(accessToken(provider, { sub: 'job', client_id: 'job' }))).status, 200);
  assert.equal(
    (await call(accessToken(provider, { client_id: undefined }))).status,
    200,
    'an unknown subject is the configured one',
  );
  assert.equal((await call(accessToken(provider))).status, 403);
});

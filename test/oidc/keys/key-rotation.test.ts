/** Signing keys that change or fail: rotation without a new key id, key sets that hang, are empty or broken. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BearerWorld, startBearerWorld } from '../../bearer/world.ts';
import { createSigningKey, type SigningKey, type TokenDraft } from '../../support/keys.ts';
import { createLogoutToken, postLogoutToken } from '../../support/logout-tokens.ts';
import { delayed, hang, invalidJson, json, status } from '../../support/provider-faults.ts';
import { accessToken } from '../../support/tokens.ts';
import { until } from '../../support/wait.ts';
import { CSRF } from '../../support/world.ts';

const PAUSE_MS = 1_001;
const FRESH_MS = 300_000;
const DAY_MS = 86_400_000;

/** A world whose clock stands still, with a signed-in browser and a key set that was fetched more than a second ago. */
async function startSignedIn(t: TestContext, timeout = '5s'): Promise<BearerWorld> {
  const world = await startBearerWorld(t, {
    providerConfig: { timeout, clockTolerance: '5m' },
    routes: [{ path: '/api/**', rules: [{ token: 'user' }] }],
  });
  await world.signIn();
  /** Advances the clocks of gateway and provider. */
  function advance(ms: number): void {
    world.advance(ms);
    world.provider.settings.clockOffset += ms;
  }
  advance(PAUSE_MS);
  return { ...world, advance };
}

/** Replaces the signing key by one with the same key id. */
function rotateInPlace({ provider }: BearerWorld): void {
  const { kid } = provider.currentKey();
  const next = provider.rotateKeys();
  Object.assign(next, { kid, publicJwk: { ...next.publicJwk, kid } });
  provider.withdrawOldKeys();
}

/** Makes the provider publish and sign without key ids. `rotate` adds a key and keeps the old one. */
function withoutKeyIds({ provider }: BearerWorld) {
  const strip = (draft: TokenDraft) => ({ ...draft, header: { ...draft.header, kid: undefined } });
  provider.behaviour.jwks = async (_call, proceed) => {
    const { keys } = (await proceed()).json as { keys: Record<string, unknown>[] };
    return json({ keys: keys.map(({ kid: _, ...key }) => key) });
  };
  provider.behaviour.idToken = strip;
  provider.behaviour.accessToken = strip;
}
const noKid = (draft: TokenDraft) => void Reflect.deleteProperty(draft.header, 'kid');

async function signsIn({ gateway }: BearerWorld): Promise<boolean> {
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  return (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;
}

const USES: Record<string, (world: BearerWorld) => Promise<void>> = {
  'a sign-in': async (world) => assert.equal(await signsIn(world), true),
  async 'a refresh'(world) {
    world.advance(world.provider.settings.accessTokenLifetime);
    const before = await world.browser.fetch('/profile', { headers: CSRF });
    world.provider.next.nextUser.claims.refreshed = true;
    assert.equal((await world.api()).status, 200);
    assert.equal(world.provider.refreshRequests().length, 1);
    const after = await world.browser.fetch('/profile', { headers: CSRF });
    Reflect.deleteProperty(world.provider.next.nextUser.claims, 'refreshed');
    assert.deepEqual(
      [before.json().refreshed, after.json().refreshed],
      [undefined, true],
      'the new ID token is stored',
    );
    assert.equal((await world.session()).authenticated, true);
  },
  async 'a bearer token'(world) {
    const change = world.provider.behaviour.idToken ? noKid : undefined;
    assert.equal((await world.call(accessToken(world.provider, {}, change, world.now()))).status, 200);
  },
  async 'a logout token'(world) {
    const change = world.provider.behaviour.idToken ? noKid : undefined;
    const token = createLogoutToken(world.provider, { sub: 'user-alice' }, change, world.now());
    assert.equal((await postLogoutToken(world.gateway.url, token)).status, 200);
    assert.equal((await world.session()).authenticated, false);
  },
};

for (const [name, use] of Object.entries(USES)) {
  test(`E18 ${name} after a key rotation under the same key id: one fetch, then success`, async (t) => {
    const world = await startSignedIn(t);
    rotateInPlace(world);
    world.provider.clearRequests();
    await use(world);
    assert.equal(world.provider.requests.jwks.length, 1);
  });

  test(`E18 ${name} after a key rotation without key ids: one fetch, then success, with the old key still published`, async (t) => {
    const world = await startSignedIn(t);
    withoutKeyIds(world);
    // The gateway knows the set without key ids before the rotation.
    world.advance(FRESH_MS);
    await until(() => signsIn(world));
    world.advance(PAUSE_MS);
    world.provider.rotateKeys();
    world.provider.clearRequests();
    await use(world);
    assert.equal(world.provider.requests.jwks.length, 1);
  });
}

test('E18 a flood of tokens with a forged signature under the known key id causes one fetch per second', async (t) => {
  const world = await startSignedIn(t);
  world.provider.clearRequests();
  const forged = () => {
    const { kid } = world.provider.currentKey();
    return accessToken(
      world.provider,
      {},
      (draft) => void Object.assign(draft, { key: FORGED, header: { ...draft.header, kid } }),
    );
  };
  for (let n = 0; n < 50; n += 1) assert.equal((await world.call(forged())).status, 401);
  assert.equal(world.provider.requests.jwks.length, 1);
  world.advance(PAUSE_MS);
  assert.equal((await world.call(forged())).status, 401);
  assert.equal(world.provider.requests.jwks.length, 2);
  assert.equal((await world.call(accessToken(world.provider, {}, undefined, world.now()))).status, 200);
});
const FORGED = createSigningKey();

test('E18 a refresh whose ID token cannot be verified yet keeps the session, one that is forged ends it', async (t) => {
  const world = await startSignedIn(t);
  world.provider.behaviour.idToken = (draft) => ({ ...draft, key: { ...FORGED, kid: draft.key.kid } });
  world.advance(world.provider.settings.accessTokenLifetime);
  world.provider.behaviour.jwks = () => status(503);
  assert.equal((await world.api()).status, 200);
  world.provider.behaviour.jwks = undefined;
  world.advance(world.provider.settings.accessTokenLifetime);
  assert.equal((await world.api()).status, 401);
});

const jwkOf = (key: SigningKey) => ({ ...key.publicJwk }) as Record<string, unknown>;
const BROKEN: Record<string, (key: SigningKey) => ReturnType<typeof json>> = {
  'an empty set': () => json({ keys: [] }),
  'no list': () => json({}),
  'null in place of a list': () => json({ keys: null }),
  'entries that are not objects': () => json({ keys: [null, 'key', 7] }),
  'a page': invalidJson,
  'only encryption keys': (key) => json({ keys: [{ ...jwkOf(key), use: 'enc' }] }),
  'only keys that may not verify': (key) => json({ keys: [{ ...jwkOf(key), key_ops: ['encrypt'] }] }),
  'only symmetric keys': () => json({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }),
  'keys without their numbers': (key) => json({ keys: [{ kty: 'RSA', kid: key.kid, use: 'sig' }] }),
  'a 204': () => status(204),
};
for (const [name, respond] of Object.entries(BROKEN)) {
  test(`E18 a key set that holds ${name} does not replace a good one`, async (t) => {
    const world = await startSignedIn(t);
    const key = world.provider.currentKey();
    world.provider.behaviour.jwks = () => respond(key);
    world.advance(FRESH_MS);
    world.provider.clearRequests();
    const call = async () => (await world.call(accessToken(world.provider, {}, undefined, world.now()))).status;
    assert.equal(await call(), 200);
    await until(() => /failed to fetch the key set; the known keys stay in use/.test(world.gateway.logText()));
    assert.equal(await call(), 200);
    assert.equal(world.provider.requests.jwks.length, 1);
  });
}

test('E18 keys that are unusable do not spoil the usable one beside them, and null members count as absent', async (t) => {
  const world = await startSignedIn(t);
  const next = world.provider.rotateKeys();
  const good = { ...jwkOf(next), use: null, key_ops: null, alg: null };
  world.provider.behaviour.jwks = () =>
    json({ keys: [null, { kty: 'RSA', kid: next.kid }, { kty: 'new', kid: next.kid }, good] });
  assert.equal((await world.call(accessToken(world.provider))).status, 200);
  assert.equal(await signsIn(world), true);
});

test('E09 the key set endpoint hangs and the set is stale: requests with known keys do not wait for it', async (t) => {
  const world = await startSignedIn(t, '60s');
  world.provider.behaviour.jwks = hang;
  world.advance(FRESH_MS);
  world.provider.clearRequests();
  const call = () => world.call(accessToken(world.provider, {}, undefined, world.now()));
  // None of them could end before the fetch does, which takes a minute.
  const startedAt = performance.now();
  for (let n = 0; n < 20; n += 1) assert.equal((await call()).status, 200);
  assert.ok(performance.now() - startedAt < 30_000);
  assert.equal(world.provider.requests.jwks.length, 1, 'it is fetched once, in the background');
});

test('E09 a stale set is used while the endpoint fails, for a day; then tokens get 503 until it is back', async (t) => {
  const world = await startSignedIn(t);
  world.provider.behaviour.jwks = () => status(503);
  const call = async () => (await world.call(accessToken(world.provider, {}, undefined, world.now()))).status;
  for (const passed of [FRESH_MS, DAY_MS / 2, DAY_MS / 2 - 2 * FRESH_MS]) {
    world.advance(passed);
    assert.equal(await call(), 200);
  }
  world.advance(2 * FRESH_MS);
  assert.equal(await call(), 503);
  world.provider.behaviour.jwks = undefined;
  assert.equal(await call(), 200);
});

test('E09 a slow key set endpoint: the stale set is used once, and the new one as soon as it arrives', async (t) => {
  const world = await startSignedIn(t);
  const old = world.provider.currentKey();
  world.provider.rotateKeys();
  world.provider.withdrawOldKeys();
  world.provider.behaviour.jwks = delayed(1_000);
  world.advance(FRESH_MS);
  const withdrawn = () =>
    accessToken(
      world.provider,
      {},
      (draft) => void Object.assign(draft, { key: old, header: { ...draft.header, kid: old.kid } }),
      world.now(),
    );
  assert.equal((await world.call(withdrawn())).status, 200);
  await until(async () => (await world.call(withdrawn())).status === 401);
});

test('P09 a JWT with padding is refused, in each part, as a bearer token and as a logout token', async (t) => {
  const world = await startSignedIn(t);
  const token = accessToken(world.provider, {}, undefined, world.now());
  assert.equal((await world.call(token)).status, 200);
  const padded = (jwt: string) => {
    const parts = jwt.split('.');
    return [...parts.keys()].flatMap((at) =>
      ['=', '=='].map((end) => parts.map((part, index) => (index === at ? part + end : part)).join('.')),
    );
  };
  const signedPadded = accessToken(world.provider, {}, undefined, world.now());
  for (const changed of padded(signedPadded))
    assert.ok([400, 401].includes((await world.call(changed)).status), changed.slice(-4));
  const logout = createLogoutToken(world.provider, { sub: 'user-alice' }, undefined, world.now());
  for (const changed of padded(logout)) assert.equal((await postLogoutToken(world.gateway.url, changed)).status, 400);
  assert.equal((await world.session()).authenticated, true);
});

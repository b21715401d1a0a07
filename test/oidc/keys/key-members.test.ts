/** Optional members of keys and tokens: null, empty or of another type, they count as absent. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startBearerWorld } from '../../bearer/world.ts';
import { createSigningKey } from '../../support/keys.ts';
import { json } from '../../support/provider-faults.ts';
import { accessToken } from '../../support/tokens.ts';
import { CSRF } from '../../support/world.ts';

/** A world whose provider publishes its keys with other members, and others beside them. */
async function startWorld(t: TestContext, members: Record<string, unknown>, others: readonly object[] = []) {
  const world = await startBearerWorld(t, { routes: [{ path: '/api/**', rules: [{ token: 'user' }] }] });
  world.provider.behaviour.jwks = async (_call, proceed) => {
    const { keys } = (await proceed()).json as { keys: Record<string, unknown>[] };
    return json({ keys: [...others, ...keys.map((key) => ({ ...key, ...members }))] });
  };
  const signsIn = async () => {
    const browser = world.gateway.browser();
    await browser.navigate('/login?returnTo=/app');
    return (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;
  };
  return { ...world, signsIn };
}

const ABSENT: readonly Record<string, unknown>[] = [
  { use: '', alg: '', key_ops: [] },
  { use: ' ', alg: [], key_ops: '' },
  { use: 5, alg: {}, key_ops: null, x5c: [], x5t: '', x5u: '', 'x5t#S256': '' },
  { kid: '' },
  { kid: null },
  { kid: 7 },
  { kid: undefined },
];
for (const members of ABSENT) {
  test(`P01 E18 keys with ${Object.entries(members)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ')} verify`, async (t) => {
    const world = await startWorld(t, members);
    assert.equal(await world.signsIn(), true);
    assert.equal((await world.call(accessToken(world.provider, {}, undefined, world.now()))).status, 200);
  });
}

test('P01 E18 a token with a key id that no key has is verified with a key without one, and with no other', async (t) => {
  const other = createSigningKey();
  const world = await startWorld(t, { kid: undefined }, [{ ...other.publicJwk, kid: 'other' }]);
  const call = async (kid: unknown, key = world.provider.currentKey()) =>
    (
      await world.call(
        accessToken(
          world.provider,
          {},
          (draft) => void Object.assign(draft, { key, header: { ...draft.header, kid } }),
          world.now(),
        ),
      )
    ).status;
  assert.equal(await call('of-no-key'), 200);
  assert.equal(await call('other', other), 200);
  assert.equal(await call('of-no-key', other), 401);
  assert.equal(await call('of-no-key', createSigningKey()), 401);
  for (const kid of ['', null, undefined]) assert.equal(await call(kid), 200, String(kid));
});

test('P01 E18 a key for encryption, or one that may not verify, still verifies nothing', async (t) => {
  for (const members of [{ use: 'enc' }, { key_ops: ['encrypt'] }, { alg: 'RSA-OAEP' }]) {
    const world = await startWorld(t, members);
    assert.equal(await world.signsIn(), false, JSON.stringify(members));
  }
});

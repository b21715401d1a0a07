/** UserInfo: signed responses, refusals and outages at sign-in, and fresh claims at `/profile`. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createSigningKey, signToken, type TokenDraft } from '../../support/keys.ts';
import type { Provider } from '../../support/provider.ts';
import { json, oauthError, status } from '../../support/provider-faults.ts';
import type { Hook } from '../../support/provider-types.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

type ProviderConfig = NonNullable<NonNullable<Parameters<typeof startWorld>[1]>['gateway']>['providerConfig'];

/** A hook that sends UserInfo as a signed JWT; `change` is applied before signing. */
function signed(provider: Provider, change: (draft: TokenDraft) => void = () => {}): Hook {
  return async (_request, proceed) => {
    const response = await proceed();
    const key = provider.currentKey();
    const claims = { ...response.json, iss: provider.issuer, aud: provider.client.id, nickname: 'ally' };
    const draft: TokenDraft = { header: { alg: key.alg, kid: key.kid, typ: 'JWT' }, claims, key, signature: 'key' };
    change(draft);
    return { status: 200, headers: { 'content-type': 'application/jwt' }, body: signToken(draft) };
  };
}

const start = (t: TestContext, providerConfig: ProviderConfig = { userInfoInProfile: true }) =>
  startWorld(t, { gateway: { providerConfig } });

const profileOf = async ({ browser }: World) => (await browser.fetch('/profile', { headers: CSRF })).json();

test('P07 UserInfo as a signed JWT is verified and used', async (t) => {
  const world = await start(t);
  world.provider.behaviour.userinfo = signed(world.provider);
  await world.signIn();
  assert.equal((await profileOf(world)).nickname, 'ally');
});

test('P07 a signed UserInfo response with empty optional claims is used', async (t) => {
  const world = await start(t);
  for (const name of ['iss', 'aud', 'exp', 'iat', 'nbf'])
    for (const value of [null, '', []]) {
      world.provider.behaviour.userinfo = signed(world.provider, ({ claims }) =>
        Object.assign(claims, { [name]: value }),
      );
      await world.signIn();
      assert.equal((await profileOf(world)).nickname, 'ally', `${name}: ${JSON.stringify(value)}`);
    }
});

describe('P07 a signed UserInfo response with a fault fails the sign-in', () => {
  const set = (claims: Record<string, unknown>) => (draft: TokenDraft) => void Object.assign(draft.claims, claims);
  const faults: Record<string, (draft: TokenDraft) => void> = {
    'a broken signature': (draft) => void Object.assign(draft, { signature: 'broken' }),
    'signed with another key': (draft) =>
      void Object.assign(draft, { key: { ...createSigningKey('RS256'), kid: draft.header.kid } }),
    'not signed': (draft) => {
      draft.header.alg = 'none';
      draft.signature = 'none';
    },
    'HMAC with the public key': (draft) => {
      draft.header.alg = 'HS256';
      draft.signature = 'hmac-of-public-key';
    },
    'another issuer': set({ iss: 'https://evil.example' }),
    'another audience': set({ aud: 'other-client' }),
    'another user': set({ sub: 'user-bob' }),
    'no sub': set({ sub: undefined }),
    expired: set({ exp: 1 }),
  };
  for (const [name, change] of Object.entries(faults))
    test(`P07 ${name}`, async (t) => {
      const world = await start(t, { userInfo: true });
      world.provider.behaviour.userinfo = signed(world.provider, change);
      const page = await world.browser.navigate('/login');
      assert.equal(page.status, 502);
      assert.equal((await world.session()).authenticated, false);
    });
});

describe('P07 a refusal of UserInfo is no outage', () => {
  const refusals: Record<string, Hook> = {
    '401 with a challenge': () => ({
      ...oauthError('invalid_token', 401),
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    }),
    '401 without a challenge': () => status(401),
    '403': () => status(403),
  };
  for (const [name, hook] of Object.entries(refusals))
    test(`P07 ${name}: 502, the sign-in failed`, async (t) => {
      const world = await start(t, { userInfo: true });
      world.provider.behaviour.userinfo = hook;
      const page = await world.browser.navigate('/login');
      assert.equal(page.status, 502);
      assert.match(page.body, /Sign-in failed/);
    });
  for (const code of [429, 500, 503])
    test(`P07 ${code} is an outage: 503`, async (t) => {
      const world = await start(t, { userInfo: true });
      world.provider.behaviour.userinfo = () => status(code);
      assert.equal((await world.browser.navigate('/login')).status, 503);
    });
});

describe('P07 with userInfoInProfile UserInfo is read again at each refresh', () => {
  async function startExpiring(t: TestContext, providerConfig?: ProviderConfig): Promise<World> {
    const world = await start(t, providerConfig);
    world.provider.settings.accessTokenLifetime = 1_500;
    let version = 0;
    world.provider.behaviour.userinfo = async (_request, proceed) => {
      version += 1;
      return json({ ...(await proceed()).json, nickname: `name ${version}`, acr: 'forged', iss: 'forged', nonce: 'x' });
    };
    await world.signIn();
    return world;
  }
  const untilRefreshed = (world: World) =>
    until(async () => (await world.api()).status === 200 && world.provider.refreshRequests().length > 0);

  test('P07 /profile shows the new claims, but not those that only the ID token states', async (t) => {
    const world = await startExpiring(t);
    const first = await profileOf(world);
    assert.equal(first.nickname, 'name 1');
    assert.equal(first.from_userinfo, true);
    assert.equal(first.iss, world.provider.issuer);
    assert.notEqual(first.acr, 'forged');
    assert.equal(first.nonce, undefined);
    await untilRefreshed(world);
    assert.match(String((await profileOf(world)).nickname), /^name ([2-9]|\d\d)$/);
  });

  test('P07 a failure at a refresh keeps session and claims', async (t) => {
    const world = await startExpiring(t);
    world.provider.behaviour.userinfo = () => status(401);
    await untilRefreshed(world);
    assert.equal((await profileOf(world)).nickname, 'name 1');
    assert.match(world.gateway.logText(), /failed to fetch UserInfo at a refresh/);
  });

  test('P07 without the option /profile has the claims of the ID token only', async (t) => {
    const world = await startExpiring(t, { userInfo: true });
    assert.equal((await profileOf(world)).nickname, undefined);
    await untilRefreshed(world);
    assert.equal(world.provider.requests.userinfo.length, 1);
  });
});

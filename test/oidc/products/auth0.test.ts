/** Auth0, simulated: the provider contract with and without audience and logout discovery, and what only Auth0 does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expireAccessToken, type ProviderCase, providerContract, startProviderWorld } from '../../contract/provider.ts';
import { AUDIENCE, NAMESPACE, ORDERS, startAuth0 } from '../../support/auth0.ts';
import { decodeClaims } from '../../support/keys.ts';

const auth0 = {
  kind: 'auth0',
  clientAuth: 'client_secret_post',
  authorizationParams: { audience: AUDIENCE },
  scopes: ['openid', 'profile', 'email', 'offline_access', 'read:orders'],
} as const satisfies ProviderCase['provider'];

const base: ProviderCase = {
  name: 'Auth0',
  start: () => startAuth0(),
  provider: auth0,
  profile: { sub: 'auth0|66f0c0ffee', nickname: 'alice', email: 'alice@shop.test' },
  accessToken: ({ issuer, client }) => ({
    iss: issuer,
    aud: [AUDIENCE, `${issuer}userinfo`],
    azp: client.id,
    permissions: ['read:orders'],
    [`${NAMESPACE}roles`]: ['editor'],
  }),
  refresh: {},
  revoked: ['refresh_token', 'access_token'],
  signOut: {
    path: '/oidc/logout',
    params: ['client_id', 'id_token_hint', 'logout_hint', 'post_logout_redirect_uri', 'state'],
  },
};

providerContract(base);

providerContract({
  ...base,
  name: 'Auth0 with RFC 9068 tokens',
  start: () => startAuth0({ apis: { [AUDIENCE]: { ...ORDERS, dialect: 'rfc9068_profile' } } }),
  accessToken: ({ client }) => ({ client_id: client.id, azp: undefined, permissions: ['read:orders'] }),
});

providerContract({
  ...base,
  name: 'Auth0 without an audience, logout discovery off, revocation not announced',
  start: () => startAuth0({ rpLogout: false, revocation: false }),
  provider: { ...auth0, authorizationParams: {} },
  accessToken: undefined,
  revoked: [],
  signOut: { path: '/v2/logout', params: ['client_id', 'returnTo'] },
});

describe('Auth0', () => {
  test('R48 an opaque token is forwarded unchanged', async (t) => {
    const world = await startProviderWorld(t, await startAuth0(), { ...auth0, authorizationParams: {} });
    await world.signIn();
    assert.equal((await world.api()).status, 200);
    const token = String(world.upstream.requests[0]?.header('authorization')).slice('Bearer '.length);
    assert.equal(token.split('.').length, 5, 'a JWE');
    assert.ok(world.provider.secrets.has(token));
  });

  test('an unknown audience is a denied sign-in, without text of Auth0', async (t) => {
    const audience = 'https://unknown.test';
    const world = await startProviderWorld(t, await startAuth0(), { ...auth0, authorizationParams: { audience } });
    const page = await world.browser.navigate('/login');
    assert.equal(page.status, 403);
    assert.doesNotMatch(page.body, /Service not found/);
  });

  test('without Allow Offline Access there is no refresh token: the session ends when the access token expires', async (t) => {
    const apis = { [AUDIENCE]: { ...ORDERS, offline: false } };
    const world = await startProviderWorld(t, await startAuth0({ apis }), auth0);
    await expireAccessToken(world);
    assert.equal([...world.provider.grants].at(-1)?.refreshToken, undefined);
    assert.equal((await world.api()).status, 401);
    assert.equal(world.provider.refreshRequests().length, 0);
    assert.equal((await world.session()).authenticated, false);
  });

  test('TK-09 scopes that the API does not define are not granted, and the granted scope decides', async (t) => {
    const world = await startProviderWorld(t, await startAuth0(), {
      ...auth0,
      scopes: [...auth0.scopes, 'admin:orders'],
    });
    await world.signIn();
    await world.api();
    const token = String(world.upstream.requests[0]?.header('authorization')).slice('Bearer '.length);
    assert.equal(decodeClaims(token).scope, 'openid profile email offline_access read:orders');
  });

  test('a reused refresh token revokes its family, and ends the session', async (t) => {
    const world = await startProviderWorld(t, await startAuth0(), auth0);
    await expireAccessToken(world);
    const [grant] = world.provider.grants;
    const stolen = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: grant?.refreshToken ?? '',
      client_id: world.provider.client.id,
      client_secret: world.provider.client.secret,
    });
    const token = `${world.provider.issuer}oauth/token`;
    assert.equal((await fetch(token, { method: 'POST', body: stolen })).status, 200);
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
    assert.equal((await fetch(token, { method: 'POST', body: stolen })).status, 403);
  });

  test('the confirmation page of a sign-out may redirect to /v2/logout', async (t) => {
    const world = await startProviderWorld(t, await startAuth0({ rpLogout: false }), auth0);
    await world.signIn();
    const page = await world.browser.navigate('/logout', { from: world.gateway.url });
    const policy = String(page.headers['content-security-policy']);
    assert.ok(policy.includes(new URL(world.provider.issuer).origin), policy);
    const sid = /name="sid" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const left = await world.browser.navigate('/logout', { method: 'POST', form: { sid }, from: page.url.href });
    assert.equal(left.url.pathname, '/signed-out');
    assert.equal(world.provider.requests.end_session.length, 1);
  });

  test('with a landing page that is not allowed the sign-out still succeeds, and ends at Auth0', async (t) => {
    const world = await startProviderWorld(t, await startAuth0({ rpLogout: false }), auth0);
    world.provider.client.postLogoutRedirectUris.splice(0);
    await world.signIn();
    const { logoutUrl } = await world.session();
    const page = await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.equal(page.status, 400);
    assert.equal(page.url.pathname, '/v2/logout');
    assert.equal((await world.session()).authenticated, false);
  });

  test('without kind a custom domain has no /v2/logout: the sign-out ends on the page of the gateway', async (t) => {
    const { kind: _, ...generic } = auth0;
    const world = await startProviderWorld(t, await startAuth0({ rpLogout: false }), generic);
    await world.signIn();
    const { logoutUrl } = await world.session();
    const page = await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.equal(page.url.pathname, '/signed-out');
    assert.equal(world.provider.requests.end_session.length, 0);
  });
});

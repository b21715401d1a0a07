/** Entra ID, simulated: the provider contract for one tenant and for many, tokens of both versions and for Graph. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expireAccessToken, type ProviderCase, providerContract, startProviderWorld } from '../../contract/provider.ts';
import {
  API,
  API_URI,
  type EntraOptions,
  entraError,
  OTHER_TENANT,
  SCOPES,
  startEntra,
  TENANT,
  userOf,
} from '../../support/entra.ts';
import { decodeClaims } from '../../support/keys.ts';
import { createLogoutToken, postLogoutToken } from '../../support/logout-tokens.ts';
import { json } from '../../support/provider-faults.ts';
import { until } from '../../support/wait.ts';
import type { World } from '../../support/world.ts';

const entra = { kind: 'entra', clientAuth: 'client_secret_post', scopes: SCOPES } as const;
const many = { ...entra, tenants: [TENANT, OTHER_TENANT] };
const GRAPH_AUDIENCE = '00000003-0000-0000-c000-000000000000';
const origin = (issuer: string) => new URL(issuer).origin;

const base: ProviderCase = {
  name: 'Entra ID, one tenant, version 2 tokens',
  start: () => startEntra(),
  provider: entra,
  profile: { tid: TENANT, name: 'Alice Example', preferred_username: 'alice@shop.test', ver: '2.0' },
  accessToken: ({ issuer, client }) => ({
    iss: `${origin(issuer)}/${TENANT}/v2.0`,
    aud: API.clientId,
    azp: client.id,
    scp: 'orders.read',
    ver: '2.0',
  }),
  refresh: { scope: SCOPES.join(' ') },
  revoked: [],
  signOut: {
    path: `/${TENANT}/oauth2/v2.0/logout`,
    params: ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'],
  },
};

providerContract(base);

for (const authority of ['organizations', 'common']) {
  providerContract({
    ...base,
    name: `Entra ID, ${authority}, version 1 tokens`,
    start: () => startEntra({ authority, apis: { [API_URI]: { ...API, version: 1 } } }),
    provider: many,
    accessToken: ({ client }) => ({
      iss: `https://sts.windows.net/${TENANT}/`,
      aud: API_URI,
      appid: client.id,
      azp: undefined,
      scp: 'orders.read',
      ver: '1.0',
    }),
    signOut: { path: `/${authority}/oauth2/v2.0/logout`, params: base.signOut?.params ?? [] },
  });
}

const tokenOf = (world: World, index = -1) =>
  String(world.upstream.requests.at(index)?.header('authorization')).slice('Bearer '.length);

describe('Entra ID for many tenants', () => {
  const start = (options: EntraOptions = {}) => startEntra({ authority: 'organizations', ...options });

  async function signInFails(world: World): Promise<void> {
    const page = await world.browser.navigate('/login');
    assert.equal(page.status, 502);
    assert.equal((await world.session()).authenticated, false);
    assert.equal(world.upstream.requests.length, 0);
  }

  test('RS-10 users of two tenants are different users, whatever their subject', async (t) => {
    const world = await startProviderWorld(t, await start(), many);
    const issuers = [];
    for (const tenant of [TENANT, OTHER_TENANT]) {
      world.provider.next.nextUser = userOf(tenant);
      await world.signIn();
      const profile = await world.browser.fetch('/profile', { headers: { 'x-csrf': '1' } });
      issuers.push(profile.json().iss);
    }
    assert.deepEqual(
      issuers,
      [TENANT, OTHER_TENANT].map((id) => `${origin(world.provider.issuer)}/${id}/v2.0`),
    );
  });

  test('a user of a tenant that is not configured is refused, and the log names the tenant', async (t) => {
    const world = await startProviderWorld(t, await start(), { ...many, tenants: [OTHER_TENANT] });
    await signInFails(world);
    assert.match(world.gateway.logText(), new RegExp(`users of [^ ]*/${TENANT}/v2.0 may not sign in here`));
  });

  const wrong: Record<string, (claims: Record<string, unknown>) => Record<string, unknown>> = {
    'tid of a configured tenant and iss of another': (claims) => ({ ...claims, tid: OTHER_TENANT }),
    'no tid': ({ tid: _, ...claims }) => claims,
    'tid as a list': (claims) => ({ ...claims, tid: [TENANT] }),
    'the template as issuer': (claims) => ({ ...claims, iss: String(claims.iss).replace(TENANT, '{tenantid}') }),
    'organizations as issuer': (claims) => ({
      ...claims,
      iss: String(claims.iss).replace(TENANT, 'organizations'),
      tid: 'organizations',
    }),
    'an issuer of version 1': (claims) => ({ ...claims, iss: `https://sts.windows.net/${TENANT}/` }),
    'an issuer on another host': (claims) => ({ ...claims, iss: `https://evil.example/${TENANT}/v2.0` }),
    'a tenant id in upper case': (claims) => ({
      ...claims,
      tid: TENANT.toUpperCase(),
      iss: String(claims.iss).replace(TENANT, TENANT.toUpperCase()),
    }),
  };
  for (const [name, change] of Object.entries(wrong)) {
    test(`RS-10 an ID token with ${name} fails the sign-in`, async (t) => {
      const world = await startProviderWorld(t, await start(), many);
      world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: change(draft.claims) });
      await signInFails(world);
    });
  }

  test('a signing key that names one issuer signs for no other', async (t) => {
    const world = await startProviderWorld(t, await start(), many);
    const consumers = `${origin(world.provider.issuer)}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`;
    let issuer = consumers;
    world.provider.behaviour.jwks = async (_call, proceed) => {
      const response = await proceed();
      const { keys } = response.json as { keys: object[] };
      return { ...response, json: { keys: keys.map((key) => ({ ...key, issuer })) } };
    };
    await signInFails(world);
    issuer = `${origin(world.provider.issuer)}/${TENANT}/v2.0`;
    world.provider.rotateKeys();
    await until(async () => (await world.browser.navigate('/login?returnTo=/app')).url.pathname === '/app');
  });

  test('E07 a key that names one tenant signs no logout token of another', async (t) => {
    const world = await startProviderWorld(t, await start(), many);
    const issuerOf = (tenant: string) => `${origin(world.provider.issuer)}/${tenant}/v2.0`;
    let named = issuerOf(TENANT);
    world.provider.behaviour.jwks = async (_call, proceed) => {
      const { keys } = (await proceed()).json as { keys: object[] };
      return json({ keys: keys.map((key) => ({ ...key, issuer: named })) });
    };
    const logout = (tenant: string) =>
      postLogoutToken(
        world.gateway.url,
        createLogoutToken(world.provider, { iss: issuerOf(tenant), sub: userOf(tenant).sub }),
      );
    world.provider.next.nextUser = userOf(TENANT);
    await world.signIn();
    const other = await logout(OTHER_TENANT);
    assert.equal(other.status, 400);
    assert.match(await other.text(), /logout_token_refused/);
    assert.equal((await logout('9188040d-6c67-4c5b-b112-36a304b66dad')).status, 400, 'a tenant that is not configured');
    assert.equal((await world.session()).authenticated, true);
    assert.equal((await logout(TENANT)).status, 200);
    assert.equal((await world.session()).authenticated, false);
    named = issuerOf('{tenantid}');
    world.provider.rotateKeys();
    await until(async () => (await logout(OTHER_TENANT)).status === 200);
  });

  test('a multi-tenant issuer whose metadata names one tenant is refused', async (t) => {
    const running = await start();
    running.behaviour.metadata = (document) => ({ ...document, issuer: `${origin(running.issuer)}/${TENANT}/v2.0` });
    const world = await startProviderWorld(t, running, many);
    assert.equal((await world.browser.navigate('/login')).status, 503);
    assert.match(world.gateway.logText(), /organizations\/v2\.0\\", the provider announces/);
  });

  test('without kind the template is an issuer like any other: a mismatch', async (t) => {
    const { kind: _, tenants: __, ...rest } = many;
    const world = await startProviderWorld(t, await start(), rest);
    assert.equal((await world.browser.navigate('/login')).status, 503);
    assert.match(world.gateway.logText(), /\{tenantid\}/);
  });

  test('RF-06 a refresh that returns tokens of another tenant ends the session', async (t) => {
    const world = await startProviderWorld(t, await start(), many);
    await expireAccessToken(world);
    for (const grant of world.provider.grants) grant.user = userOf(OTHER_TENANT);
    assert.equal((await world.api()).status, 401);
    assert.equal((await world.session()).authenticated, false);
  });
});

describe('Entra ID', () => {
  test('R48 without a scope of an API the token is for Graph: it cannot be verified, and is forwarded unchanged', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), {
      ...entra,
      scopes: ['openid', 'profile', 'offline_access'],
    });
    await world.signIn();
    assert.equal((await world.api()).status, 200);
    assert.ok(world.provider.secrets.has(tokenOf(world)));
    assert.equal(decodeClaims(tokenOf(world)).aud, GRAPH_AUDIENCE);
  });

  test('R50 without scopeOnRefresh a refresh returns a token for Graph', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), { ...entra, scopeOnRefresh: false });
    await expireAccessToken(world);
    await world.api();
    assert.equal(decodeClaims(tokenOf(world)).aud, GRAPH_AUDIENCE);
  });

  test('an unknown scope fails the sign-in, without text of Entra ID', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), {
      ...entra,
      scopes: ['openid', `${API_URI}/nothing`],
    });
    const page = await world.browser.navigate('/login');
    assert.equal(page.status, 502);
    assert.doesNotMatch(page.body + world.gateway.logText(), /canary-error-description/);
    assert.match(world.gateway.logText(), /invalid_scope/);
  });

  for (const [error, code] of Object.entries({
    invalid_grant: 50173,
    interaction_required: 50076,
    consent_required: 65001,
  })) {
    test(`${error} (AADSTS${code}) at a refresh ends the session: only a new sign-in helps`, async (t) => {
      const world = await startProviderWorld(t, await startEntra(), entra);
      await expireAccessToken(world);
      world.provider.behaviour.token = () => entraError(error, code);
      assert.equal((await world.api()).status, 401);
      assert.equal((await world.session()).authenticated, false);
      assert.doesNotMatch(world.gateway.logText(), /canary-error-description/);
    });
  }

  test('temporarily_unavailable (AADSTS90033) and a wrong secret (AADSTS7000215) keep the session', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), entra);
    await expireAccessToken(world);
    for (const response of [
      entraError('temporarily_unavailable', 90033, 503),
      entraError('invalid_client', 7000215, 401),
    ]) {
      world.provider.behaviour.token = () => response;
      assert.equal((await world.api()).status, 503);
    }
    assert.equal((await world.session()).authenticated, true);
  });

  test('with the claim login_hint the user need not pick an account at sign-out', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), entra);
    world.provider.next.nextUser = userOf(TENANT, { login_hint: 'O.CiQ2OTAyMjJiZQ' });
    await world.signIn();
    const { logoutUrl } = await world.session();
    await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.equal(world.provider.requests.end_session[0]?.params.get('logout_hint'), 'O.CiQ2OTAyMjJiZQ');
  });

  test('with a landing page that is not a redirect URI the sign-out still succeeds, and ends at Entra ID', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), entra);
    await world.signIn();
    world.provider.client.redirectUris.splice(1);
    const { logoutUrl } = await world.session();
    const page = await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.match(page.body, /You signed out/);
    assert.equal((await world.session()).authenticated, false);
  });

  test('UserInfo is on Graph, which accepts a token for Graph but not one for an API', async (t) => {
    const world = await startProviderWorld(t, await startEntra(), { ...entra, userInfo: true });
    assert.ok((await world.browser.navigate('/login')).status >= 500);
    const scopes = ['openid', 'profile'];
    const graph = await startProviderWorld(t, await startEntra(), { ...entra, scopes, userInfo: true });
    await graph.signIn();
  });
});

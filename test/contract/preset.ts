/** The suite of products with a small simulation: sign-in, roles, refresh, sign-out, bearer tokens of users and of clients. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { ProviderKind } from '../../src/oidc/products/registry.ts';
import { decodeClaims } from '../support/keys.ts';
import { startProvider } from '../support/provider.ts';
import type { State } from '../support/provider-state.ts';
import type { Behaviour, Endpoint, Product } from '../support/provider-types.ts';
import { accessToken } from '../support/tokens.ts';
import { startWorld, type World } from '../support/world.ts';
import { expireAccessToken } from './provider.ts';

type Claims = Record<string, unknown>;
type Rule = NonNullable<NonNullable<ConfigInput['routes']>[number]['rules']>[number];
interface Known {
  issuer: string;
  client: string;
}

export interface PresetCase {
  kind: ProviderKind;
  issuerPath?: string;
  paths?: Product['paths'];
  /** Configuration beside issuer, client and kind. */
  provider: Partial<NonNullable<ConfigInput['provider']>>;
  /** The accepted audience. */
  audience(known: Known): string;
  /** The whole payload of a user's access token beside `iss` and times; undefined where access tokens are opaque. */
  user?(known: Known): Claims;
  /** The same for a token of a client; undefined where the product marks none. */
  client?: Claims;
  /** The type in the header of access tokens. */
  typ?: string;
  /** Claims that ID tokens have, or do not have if undefined. */
  idToken?: Claims;
  /** Conditions that the user fulfils, and others. */
  granted: Partial<Rule>;
  denied: Partial<Rule>;
  /** Whether the provider issues a refresh token for this request. */
  refreshes?(params: URLSearchParams): boolean;
  /** Metadata that the provider does not announce. */
  unannounced?: readonly `${Endpoint}_endpoint`[];
  behaviour?: Behaviour;
  /** Parameters that the authorization request, the code exchange and the refresh must have. */
  authorization?: Record<string, string>;
  tokenRequest?: Record<string, string>;
  /** The sign-out at the provider; undefined where it ends on the page of the gateway. */
  signOut: { path: string; params: readonly string[] } | undefined;
  accessTokens?: Partial<NonNullable<ConfigInput['accessTokens']>['provider']>;
}

const defined = (claims: Claims) =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));

function simulate(preset: PresetCase) {
  return (state: State): Product => ({
    ...(preset.paths ? { paths: preset.paths } : {}),
    behaviour: {
      metadata: (document) =>
        Object.fromEntries(
          Object.entries(document).filter(([name]) => !(preset.unannounced ?? []).some((hidden) => hidden === name)),
        ),
      authorize(request, proceed) {
        if (!preset.refreshes) return proceed();
        const params = new URLSearchParams(request.params);
        if (preset.refreshes(params)) params.set('scope', `${params.get('scope')} offline_access`);
        return proceed({ ...request, params });
      },
      idToken: (draft) => ({ ...draft, claims: defined({ ...draft.claims, ...preset.idToken }) }),
      accessToken: (draft) => ({
        ...draft,
        header: defined({ ...draft.header, typ: preset.typ }),
        claims: defined({
          iss: draft.claims.iss,
          iat: draft.claims.iat,
          exp: draft.claims.exp,
          ...preset.user?.({ issuer: state.issuer, client: state.client.id }),
        }),
      }),
      ...preset.behaviour,
    },
  });
}

async function start(t: TestContext, preset: PresetCase, subjects: 'users' | 'both'): Promise<World> {
  const provider = await startProvider({
    ...(preset.issuerPath === undefined ? {} : { issuerPath: preset.issuerPath }),
    settings: { accessTokenFormat: preset.user ? 'jwt' : 'opaque' },
    product: simulate(preset),
  });
  const audience = preset.audience({ issuer: provider.issuer, client: provider.client.id });
  return await startWorld(t, {
    running: provider,
    gateway: {
      providerConfig: { kind: preset.kind, ...preset.provider },
      config: preset.accessTokens ? { accessTokens: { audience, provider: { subjects, ...preset.accessTokens } } } : {},
    },
    routes: (upstream) => [
      { path: '/api/granted/**', upstream, rules: [{ token: 'user', ...preset.granted }] },
      { path: '/api/denied/**', upstream, rules: [{ token: 'user', ...preset.denied }] },
      ...(preset.accessTokens ? [{ path: '/api/client/**', upstream, rules: [{ token: 'client' as const }] }] : []),
      { path: '/api/**', upstream },
    ],
  });
}

const bearer = (world: World, path: string, token: string) =>
  fetch(`${world.gateway.url}${path}`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);

/** A token signed by the provider with exactly these claims beside times. */
function signed({ provider }: World, { typ }: PresetCase, claims: Claims): string {
  const times = { iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300 };
  return accessToken(provider, {}, (draft) => {
    draft.header = defined({ ...draft.header, typ });
    draft.claims = defined({ iss: provider.issuer, ...times, ...claims });
  });
}

function sessions(preset: PresetCase): void {
  test(`P03 ${preset.kind}: signs in, decides by roles, refreshes and signs out`, async (t) => {
    const world = await start(t, preset, 'both');
    await expireAccessToken(world);
    const [request] = [...world.provider.grants];
    for (const [name, value] of Object.entries(preset.authorization ?? {}))
      assert.equal(request?.request.get(name), value, name);
    assert.equal((await world.api('/api/granted/x')).status, 200);
    assert.equal(world.provider.refreshRequests().length, 1, 'the token was refreshed');
    for (const sent of world.provider.requests.token)
      for (const [name, value] of Object.entries(preset.tokenRequest ?? {}))
        assert.equal(sent.params.get(name), value, `${name} of a token request`);
    assert.equal((await world.api('/api/denied/x')).status, 403);
    const { logoutUrl } = await world.session();
    const page = await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
    assert.equal(page.url.href.replace(/\?.*/, ''), `${world.gateway.url}/signed-out`);
    const visit = world.provider.requests.end_session[0];
    assert.equal(visit?.url.pathname, preset.signOut?.path);
    assert.deepEqual([...(visit?.params.keys() ?? [])].sort(), [...(preset.signOut?.params ?? [])].sort());
    assert.equal((await world.api('/api/granted/x')).status, 401);
  });
}

function bearers(preset: PresetCase, user: NonNullable<PresetCase['user']>): void {
  test(`P03 ${preset.kind}: bearer tokens of users and of clients, and no ID token`, async (t) => {
    const world = await start(t, preset, 'both');
    const known = { issuer: world.provider.issuer, client: world.provider.client.id };
    const ofUser = signed(world, preset, user(known));
    assert.equal(await bearer(world, '/api/granted/x', ofUser), 200);
    assert.equal(await bearer(world, '/api/denied/x', ofUser), 403);
    assert.notEqual(await bearer(world, '/api/client/x', ofUser), 200);
    if (preset.client) {
      const ofClient = signed(world, preset, preset.client);
      assert.equal(await bearer(world, '/api/client/x', ofClient), 200);
      assert.notEqual(await bearer(world, '/api/x', ofClient), 200);
    }
    await world.signIn();
    const idToken = [...world.provider.secrets.keys()]
      .filter((secret) => secret.startsWith('eyJ'))
      .map(decodeClaims)
      .find((claims) => claims.at_hash !== undefined);
    assert.ok(idToken);
    // Without the marks of every ID token, and for the right audience.
    const marks = { nonce: undefined, at_hash: undefined, aud: preset.audience(known) };
    assert.equal(
      await bearer(world, '/api/x', signed(world, { ...preset, typ: 'JWT' }, { ...idToken, ...marks })),
      401,
    );
  });

  if (preset.client)
    test(`P03 ${preset.kind}: with subjects: users a token of a client is not that of a user`, async (t) => {
      const world = await start(t, preset, 'users');
      const known = { issuer: world.provider.issuer, client: world.provider.client.id };
      assert.equal(await bearer(world, '/api/x', signed(world, preset, user(known))), 200);
      assert.notEqual(await bearer(world, '/api/x', signed(world, preset, preset.client ?? {})), 200);
      assert.equal(world.upstream.requests.length, 1);
    });
}

/** Runs the suite for one product. */
export function presetContract(preset: PresetCase): void {
  describe(preset.kind, () => {
    sessions(preset);
    if (preset.user) bearers(preset, preset.user);
  });
}

export const STANDARD_SIGN_OUT = ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'];

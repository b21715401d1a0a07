/** Simulates an Auth0 tenant by its public documentation: audiences, opaque tokens, permissions, both sign-out endpoints. */
import { createHash, randomBytes } from 'node:crypto';
import { type Provider, startProvider } from './provider.ts';
import { json } from './provider-faults.ts';
import { grantOf, type State } from './provider-state.ts';
import type {
  Grant,
  Hook,
  Product,
  ProviderOptions,
  ProviderRequest,
  ProviderResponse,
  User,
} from './provider-types.ts';

/** The settings of an API in the dashboard. */
export interface Auth0Api {
  scopes: readonly string[];
  /** Allow Offline Access. */
  offline: boolean;
  /** RBAC with permissions in the access token; undefined: off. */
  permissions?: readonly string[];
  /** Token dialect: the default one, or RFC 9068. */
  dialect?: 'access_token' | 'rfc9068_profile';
}

export interface Auth0Options {
  /** By identifier, which is the audience. */
  apis?: Record<string, Auth0Api>;
  /** RP-Initiated Logout End Session Endpoint Discovery; off in older tenants. */
  rpLogout?: boolean;
  /** Whether the metadata names the revocation endpoint; older metadata did not. */
  revocation?: boolean;
  settings?: ProviderOptions['settings'];
}

export const AUDIENCE = 'https://api.shop.test/orders';
export const NAMESPACE = 'https://shop.test/';
export const AUTH0_USER: User = {
  sub: 'auth0|66f0c0ffee',
  claims: { nickname: 'alice', name: 'Alice Example', email: 'alice@shop.test', email_verified: true },
};
export const ORDERS: Auth0Api = {
  scopes: ['read:orders', 'write:orders'],
  offline: true,
  permissions: ['read:orders'],
};

const OIDC = ['openid', 'profile', 'email', 'offline_access'];
const page = (status: number, text: string): ProviderResponse => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><title>Auth0</title>${text}`,
});

function metadata(state: State, { rpLogout = true, revocation = true }: Auth0Options) {
  return (document: Record<string, unknown>) => {
    const { end_session_endpoint, revocation_endpoint, ...rest } = document;
    for (const name of ['introspection_endpoint', 'authorization_response_iss_parameter_supported'])
      Reflect.deleteProperty(rest, name);
    return {
      ...rest,
      device_authorization_endpoint: `${state.issuer}oauth/device/code`,
      mfa_challenge_endpoint: `${state.issuer}mfa/challenge`,
      registration_endpoint: `${state.issuer}oidc/register`,
      scopes_supported: [...OIDC, 'name', 'given_name', 'family_name', 'nickname', 'picture', 'created_at', 'phone'],
      code_challenge_methods_supported: ['S256', 'plain'],
      id_token_signing_alg_values_supported: ['HS256', 'RS256', 'PS256'],
      request_uri_parameter_supported: false,
      request_parameter_supported: false,
      ...(revocation ? { revocation_endpoint } : {}),
      ...(rpLogout ? { end_session_endpoint } : {}),
    };
  };
}

const audienceOf = (grant: Grant) => grant.request.get('audience');

/** Grants only scopes that the API defines; a refresh token only if the API allows it. */
function authorize(apis: Record<string, Auth0Api>): Hook {
  return async (request, proceed) => {
    const audience = request.params.get('audience');
    const api = audience === null ? undefined : apis[audience];
    const params = new URLSearchParams(request.params);
    const known = new Set([
      ...OIDC.filter((scope) => scope !== 'offline_access' || !api || api.offline),
      ...(api?.scopes ?? []),
    ]);
    const requested = (params.get('scope') ?? '').split(' ');
    params.set('scope', requested.filter((scope) => known.has(scope)).join(' '));
    const response = await proceed({ ...request, params });
    const location = URL.parse(response.headers.location ?? '');
    if (!location) return response;
    location.searchParams.delete('iss');
    if (audience !== null && !api) {
      location.searchParams.delete('code');
      location.searchParams.set('error', 'access_denied');
      location.searchParams.set('error_description', `Service not found: ${audience}`);
    }
    return { ...response, headers: { ...response.headers, location: location.href } };
  };
}

/** Errors of refresh tokens have status 403. */
const token: Hook = async (_request, proceed) => {
  const response = await proceed();
  return response.json?.error === 'invalid_grant' ? json({ ...response.json }, 403) : response;
};

/** Revokes refresh tokens only: an access token stays valid until it expires, and the response is still 200. */
function revocation(state: State): Hook {
  return async (request, proceed) => {
    const value = request.params.get('token') ?? '';
    const response = await proceed({
      ...request,
      params: new URLSearchParams([...request.params].filter(([name]) => name !== 'token')),
    });
    const grant = response.status === 200 ? grantOf(state, value) : undefined;
    if (grant) grant.revoked = true;
    return response;
  };
}

/** `/v2/logout` with `client_id` and `returnTo`, `/oidc/logout` by the standard. Neither revokes a refresh token. */
function logout(state: State, { rpLogout = true }: Auth0Options) {
  return (request: ProviderRequest): ProviderResponse => {
    const { params } = request;
    const isV2 = request.url.pathname === '/v2/logout';
    if (!isV2 && !rpLogout) return page(404, 'Not found');
    const target = params.get(isV2 ? 'returnTo' : 'post_logout_redirect_uri');
    const hint = params.get('id_token_hint');
    const sid = hint === null ? null : JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString()).sid;
    const logoutHint = params.get('logout_hint');
    if (sid !== null && logoutHint !== null && sid !== logoutHint)
      return page(400, 'invalid_request: the hints differ');
    if (params.get('client_id') !== state.client.id) return page(400, 'invalid_request: unknown client');
    if (target === null) return page(200, 'OK');
    if (!state.client.postLogoutRedirectUris.includes(target))
      return page(400, 'invalid_request: the address is not among the Allowed Logout URLs');
    const location = new URL(target);
    const echoed = params.get('state');
    if (!isV2 && echoed !== null) location.searchParams.set('state', echoed);
    return { status: 302, headers: { location: location.href }, body: '' };
  };
}

function accessTokenClaims(state: State, grant: Grant, api: Auth0Api, claims: Record<string, unknown>) {
  const { iss, sub, exp, iat, jti } = claims;
  const rfc9068 = api.dialect === 'rfc9068_profile';
  return {
    [`${NAMESPACE}roles`]: ['editor'],
    iss,
    sub,
    aud: [audienceOf(grant), `${state.issuer}userinfo`],
    iat,
    exp,
    scope: grant.scope,
    ...(rfc9068 ? { client_id: state.client.id, jti } : { azp: state.client.id }),
    ...(api.permissions ? { permissions: api.permissions } : {}),
  };
}

function auth0(state: State, options: Auth0Options): Product {
  const apis = options.apis ?? { [AUDIENCE]: ORDERS };
  const apiOf = (grant: Grant) => apis[audienceOf(grant) ?? ''];
  return {
    paths: {
      token: ['/oauth/token'],
      revocation: ['/oauth/revoke'],
      jwks: ['/.well-known/jwks.json'],
      end_session: ['/oidc/logout', '/v2/logout'],
    },
    // Without an audience the token is encrypted and valid for UserInfo only.
    opaqueToken(grant) {
      if (apiOf(grant)) return undefined;
      const header = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', iss: state.issuer })).toString(
        'base64url',
      );
      return `${header}..${[12, 90, 16].map((size) => randomBytes(size).toString('base64url')).join('.')}`;
    },
    behaviour: {
      metadata: metadata(state, options),
      authorize: authorize(apis),
      token,
      revocation: revocation(state),
      end_session: logout(state, options),
      accessToken(draft, _type, grant) {
        const api = apiOf(grant);
        if (!api) return draft;
        const typ = api.dialect === 'rfc9068_profile' ? 'at+jwt' : 'JWT';
        return {
          ...draft,
          header: { ...draft.header, typ },
          claims: accessTokenClaims(state, grant, api, draft.claims),
        };
      },
      // No at_hash in the code flow, and auth_time only for max_age.
      idToken(draft, _type, grant) {
        const { at_hash, acr, jti, auth_time, ...claims } = draft.claims;
        return { ...draft, claims: { ...claims, ...(grant.request.has('max_age') ? { auth_time } : {}) } };
      },
    },
  };
}

/** Starts a tenant on 127.0.0.1. Its issuer ends in a slash, and logout URLs must be registered. */
export async function startAuth0(options: Auth0Options = {}): Promise<Provider> {
  const provider = await startProvider({
    issuerPath: '/',
    client: { id: createHash('sha256').update('shop').digest('base64url').slice(0, 32), auth: 'client_secret_post' },
    product: (state) => auth0(state, options),
    ...(options.settings ? { settings: options.settings } : {}),
  });
  provider.next.nextUser = AUTH0_USER;
  return provider;
}

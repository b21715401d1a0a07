/** Simulates Microsoft Entra ID by its public documentation: tenants, one API per token, two token versions, AADSTS errors. */
import { randomBytes } from 'node:crypto';
import { accessToken, type EntraApi, GRAPH, idToken, OIDC_SCOPES, resourceOf } from './entra-tokens.ts';
import { type Provider, startProvider } from './provider.ts';
import { alterJson, json } from './provider-faults.ts';
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

export interface EntraOptions {
  /** Path segment of the issuer: `organizations`, `common`, or a tenant ID. */
  authority?: string;
  /** By Application ID URI. */
  apis?: Record<string, EntraApi>;
  settings?: ProviderOptions['settings'];
}

export const TENANT = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490';
export const OTHER_TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
export const CLIENT_ID = '535fb089-9ff3-47b6-9bfb-4f1264799865';
export const API_URI = 'api://6e74172b-be56-4843-9ff4-e66a39bb12e3';
export const API: EntraApi = {
  clientId: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
  version: 2,
  scopes: ['orders.read', 'orders.write'],
};
export const SCOPES = ['openid', 'profile', 'offline_access', `${API_URI}/orders.read`];

/** A user of a tenant. `sub` is specific to the app, `oid` is the same in the whole tenant. */
export const userOf = (tid: string, claims: Record<string, unknown> = {}): User => ({
  sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
  claims: {
    tid,
    oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
    name: 'Alice Example',
    preferred_username: 'alice@shop.test',
    ...claims,
  },
});

/** An error of the token endpoint; the number is more specific than the OAuth code. The text is a canary for leak scans. */
export function entraError(error: string, code: number, status = 400): ProviderResponse {
  return json(
    {
      error,
      error_description: `AADSTS${code}: canary-error-description Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333`,
      error_codes: [code],
      timestamp: new Date().toISOString(),
      trace_id: '0000aaaa-11bb-cccc-dd22-eeeeee333333',
      correlation_id: 'aaaa0000-bb11-2222-33cc-444444dddddd',
    },
    status,
  );
}

function metadata(state: State, authority: string) {
  return (document: Record<string, unknown>) => {
    const { issuer } = state;
    const many = authority === 'organizations' || authority === 'common';
    const absent = [
      'revocation_endpoint',
      'introspection_endpoint',
      'code_challenge_methods_supported',
      'authorization_response_iss_parameter_supported',
      'backchannel_logout_supported',
      'backchannel_logout_session_supported',
      'grant_types_supported',
      'prompt_values_supported',
    ];
    return {
      ...Object.fromEntries(Object.entries(document).filter(([name]) => !absent.includes(name))),
      issuer: many ? issuer.replace(`/${authority}/`, '/{tenantid}/') : issuer,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      request_uri_parameter_supported: false,
      http_logout_supported: true,
      frontchannel_logout_supported: true,
      tenant_region_scope: null,
      cloud_instance_name: 'microsoftonline.com',
      msgraph_host: 'graph.microsoft.com',
    };
  };
}

/** Each key names the issuers for which it is valid, and no algorithm. */
const jwks: Hook = async (request, proceed) => {
  const { keys } = (await proceed()).json as { keys: Record<string, unknown>[] };
  const issuer = `${request.url.origin}/{tenantid}/v2.0`;
  return json({ keys: keys.map(({ alg, ...key }) => ({ ...key, x5t: key.kid, issuer })) });
};

/** `session_state` is added; `iss` (RFC 9207) is not sent. */
const authorize: Hook = async (_request, proceed) => {
  const response = await proceed();
  const location = URL.parse(response.headers.location ?? '');
  if (!location) return response;
  location.searchParams.delete('iss');
  location.searchParams.set('session_state', randomBytes(16).toString('hex'));
  return { ...response, headers: { ...response.headers, location: location.href } };
};

/** A token request is for one API; a refresh without scopes is for Graph. */
function token(state: State, apis: Record<string, EntraApi>): Hook {
  const unknown = (scope: string) => {
    const api = apis[resourceOf(scope)];
    return resourceOf(scope) !== GRAPH && !api?.scopes.includes(scope.slice(scope.lastIndexOf('/') + 1));
  };
  function scopeFault(grant: Grant, scope: string | null): ProviderResponse | undefined {
    const requested = (scope ?? grant.scope).split(' ').filter((word) => !OIDC_SCOPES.has(word));
    if (requested.some(unknown)) return entraError('invalid_scope', 70011);
    return scope === null && new Set(requested.map(resourceOf)).size > 1
      ? entraError('invalid_request', 28003)
      : undefined;
  }
  return async (request, proceed) => {
    const refreshing = request.params.get('grant_type') === 'refresh_token';
    const grant = refreshing
      ? grantOf(state, request.params.get('refresh_token') ?? '')
      : state.codes.get(request.params.get('code') ?? '')?.grant;
    const scope = request.params.get('scope');
    if (grant && refreshing) grant.scope = scope ?? 'openid profile offline_access';
    const fault = grant && scopeFault(grant, scope);
    if (fault) return fault;
    const response = await proceed();
    if (response.json?.error === 'invalid_grant') return entraError('invalid_grant', refreshing ? 700082 : 70008);
    if (!grant || response.status !== 200) return response;
    // Only scopes of the API, if there are any: openid and offline_access are not among its permissions.
    const own = grant.scope.split(' ').filter((word) => !OIDC_SCOPES.has(word));
    const granted = own.length > 0 ? own : ['openid', 'profile', 'email', `${GRAPH}/User.Read`];
    return alterJson(response, { scope: granted.join(' '), ext_expires_in: response.json?.expires_in });
  };
}

/** Signs out without confirmation and redirects to redirect URIs only. Does not revoke refresh tokens. */
function logout(state: State) {
  return ({ params }: ProviderRequest): ProviderResponse => {
    const target = params.get('post_logout_redirect_uri');
    const known = target !== null && state.client.redirectUris.includes(target);
    return known
      ? { status: 302, headers: { location: target }, body: '' }
      : { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>You signed out</title>' };
  };
}

/** UserInfo is part of Graph, which refuses tokens for other APIs. */
const userinfo: Hook = async (request, proceed) => {
  const payload = (request.headers.authorization ?? '').split('.')[1] ?? '';
  const { aud } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') as { aud?: string };
  return aud === '00000003-0000-0000-c000-000000000000'
    ? proceed()
    : json({ error: { code: 'InvalidAuthenticationToken' } }, 401);
};

function entra(state: State, { authority = TENANT, apis = { [API_URI]: API } }: EntraOptions): Product {
  return {
    paths: {
      authorize: [`/${authority}/oauth2/v2.0/authorize`],
      token: [`/${authority}/oauth2/v2.0/token`],
      jwks: [`/${authority}/discovery/v2.0/keys`],
      end_session: [`/${authority}/oauth2/v2.0/logout`],
      userinfo: ['/oidc/userinfo'],
    },
    behaviour: {
      metadata: metadata(state, authority),
      jwks,
      authorize,
      token: token(state, apis),
      end_session: logout(state),
      userinfo,
      idToken: (draft, _type, grant) => idToken(state, draft, grant),
      accessToken: (draft, _type, grant) => accessToken(state, draft, grant, apis),
    },
  };
}

/** Starts it on 127.0.0.1. Old refresh tokens stay valid; sign-out redirects must be registered. */
export async function startEntra(options: EntraOptions = {}): Promise<Provider> {
  const provider = await startProvider({
    issuerPath: `/${options.authority ?? TENANT}/v2.0`,
    client: { id: CLIENT_ID, auth: 'client_secret_post' },
    settings: { rotation: 'replace', ...options.settings },
    product: (state) => entra(state, options),
  });
  provider.next.nextUser = userOf(TENANT);
  return provider;
}

/** The endpoints of the test provider that a browser visits: authorization and end of session. */
import { randomUUID } from 'node:crypto';
import { json, redirect } from './provider-faults.ts';
import { pushedMetadata, resolveRequest } from './provider-requests.ts';
import { mintSecret, revokeGrant, type State } from './provider-state.ts';
import type { Endpoint, Grant, ProviderRequest, ProviderResponse } from './provider-types.ts';

const page = (status: number, title: string, body = ''): ProviderResponse => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><title>${title}</title>${body}`,
});

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Returns the response parameters in the requested mode; the page of `form_post` submits itself. */
function respond(redirectUri: string, mode: string | null, params: Record<string, string>): ProviderResponse {
  if (mode !== 'form_post') {
    const location = new URL(redirectUri);
    for (const [name, value] of Object.entries(params)) location.searchParams.set(name, value);
    return redirect(location.href);
  }
  const fields = Object.entries(params)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('');
  const form = `<form method="post" action="${escapeHtml(redirectUri)}">${fields}</form>`;
  return page(200, 'Submit', `<body onload="document.forms[0].submit()">${form}</body>`);
}

function requestFault(params: URLSearchParams): string | undefined {
  const names = [...params.keys()];
  if (new Set(names).size !== names.length) return 'repeated parameter';
  if (params.get('response_type') !== 'code') return 'response_type';
  if (!(params.get('scope') ?? '').split(' ').includes('openid')) return 'scope';
  if (params.get('code_challenge_method') !== 'S256') return 'code_challenge_method';
  if (!/^[A-Za-z0-9_-]{43}$/.test(params.get('code_challenge') ?? '')) return 'code_challenge';
  return (params.get('state') ?? '').length < 16 || (params.get('nonce') ?? '').length < 16
    ? 'state or nonce'
    : undefined;
}

function createGrant(state: State, params: URLSearchParams): Grant {
  const scope = state.settings.grantedScope ?? params.get('scope') ?? '';
  const grant: Grant = {
    user: state.nextUser,
    sid: state.nextSid ?? `sid-${randomUUID()}`,
    scope,
    nonce: params.get('nonce') ?? '',
    authTime: Math.floor((state.now() - state.nextAuthAge) / 1000),
    acr: params.get('acr_values')?.split(' ')[0] ?? state.nextAcr,
    request: params,
    retired: new Set(),
    revoked: false,
    ...(scope.split(' ').includes('offline_access') ? { refreshToken: mintSecret(state, 'token', 'rt') } : {}),
  };
  state.grants.add(grant);
  return grant;
}

/** Approves the request as `nextUser` without interaction (RFC 6749 4.1.1, RFC 7636, RFC 9207). */
export async function authorize(state: State, request: ProviderRequest): Promise<ProviderResponse> {
  const params = await resolveRequest(state, request.params);
  if (typeof params === 'string') return page(400, params);
  for (const kind of ['state', 'nonce'] as const) {
    const value = params.get(kind);
    if (value !== null) state.secrets.set(value, kind);
  }
  const redirectUri = params.get('redirect_uri') ?? '';
  const registered = state.client.redirectUris;
  const known = registered.length === 0 || registered.includes(redirectUri);
  if (params.get('client_id') !== state.client.id || !known) return page(400, 'Unknown client or redirect_uri');
  const common = { state: params.get('state') ?? '', iss: state.issuer };
  const fault = requestFault(params);
  const mode = params.get('response_mode');
  if (fault) return respond(redirectUri, mode, { error: 'invalid_request', error_description: fault, ...common });
  const code = mintSecret(state, 'code', 'code');
  const challenge = params.get('code_challenge') ?? '';
  state.codes.set(code, { grant: createGrant(state, params), redirectUri, challenge, used: false });
  return respond(redirectUri, mode, { code, ...common });
}

/** Ends the provider's session and redirects the browser to a registered URI (RP-Initiated Logout 2 and 3). */
export function endSession(state: State, request: ProviderRequest): ProviderResponse {
  const { params } = request;
  const hint = params.get('id_token_hint');
  if (hint !== null) {
    const claims: { sid?: string } = JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString() || '{}');
    for (const grant of state.grants) if (grant.sid === claims.sid) revokeGrant(state, grant);
  }
  const target = params.get('post_logout_redirect_uri');
  const registered = state.client.postLogoutRedirectUris;
  if (target === null || (registered.length > 0 && !registered.includes(target))) return page(200, 'Signed out');
  const location = new URL(target);
  const value = params.get('state');
  if (value !== null) location.searchParams.set('state', value);
  return redirect(location.href);
}

/** The metadata document (OpenID Connect Discovery 3). */
export function metadata(state: State): ProviderResponse {
  const { issuer, product } = state;
  const base = issuer.replace(/\/$/, '');
  const urlOf = (endpoint: Endpoint) => {
    const [path] = product.paths?.[endpoint] ?? [];
    return path === undefined ? `${base}/${endpoint}` : new URL(path, issuer).href;
  };
  const document = {
    issuer,
    authorization_endpoint: urlOf('authorize'),
    token_endpoint: urlOf('token'),
    jwks_uri: urlOf('jwks'),
    userinfo_endpoint: urlOf('userinfo'),
    revocation_endpoint: urlOf('revocation'),
    introspection_endpoint: urlOf('introspection'),
    end_session_endpoint: urlOf('end_session'),
    authorization_response_iss_parameter_supported: true,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [state.key.alg],
    token_endpoint_auth_methods_supported: [state.client.auth],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'offline_access'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    ...pushedMetadata(state, urlOf('par')),
  };
  const ofProduct = product.behaviour.metadata?.(document) ?? document;
  return json(state.behaviour.metadata?.(ofProduct) ?? ofProduct);
}

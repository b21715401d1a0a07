/** UserInfo, introspection and revocation of the development provider. */
import type { JWTPayload } from 'jose';
import { json, type ProviderRequest, type ProviderResponse, text } from './http.ts';
import { type Grant, nowOf, type ProviderState } from './state.ts';
import { claimsOf } from './tokens.ts';

/** The claims and grant of an access token that is still valid. */
async function openAccessToken(
  state: ProviderState,
  token: string,
): Promise<{ claims: JWTPayload; grant: Grant } | undefined> {
  const claims = await state.keys.open(token, 'at+jwt');
  const grant = state.accessTokens.get(claims?.jti ?? '');
  return claims && grant && !grant.revoked && (claims.exp ?? 0) > nowOf(state) ? { claims, grant } : undefined;
}

/** Handles a UserInfo request (OpenID Connect Core section 5.3, RFC 6750). */
export async function userinfo(state: ProviderState, { headers }: ProviderRequest): Promise<ProviderResponse> {
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(headers.authorization ?? '') ?? [];
  if (token === undefined) return json({ error: 'invalid_request' }, 401, { 'www-authenticate': 'Bearer' });
  const opened = await openAccessToken(state, token);
  if (opened) return json(claimsOf(opened.grant.session.user));
  return json({ error: 'invalid_token' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' });
}

/** Handles an introspection request (RFC 7662 section 2). */
export async function introspect(state: ProviderState, { params }: ProviderRequest): Promise<ProviderResponse> {
  const token = params.get('token') ?? '';
  const opened = await openAccessToken(state, token);
  if (opened) return json({ active: true, token_type: 'Bearer', ...opened.claims });
  const grant = state.grants.get(token);
  if (!grant || grant.revoked || grant.refreshToken !== token) return json({ active: false });
  const { sub } = grant.session.user;
  return json({ active: true, iss: state.issuer, sub, client_id: state.settings.client.id, scope: grant.scope });
}

/** Handles a revocation request; an unknown token gets the same response (RFC 7009 section 2.2). */
export async function revoke(state: ProviderState, { params }: ProviderRequest): Promise<ProviderResponse> {
  const token = params.get('token') ?? '';
  const opened = await openAccessToken(state, token);
  if (opened) state.accessTokens.delete(opened.claims.jti ?? '');
  const grant = state.grants.get(token);
  if (grant) grant.revoked = true;
  return text(200, '');
}

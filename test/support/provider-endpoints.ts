/** The endpoints of the test provider that only the gateway uses: token, UserInfo, revocation, introspection, keys. */
import { createHash, randomUUID } from 'node:crypto';
import { decodeClaims, signToken } from './keys.ts';
import { authenticatesClient } from './provider-client.ts';
import { proofOutcome } from './provider-dpop.ts';
import { json, oauthError, status } from './provider-faults.ts';
import { grantOf, mintSecret, revokeGrant, type State } from './provider-state.ts';
import { tokenResponse } from './provider-tokens.ts';
import type { ProviderRequest, ProviderResponse } from './provider-types.ts';

function redeemCode(state: State, { params, thumbprint }: ProviderRequest, jkt: string | undefined): ProviderResponse {
  const code = state.codes.get(params.get('code') ?? '');
  const verifier = params.get('code_verifier') ?? '';
  state.secrets.set(verifier, 'verifier');
  if (!code) return oauthError('invalid_grant');
  if (code.used) {
    // RFC 6749 4.1.2: reuse of a code revokes the tokens issued for it.
    revokeGrant(state, code.grant);
    return oauthError('invalid_grant');
  }
  code.used = true;
  const matches = createHash('sha256').update(verifier).digest('base64url') === code.challenge;
  const redirects = params.get('redirect_uri') === code.redirectUri;
  if (!matches || verifier.length < 43 || !redirects) return oauthError('invalid_grant');
  // RFC 9449 section 10: the code is bound to the key that the request named.
  const boundJkt = code.grant.request.get('dpop_jkt');
  if (boundJkt !== null && boundJkt !== jkt) return oauthError('invalid_grant');
  Object.assign(code.grant, { jkt, certificate: thumbprint });
  return json(tokenResponse(state, code.grant, 'authorization_code'));
}

function refresh(state: State, { params, thumbprint }: ProviderRequest, jkt: string | undefined): ProviderResponse {
  const tokenValue = params.get('refresh_token') ?? '';
  const grant = grantOf(state, tokenValue);
  // Refresh tokens of a confidential client are not bound to a key; a grant without a key is bound to this one.
  if (grant && jkt !== undefined) grant.jkt ??= jkt;
  if (!grant || grant.revoked || grant.jkt !== jkt || grant.certificate !== thumbprint)
    return oauthError('invalid_grant');
  if (grant.refreshToken !== tokenValue && state.settings.rotation !== 'replace') {
    if (state.settings.rotation === 'rotate-revoke-on-reuse') revokeGrant(state, grant);
    return oauthError('invalid_grant');
  }
  if (state.settings.rotation !== 'none') {
    grant.retired.add(grant.refreshToken ?? tokenValue);
    grant.refreshToken = mintSecret(state, 'token', 'rt');
  }
  return json(tokenResponse(state, grant, 'refresh_token'));
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** A token for one API: for the client itself, or exchanged for a user's token (RFC 8693) with the same subject. */
function mintUpstreamToken(
  state: State,
  { params, thumbprint }: ProviderRequest,
  jkt: string | undefined,
): Record<string, unknown> {
  const subject = params.get('subject_token');
  const lifetime = state.settings.accessTokenLifetime;
  const draft = {
    header: { alg: state.key.alg, kid: state.key.kid, typ: 'at+jwt' },
    claims: {
      iss: state.issuer,
      sub: subject === null ? state.client.id : decodeClaims(subject).sub,
      client_id: state.client.id,
      aud: params.get('audience') ?? params.getAll('resource'),
      scope: params.get('scope') ?? '',
      exp: Math.floor((state.now() + lifetime) / 1000),
      jti: `canary-up-${randomUUID()}`,
      ...(jkt === undefined ? {} : { cnf: { jkt } }),
      ...(thumbprint === undefined ? {} : { cnf: { 'x5t#S256': thumbprint } }),
    },
    key: state.key,
    signature: 'key' as const,
  };
  const token = signToken(draft);
  state.secrets.set(token, 'token');
  return {
    access_token: token,
    token_type: jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: lifetime / 1000,
    ...(subject === null ? {} : { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
  };
}

/** Token endpoint (RFC 6749 3.2). */
export async function token(state: State, request: ProviderRequest): Promise<ProviderResponse> {
  if (request.method !== 'POST') return status(405);
  if (!(await authenticatesClient(state, request))) return oauthError('invalid_client', 401);
  const names = [...request.params.keys()];
  // `resource` may be repeated (RFC 8707 section 2).
  const single = names.filter((name) => name !== 'resource');
  if (new Set(single).size !== single.length) return oauthError('invalid_request');
  const type = request.params.get('grant_type');
  const proof = await proofOutcome(state, request);
  if ('refusal' in proof) return proof.refusal;
  // RFC 9449 section 5: a bound token is accepted only with a proof by its key.
  const subject = state.accessTokens.get(request.params.get('subject_token') ?? '');
  if (type === EXCHANGE && subject?.grant.jkt !== undefined && subject.grant.jkt !== proof.jkt)
    return oauthError('invalid_request');
  if (type === 'client_credentials' || type === EXCHANGE) return json(mintUpstreamToken(state, request, proof.jkt));
  if (type === 'authorization_code') return redeemCode(state, request, proof.jkt);
  return type === 'refresh_token' ? refresh(state, request, proof.jkt) : oauthError('unsupported_grant_type');
}

/** UserInfo (OpenID Connect Core 5.3). */
export async function userinfo(state: State, request: ProviderRequest): Promise<ProviderResponse> {
  const [, scheme = '', token = ''] = /^(Bearer|DPoP) (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const known = state.accessTokens.get(token);
  if (scheme.toLowerCase() === 'dpop') {
    const proof = await proofOutcome(state, request, token);
    if ('refusal' in proof) return proof.refusal;
    if (proof.jkt !== known?.grant.jkt) return oauthError('invalid_token', 401);
  } else if (known?.grant.jkt !== undefined) return oauthError('invalid_token', 401);
  if (!known || known.expiresAt < state.now()) return oauthError('invalid_token', 401);
  return json({ sub: known.grant.user.sub, ...known.grant.user.claims, from_userinfo: true });
}

/** Revocation (RFC 7009): the response is 200 for unknown tokens as well. */
export async function revocation(state: State, request: ProviderRequest): Promise<ProviderResponse> {
  if (!(await authenticatesClient(state, request))) return oauthError('invalid_client', 401);
  const tokenValue = request.params.get('token') ?? '';
  const grant = grantOf(state, tokenValue);
  if (grant) revokeGrant(state, grant);
  state.accessTokens.delete(tokenValue);
  return { status: 200, headers: {}, body: '' };
}

/** Introspection (RFC 7662). */
export async function introspection(state: State, request: ProviderRequest): Promise<ProviderResponse> {
  if (!(await authenticatesClient(state, request))) return oauthError('invalid_client', 401);
  const token = request.params.get('token') ?? '';
  const registered = state.introspectable.get(token);
  if (registered) return json(registered);
  const known = state.accessTokens.get(token);
  if (!known || known.expiresAt < state.now()) return json({ active: false });
  const { grant } = known;
  return json({
    active: true,
    iss: state.issuer,
    sub: grant.user.sub,
    aud: state.settings.audience,
    scope: grant.scope,
    client_id: state.client.id,
    exp: known.expiresAt / 1000,
    token_type: 'Bearer',
  });
}

/** The published keys. */
export function jwks(state: State): ProviderResponse {
  return json({ keys: state.published.map((key) => key.publicJwk) });
}

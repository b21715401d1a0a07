/** Token endpoint of the development provider: redeems codes, rotates refresh tokens, signs tokens. */
import { createHash, randomUUID } from 'node:crypto';
import { json, oauthError, type ProviderRequest, type ProviderResponse } from './http.ts';
import type { DevelopmentUser } from './options.ts';
import { type Code, type Grant, nowOf, type ProviderState, randomText } from './state.ts';

/** The claims about a user in ID token, access token and UserInfo. */
export function claimsOf({ sub, name, email, roles, groups, claims }: DevelopmentUser): Record<string, unknown> {
  return {
    sub,
    preferred_username: sub,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email, email_verified: true }),
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(groups === undefined ? {} : { groups: [...groups] }),
    ...claims,
  };
}

/** The claims that both tokens have: who signed in, and when and how. */
function sharedClaims(state: ProviderState, { session }: Grant, seconds: number) {
  const iat = nowOf(state);
  return {
    ...claimsOf(session.user),
    iss: state.issuer,
    iat,
    exp: iat + seconds,
    sid: session.sid,
    auth_time: session.authTime,
    ...(session.acr === undefined ? {} : { acr: session.acr }),
  };
}

/** Signs a JWT access token (RFC 9068 section 2.2). */
async function signAccessToken(state: ProviderState, grant: Grant): Promise<string> {
  const { client, lifetimes, audience } = state.settings;
  const { resources } = grant.request;
  const [aud = client.id, ...further] = resources.length > 0 ? resources : (audience ?? []);
  const jti = randomUUID();
  state.accessTokens.put(jti, grant, lifetimes.accessToken);
  const claims = {
    ...sharedClaims(state, grant, lifetimes.accessToken),
    aud: further.length === 0 ? aud : [aud, ...further],
    client_id: client.id,
    jti,
    scope: grant.scope,
  };
  return state.keys.sign(claims, 'at+jwt');
}

/** Signs an ID token; the one of a refresh has no nonce (OpenID Connect Core section 12.2). */
function signIdToken(state: ProviderState, grant: Grant, nonce: string | undefined): Promise<string> {
  const shared = sharedClaims(state, grant, state.settings.lifetimes.idToken);
  return state.keys.sign(
    { ...shared, aud: state.settings.client.id, ...(nonce === undefined ? {} : { nonce }) },
    'JWT',
  );
}

async function tokenResponse(state: ProviderState, grant: Grant, nonce?: string): Promise<ProviderResponse> {
  const { lifetimes } = state.settings;
  grant.refreshToken = randomText();
  state.grants.put(grant.refreshToken, grant, lifetimes.refreshToken);
  return json({
    access_token: await signAccessToken(state, grant),
    token_type: 'Bearer',
    expires_in: lifetimes.accessToken,
    refresh_token: grant.refreshToken,
    scope: grant.scope,
    id_token: await signIdToken(state, grant, nonce),
  });
}

function codeFault({ grant, used }: Code, params: URLSearchParams): string | undefined {
  const verifier = params.get('code_verifier') ?? '';
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  if (used) return 'the code was used before';
  if (grant.revoked) return 'the sign-in has ended';
  if (params.get('redirect_uri') !== grant.request.redirectUri) return 'redirect_uri is not the one of the sign-in';
  return challenge === grant.request.challenge ? undefined : 'code_verifier does not match';
}

async function redeemCode(state: ProviderState, params: URLSearchParams): Promise<ProviderResponse> {
  const code = state.codes.get(params.get('code') ?? '');
  if (!code) return oauthError('invalid_grant', 'the code is unknown or has expired');
  const fault = codeFault(code, params);
  // RFC 6749 section 4.1.2: the second use of a code ends what the first one got.
  if (code.used) code.grant.revoked = true;
  code.used = true;
  if (fault !== undefined) return oauthError('invalid_grant', fault);
  return tokenResponse(state, code.grant, code.grant.request.nonce);
}

async function refresh(state: ProviderState, params: URLSearchParams): Promise<ProviderResponse> {
  const token = params.get('refresh_token') ?? '';
  const grant = state.grants.get(token);
  if (!grant || grant.revoked) return oauthError('invalid_grant', 'the refresh token is unknown, expired or revoked');
  if (grant.refreshToken !== token) {
    // RFC 9700 section 4.14.2: one of the two who have the token is an attacker.
    grant.revoked = true;
    return oauthError('invalid_grant', 'the refresh token was replaced; its sign-in has ended');
  }
  return tokenResponse(state, grant);
}

/** Handles a token request of an authenticated client (RFC 6749 sections 4.1.3 and 6). */
export async function token(state: ProviderState, { params }: ProviderRequest): Promise<ProviderResponse> {
  const type = params.get('grant_type');
  if (type === 'authorization_code') return redeemCode(state, params);
  if (type === 'refresh_token') return refresh(state, params);
  return oauthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
}

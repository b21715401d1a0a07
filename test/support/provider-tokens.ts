/** Issues the tokens of the test provider; hooks can change each token before it is signed. */
import { createHash, randomUUID } from 'node:crypto';
import { signToken, type TokenDraft } from './keys.ts';
import { mintSecret, type State } from './provider-state.ts';
import type { Grant, GrantType } from './provider-types.ts';

const seconds = (ms: number) => Math.floor(ms / 1000);

function recordSecret(state: State, token: string): string {
  state.secrets.set(token, 'token');
  return token;
}

/** Applies the hooks of the product and then of the test, and signs the token. */
function signed(state: State, kind: 'idToken' | 'accessToken', draft: TokenDraft, type: GrantType, grant: Grant) {
  const ofProduct = state.product.behaviour[kind]?.(draft, type, grant) ?? draft;
  return recordSecret(state, signToken(state.behaviour[kind]?.(ofProduct, type, grant) ?? ofProduct));
}

function draftOf(state: State, typ: string, claims: Record<string, unknown>): TokenDraft {
  return { header: { alg: state.key.alg, kid: state.key.kid, typ }, claims, key: state.key, signature: 'key' };
}

/** An access token of the grant: a JWT (RFC 9068) or an opaque one. */
export function mintAccessToken(state: State, grant: Grant, type: GrantType): string {
  const { settings } = state;
  const expiresAt = state.now() + settings.accessTokenLifetime;
  const draft = draftOf(state, 'at+jwt', {
    iss: state.issuer,
    sub: grant.user.sub,
    aud: settings.audience,
    exp: expiresAt / 1000,
    iat: seconds(state.now()),
    jti: `canary-at-${randomUUID()}`,
    client_id: state.client.id,
    scope: grant.scope,
    sid: grant.sid,
    ...(grant.jkt === undefined ? {} : { cnf: { jkt: grant.jkt } }),
    ...(grant.certificate === undefined ? {} : { cnf: { 'x5t#S256': grant.certificate } }),
    ...grant.user.claims,
  });
  const opaque = state.product.opaqueToken?.(grant);
  const token =
    settings.accessTokenFormat === 'opaque'
      ? mintSecret(state, 'token', 'at')
      : opaque === undefined
        ? signed(state, 'accessToken', draft, type, grant)
        : recordSecret(state, opaque);
  state.accessTokens.set(token, { grant, expiresAt });
  return token;
}

/** An ID token of the grant (OpenID Connect Core 2); after a refresh it has no nonce (12.2). */
export function mintIdToken(state: State, grant: Grant, type: GrantType, accessToken: string): string {
  const half = createHash('sha256').update(accessToken).digest().subarray(0, 16);
  const draft = draftOf(state, 'JWT', {
    iss: state.issuer,
    sub: grant.user.sub,
    aud: state.client.id,
    exp: seconds(state.now() + state.settings.idTokenLifetime),
    iat: seconds(state.now()),
    auth_time: grant.authTime,
    acr: grant.acr,
    sid: grant.sid,
    at_hash: half.toString('base64url'),
    jti: `canary-id-${randomUUID()}`,
    ...(type === 'authorization_code' && grant.nonce !== undefined ? { nonce: grant.nonce } : {}),
    ...grant.user.claims,
  });
  return signed(state, 'idToken', draft, type, grant);
}

/** The body of a successful token response. */
export function tokenResponse(state: State, grant: Grant, type: GrantType): Record<string, unknown> {
  const accessToken = mintAccessToken(state, grant, type);
  return {
    access_token: accessToken,
    token_type: grant.jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: state.settings.accessTokenLifetime / 1000,
    scope: grant.scope,
    ...(grant.refreshToken === undefined ? {} : { refresh_token: grant.refreshToken }),
    ...(grant.scope.split(' ').includes('openid') ? { id_token: mintIdToken(state, grant, type, accessToken) } : {}),
  };
}

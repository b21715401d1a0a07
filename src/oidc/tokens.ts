/** A token response becomes a token record. */
import { decodeJwt } from 'jose';
import type { TokenEndpointResponse } from 'openid-client';
import { GatewayError } from '../errors.ts';
import type { TokenRecord } from '../session/sessions.ts';

export interface TokenTimes {
  now: number;
  /** Milliseconds assumed when neither the response nor the token names a lifetime. */
  defaultLifetime: number;
}

/** Milliseconds since the epoch at which the access token lapses: by `expires_in`, else by `exp` of a JWT, else by default. */
function expiryOf(response: TokenEndpointResponse, { now, defaultLifetime }: TokenTimes): number {
  if (response.expires_in !== undefined) return now + response.expires_in * 1000;
  try {
    const { exp } = decodeJwt(response.access_token);
    if (typeof exp === 'number' && Number.isFinite(exp)) return exp * 1000;
  } catch {
    // An opaque token: nothing to read in it.
  }
  return now + defaultLifetime;
}

/**
 * Builds the record. `before` is what a refresh replaces: a response that leaves out refresh token, ID token or scope
 * means "as before" (RFC 6749 section 6, OIDC Core 12.2).
 */
export function tokenRecord(
  response: TokenEndpointResponse,
  times: TokenTimes,
  before: { scope: string } & Partial<TokenRecord>,
): TokenRecord {
  if (response.token_type.toLowerCase() !== 'bearer')
    throw new GatewayError('login_failed', {
      detail: `token_type ${response.token_type.slice(0, 32)} was not asked for`,
    });
  const refreshToken = response.refresh_token ?? before.refreshToken;
  const idToken = response.id_token ?? before.idToken;
  if (idToken === undefined) throw new GatewayError('login_failed', { detail: 'the token response holds no ID token' });
  return {
    accessToken: response.access_token,
    accessTokenExpiresAt: expiryOf(response, times),
    obtainedAt: times.now,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    idToken,
    scope: response.scope ?? before.scope,
    ...(before.userInfo === undefined ? {} : { userInfo: before.userInfo }),
  };
}

/** A token response becomes a token record. */
import { decodeJwt } from 'jose';
import type { TokenEndpointResponse } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { TokenRecord } from '../../session/session-types.ts';

export interface TokenTimes {
  now: number;
  /** Milliseconds assumed when neither the response nor the token names a lifetime. */
  defaultLifetime: number;
}

/** `exp` of a JWT access token in milliseconds since the epoch; undefined for an opaque token. */
function jwtExpiry(accessToken: string): number | undefined {
  try {
    const { exp } = decodeJwt(accessToken);
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** Apart by more than this, `exp` and `expires_in` show that the clocks differ, and only the lifetime can be believed. */
const SAME_CLOCK_MS = 5_000;

/**
 * Milliseconds since the epoch at which the access token lapses: by `expires_in`, else by `exp` of a JWT, else by default.
 * `exp` is cut to whole seconds, so it may come a little before `expires_in` is over; the API goes by `exp`.
 */
function expiryOf(response: TokenEndpointResponse, { now, defaultLifetime }: TokenTimes): number {
  const byToken = jwtExpiry(response.access_token);
  if (response.expires_in === undefined) return byToken ?? now + defaultLifetime;
  const byResponse = now + response.expires_in * 1000;
  return byToken !== undefined && Math.abs(byResponse - byToken) < SAME_CLOCK_MS
    ? Math.min(byToken, byResponse)
    : byResponse;
}

/**
 * Builds the record. `before` is what a refresh replaces: a response that leaves out refresh token, ID token or scope
 * means "as before" (RFC 6749 section 6, OIDC Core 12.2).
 */
export function toTokenRecord(
  response: TokenEndpointResponse,
  times: TokenTimes,
  before: { scope: string } & Partial<TokenRecord>,
): TokenRecord {
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
    ...(before.dpopKey === undefined ? {} : { dpopKey: before.dpopKey }),
  };
}

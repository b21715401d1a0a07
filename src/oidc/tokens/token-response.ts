/** Converts a token response into the token record of a session. */
import { decodeJwt } from 'jose';
import type { TokenEndpointResponse } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { TokenRecord } from '../../session/session-types.ts';

export interface TokenTimes {
  /** Milliseconds since the epoch. */
  now: number;
  /** Lifetime in milliseconds when neither the response nor the token states one. */
  defaultLifetime: number;
}

/** The `exp` of a JWT access token in milliseconds since the epoch; undefined for an opaque token. */
function jwtExpiry(accessToken: string): number | undefined {
  try {
    const { exp } = decodeJwt(accessToken);
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** If `exp` and `expires_in` differ by more than this, the clocks differ, and only `expires_in` is reliable. */
const MAX_CLOCK_DIFFERENCE_MS = 5_000;

/**
 * When the access token expires, in milliseconds since the epoch: by `expires_in`, else by `exp` of a JWT, else by the
 * default. `exp` is rounded down to seconds and can be slightly earlier than `expires_in`; the API checks `exp`.
 */
function expiryOf(response: TokenEndpointResponse, { now, defaultLifetime }: TokenTimes): number {
  const byToken = jwtExpiry(response.access_token);
  if (response.expires_in === undefined) return byToken ?? now + defaultLifetime;
  const byResponse = now + response.expires_in * 1000;
  return byToken !== undefined && Math.abs(byResponse - byToken) < MAX_CLOCK_DIFFERENCE_MS
    ? Math.min(byToken, byResponse)
    : byResponse;
}

/**
 * Creates the record. `previous` is the record that a refresh replaces: a refresh token, ID token or scope that the
 * response omits stays as it was (RFC 6749 section 6, OIDC Core 12.2).
 */
export function toTokenRecord(
  response: TokenEndpointResponse,
  times: TokenTimes,
  previous: { scope: string } & Partial<TokenRecord>,
): TokenRecord {
  const refreshToken = response.refresh_token ?? previous.refreshToken;
  const idToken = response.id_token ?? previous.idToken;
  if (idToken === undefined) throw new GatewayError('login_failed', { detail: 'the token response has no ID token' });
  return {
    accessToken: response.access_token,
    accessTokenExpiresAt: expiryOf(response, times),
    obtainedAt: times.now,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    idToken,
    scope: response.scope ?? previous.scope,
    ...(previous.userInfo === undefined ? {} : { userInfo: previous.userInfo }),
    ...(previous.dpopKey === undefined ? {} : { dpopKey: previous.dpopKey }),
  };
}

/** Converts a token response into the token record of a session. */
import { decodeJwt } from 'jose';
import type { TokenEndpointResponse } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import { issuedIdToken } from '../responses/id-token-member.ts';

export interface TokenTimes {
  /** When the token request was sent, by the provider's clock, in milliseconds since the epoch. */
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

/**
 * When the access token of a response expires, in milliseconds since the epoch: by `expires_in` or by `exp` of a JWT,
 * whichever is earlier, else by the default. A new token whose `exp` has passed shows that the clocks differ; then `exp`
 * says nothing.
 */
export function tokenExpiry(response: TokenEndpointResponse, { now, defaultLifetime }: TokenTimes): number {
  const byToken = jwtExpiry(response.access_token) ?? 0;
  const byResponse = response.expires_in === undefined ? undefined : now + response.expires_in * 1000;
  if (byToken <= now) return byResponse ?? now + defaultLifetime;
  return Math.min(byToken, byResponse ?? byToken);
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
  const idToken = issuedIdToken(response) ?? previous.idToken;
  if (idToken === undefined) throw new GatewayError('login_failed', { detail: 'the token response has no ID token' });
  return {
    ...(previous.provider === undefined ? {} : { provider: previous.provider }),
    accessToken: response.access_token,
    accessTokenExpiresAt: tokenExpiry(response, times),
    obtainedAt: times.now,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    idToken,
    scope: response.scope ?? previous.scope,
    ...(previous.userInfo === undefined ? {} : { userInfo: previous.userInfo }),
    ...(previous.dpopKey === undefined ? {} : { dpopKey: previous.dpopKey }),
  };
}

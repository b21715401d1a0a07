/** When a session ends at the latest: by the configuration, or earlier because the provider says so in the ID token. */
import type { IDToken } from 'openid-client';
import { GatewayError } from '../errors.ts';
import { numberOf } from '../providers/claims.ts';

/**
 * Milliseconds since the epoch. `session_expiry` (seconds; IPSIE session lifecycle profile) only ever shortens a session;
 * one that is over already signs nobody in.
 */
export function sessionLimit({ session_expiry: limit }: IDToken, now: number, absoluteTimeout: number): number {
  const ceiling = (numberOf(limit) ?? Number.POSITIVE_INFINITY) * 1000;
  if (ceiling <= now) throw new GatewayError('login_failed', { detail: 'session_expiry is in the past' });
  return Math.min(now + absoluteTimeout, ceiling);
}

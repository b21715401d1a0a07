/** Whether tokens are bound to whom they should be bound to: a provider that hands out less is not believed. */
import type { JsonWebKey } from 'node:crypto';
import { decodeJwt, type JWTPayload } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import { isRecord } from '../products/claims.ts';
import { keyThumbprint } from './key.ts';

export interface ExpectedBinding {
  /** The key of the session (RFC 9449); undefined where tokens are bearer tokens to the APIs. */
  dpopKey: JsonWebKey | undefined;
  /** SHA-256 thumbprint of the client certificate, where tokens must be bound to it (RFC 8705). */
  certificate: string | undefined;
}

function refuse(detail: string): never {
  throw new GatewayError('login_failed', { detail });
}

/** The claims of a JWT; undefined for an opaque token, into which only the provider and the APIs can look. */
function claimsOf(accessToken: string): JWTPayload | undefined {
  try {
    return decodeJwt(accessToken);
  } catch {
    return undefined;
  }
}

/** Rejects with `login_failed` when the provider bound the token to nothing, or to something else (RFC 9449 section 5). */
export function checkBinding(
  { access_token: token, token_type: type }: { access_token: string; token_type: string },
  { dpopKey, certificate }: ExpectedBinding,
): void {
  const wanted = dpopKey === undefined ? 'bearer' : 'dpop';
  if (type.toLowerCase() !== wanted)
    refuse(`token_type ${type.slice(0, 32)} was not asked for${dpopKey ? ': a token without a key is not taken' : ''}`);
  const claims = dpopKey === undefined && certificate === undefined ? undefined : claimsOf(token);
  if (claims === undefined) return;
  const cnf = isRecord(claims.cnf) ? claims.cnf : {};
  if (dpopKey !== undefined && cnf.jkt !== keyThumbprint(dpopKey))
    refuse('the access token is not bound to the key of this session');
  if (certificate !== undefined && cnf['x5t#S256'] !== certificate)
    refuse('the access token is not bound to the certificate of the gateway');
}

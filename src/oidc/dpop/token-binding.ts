/** Verifies that issued tokens are bound as required: to the key of the session, or to the certificate of the gateway. */
import type { JsonWebKey } from 'node:crypto';
import { decodeJwt, type JWTPayload } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import { isRecord } from '../products/base/claims.ts';
import { keyThumbprint } from './key.ts';

export interface ExpectedBinding {
  /** The key of the session (RFC 9449); undefined where APIs accept bearer tokens. */
  dpopKey: JsonWebKey | undefined;
  /** SHA-256 thumbprint of the client certificate, where tokens must be bound to it (RFC 8705). */
  certificate: string | undefined;
}

function refuse(detail: string): never {
  throw new GatewayError('login_failed', { detail });
}

/** The claims of a JWT; undefined for an opaque token, which only the provider and the APIs can read. */
function claimsOf(accessToken: string): JWTPayload | undefined {
  try {
    return decodeJwt(accessToken);
  } catch {
    return undefined;
  }
}

/** Rejects with `login_failed` when the provider did not bind the token, or bound it to something else (RFC 9449 section 5). */
export function checkBinding(
  { access_token: token, token_type: type }: { access_token: string; token_type: string },
  { dpopKey, certificate }: ExpectedBinding,
): void {
  const expectedType = dpopKey === undefined ? 'bearer' : 'dpop';
  if (type.toLowerCase() !== expectedType)
    refuse(`unexpected token_type ${type.slice(0, 32)}${dpopKey ? ': a token that is not bound is refused' : ''}`);
  const claims = dpopKey === undefined && certificate === undefined ? undefined : claimsOf(token);
  if (claims === undefined) return;
  const confirmation = isRecord(claims.cnf) ? claims.cnf : {};
  if (dpopKey !== undefined && confirmation.jkt !== keyThumbprint(dpopKey))
    refuse('the access token is not bound to the key of this session');
  if (certificate !== undefined && confirmation['x5t#S256'] !== certificate)
    refuse('the access token is not bound to the certificate of the gateway');
}

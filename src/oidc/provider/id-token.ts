/** What the gateway checks in an ID token beyond openid-client, and the claims of one that was verified before. */
import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { IDToken } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';

const HASHES: Record<string, string> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };

/** The claims of an ID token from the sealed record: its signature was verified when it was received. */
export function storedClaims(idToken: string): Record<string, unknown> {
  return decodeJwt(idToken);
}

const refuse = (detail: string): never => {
  throw new GatewayError('login_failed', { detail });
};

/** `at_hash` binds the access token to the ID token; compared when it is there (OIDC Core 3.1.3.8). */
function checkAccessTokenHash(idToken: string, claims: IDToken, accessToken: string): void {
  const { at_hash } = claims;
  if (at_hash === undefined) return;
  const { alg = '' } = decodeProtectedHeader(idToken);
  // EdDSA names no size; Ed25519 uses SHA-512 (OIDC Core errata, as implemented by providers).
  const algorithm = HASHES[alg.slice(-3)] ?? 'sha512';
  const hash = createHash(algorithm).update(accessToken).digest();
  if (at_hash !== hash.subarray(0, hash.length / 2).toString('base64url'))
    refuse('at_hash does not match the access token');
}

export interface IdTokenChecks {
  accessToken: string;
  /** Issuers whose users may sign in; of a provider for many tenants those of the configured ones. */
  issuers: readonly string[];
  /** Milliseconds since the epoch, and how far the provider's clock may be ahead, in milliseconds. */
  now: number;
  tolerance: number;
  acrValues?: readonly string[] | undefined;
}

/** Throws `login_failed` when the ID token is of a tenant that is not let in, from the future, does not fit the access token, or shows a weaker `acr` than was asked for. */
export function checkIdToken(
  idToken: string,
  claims: IDToken,
  { accessToken, issuers, now, tolerance, acrValues }: IdTokenChecks,
): void {
  if (!issuers.includes(claims.iss)) refuse(`users of ${claims.iss.slice(0, 200)} may not sign in here`);
  // Of Entra ID the issuer was compared with this one put in; a list of one would read like a text there.
  if (claims.tid !== undefined && typeof claims.tid !== 'string') refuse('tid is not a text');
  const ahead = claims.iat * 1000 - now;
  if (ahead > tolerance) {
    refuse(
      `the ID token was issued ${Math.round(ahead / 1000)} s in the future: the clocks of gateway and provider differ by more than clockTolerance (${tolerance / 1000} s)`,
    );
  }
  if (typeof claims.sub !== 'string' || claims.sub.length === 0 || claims.sub.length > 255)
    refuse('sub is missing or too long');
  checkAccessTokenHash(idToken, claims, accessToken);
  // An unmet acr_values request still ends in a normal answer (OIDC Core 3.1.2.1), so it has to be looked at here.
  if (acrValues && !(typeof claims.acr === 'string' && acrValues.includes(claims.acr)))
    refuse('the provider did not reach the requested acr');
}

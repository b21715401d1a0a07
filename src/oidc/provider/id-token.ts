/** Checks ID tokens beyond what openid-client does, and decodes tokens that have already been verified. */
import { createHash } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import type { IDToken } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { VerifySignature } from '../keys/signing-keys.ts';

const HASHES: Record<string, string> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };

/** The claims of a token from the sealed record, whose signature was verified when it was received. */
export function storedClaims(idToken: string): Record<string, unknown> {
  return decodeJwt(idToken);
}

/**
 * Verifies the signature of an ID token, even though the token came over TLS from the token endpoint (RFC 8725 section 3.1).
 * Rejects as `Provider.verify` does.
 */
export async function verifyIdTokenSignature(
  { verify }: { readonly verify: VerifySignature },
  idToken: string,
  algorithm: string,
): Promise<void> {
  await verify(idToken, (keys) => compactVerify(idToken, keys, { algorithms: [algorithm] }));
}

const refuse = (detail: string): never => {
  throw new GatewayError('login_failed', { detail });
};

/** Compares `at_hash`, if present, which binds the access token to the ID token (OIDC Core 3.1.3.8). */
function checkAccessTokenHash(idToken: string, claims: IDToken, accessToken: string): void {
  const { at_hash } = claims;
  if (at_hash === undefined || at_hash === null) return;
  const { alg = '' } = decodeProtectedHeader(idToken);
  // The name EdDSA contains no hash size; Ed25519 uses SHA-512 (OIDC Core errata, as providers implement it).
  const algorithm = HASHES[alg.slice(-3)] ?? 'sha512';
  const hash = createHash(algorithm).update(accessToken).digest();
  if (at_hash !== hash.subarray(0, hash.length / 2).toString('base64url'))
    refuse('at_hash does not match the access token');
}

export interface IdTokenChecks {
  accessToken: string;
  /** Issuers whose users may sign in; for a multi-tenant provider those of the configured tenants. */
  issuers: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  /** How far the provider's clock may be ahead, in milliseconds. */
  tolerance: number;
  acrValues?: readonly string[] | undefined;
}

/**
 * Throws `login_failed` when the ID token is of an issuer that is not allowed, was issued in the future, does not belong to
 * the access token, or has a weaker `acr` than requested.
 */
export function checkIdToken(
  idToken: string,
  claims: IDToken,
  { accessToken, issuers, now, tolerance, acrValues }: IdTokenChecks,
): void {
  if (!issuers.includes(claims.iss)) refuse(`users of ${claims.iss.slice(0, 200)} may not sign in here`);
  // openid-client puts the tid of Entra ID into the issuer; a list of one string would read like that string.
  if ((claims.tid ?? undefined) !== undefined && typeof claims.tid !== 'string') refuse('tid is not a string');
  const aheadMs = claims.iat * 1000 - now;
  if (aheadMs > tolerance) {
    refuse(
      `the ID token was issued ${Math.round(aheadMs / 1000)} s in the future: the clocks of gateway and provider differ by more than clockTolerance (${tolerance / 1000} s)`,
    );
  }
  if (typeof claims.sub !== 'string' || claims.sub.length === 0 || claims.sub.length > 255)
    refuse('sub is missing or too long');
  checkAccessTokenHash(idToken, claims, accessToken);
  // A provider that cannot meet acr_values still returns a normal response (OIDC Core 3.1.2.1).
  if (acrValues && !(typeof claims.acr === 'string' && acrValues.includes(claims.acr)))
    refuse('the provider did not reach the requested acr');
}

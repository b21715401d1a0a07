/** Verifies signed JWTs like `jwtVerify` of jose, except that times which are null or empty count as absent. */
import { type CompactJWSHeaderParameters, compactVerify, errors, type JWTPayload } from 'jose';
import { isEmptyValue, isRecord } from '../products/base/claims.ts';
import type { KeyLookup } from './signing-keys.ts';

export interface JwtChecks {
  readonly algorithms: readonly string[];
  /** The accepted issuers; undefined if the caller checks `iss`. */
  readonly issuers?: readonly string[];
  /** The value that `aud` must have or contain; undefined if the caller checks `aud`. */
  readonly audience?: string;
  /** Claims that must have a value. */
  readonly required: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How far clocks may differ, in milliseconds. */
  readonly tolerance: number;
}

export interface VerifiedJwt {
  /** The claims as issued. */
  readonly payload: JWTPayload;
  readonly protectedHeader: CompactJWSHeaderParameters;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parseClaims(payload: Uint8Array): JWTPayload {
  try {
    const claims: unknown = JSON.parse(UTF8.decode(payload));
    if (isRecord(claims)) return claims;
  } catch (cause) {
    throw new errors.JWTInvalid('the claims are not JSON', { cause });
  }
  throw new errors.JWTInvalid('the claims are not a JSON object');
}

/** A time claim in milliseconds since the epoch; undefined if it is absent. Throws for any other value (RFC 7519 section 2). */
function timeOf(claims: JWTPayload, name: 'exp' | 'iat' | 'nbf'): number | undefined {
  const value: unknown = claims[name];
  if (isEmptyValue(value)) return undefined;
  if (typeof value === 'number') return value * 1000;
  throw new errors.JWTClaimValidationFailed(`"${name}" is not a number`, claims, name, 'invalid');
}

function checkParties(claims: JWTPayload, { issuers, audience }: JwtChecks): void {
  const unexpected = (name: string) =>
    new errors.JWTClaimValidationFailed(`unexpected "${name}" claim value`, claims, name, 'check_failed');
  if (issuers && !(typeof claims.iss === 'string' && issuers.includes(claims.iss))) throw unexpected('iss');
  if (audience !== undefined && ![claims.aud].flat().includes(audience)) throw unexpected('aud');
}

function checkTimes(claims: JWTPayload, { now, tolerance }: JwtChecks): void {
  const [exp, nbf] = [timeOf(claims, 'exp'), timeOf(claims, 'nbf')];
  timeOf(claims, 'iat');
  if (nbf !== undefined && nbf > now + tolerance)
    throw new errors.JWTClaimValidationFailed('"nbf" is in the future', claims, 'nbf', 'check_failed');
  if (exp !== undefined && exp <= now - tolerance)
    throw new errors.JWTExpired('"exp" is in the past', claims, 'exp', 'check_failed');
}

/** Returns the claims and the header of a JWT whose signature and claims are valid. Rejects with an error of jose otherwise. */
export async function verifyJwt(jwt: string, keys: KeyLookup, checks: JwtChecks): Promise<VerifiedJwt> {
  const { payload: bytes, protectedHeader } = await compactVerify(jwt, keys, { algorithms: [...checks.algorithms] });
  // RFC 7797 section 7.
  if (protectedHeader.b64 === false) throw new errors.JWTInvalid('the payload of a JWT must be encoded');
  const payload = parseClaims(bytes);
  for (const name of checks.required)
    if (isEmptyValue(payload[name]))
      throw new errors.JWTClaimValidationFailed(`"${name}" is missing`, payload, name, 'missing');
  checkParties(payload, checks);
  checkTimes(payload, checks);
  return { payload, protectedHeader };
}

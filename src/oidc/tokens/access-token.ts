/** Verifies a JWT access token: signature, type, issuer, life, and that it is no other kind of token (RFC 9068 section 4). */
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import { numberOf, textOf } from '../products/claims.ts';
import type { Claims } from '../products/facts.ts';
import { keysOfIssuer } from '../provider/tenants.ts';
import type { TokenIssuer } from './token-issuers.ts';

/** A longer token is no token of anybody's; it would not fit into a request head anyway. */
const MAX_TOKEN = 16_384;
/** Later than any token lives, in seconds since the epoch: the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** Refuses a token; `detail` is for the log, never for the caller (RFC 6750 section 3.1 leaves the description open). */
export function refuseToken(detail: string): never {
  throw new GatewayError('invalid_token', { detail });
}

/** The issuer that a token names, unverified; undefined when the text is no JWT. */
export function unverifiedIssuer(token: string): string | undefined {
  if (token.length > MAX_TOKEN) refuseToken('longer than any token');
  try {
    return textOf(decodeJwt(token).iss) ?? '';
  } catch {
    return undefined;
  }
}

/** RFC 9068 section 4: `at+jwt`, with or without its prefix; relaxed, at least no other type (RFC 8725 section 3.11). */
function checkType(typ: unknown, expected: TokenIssuer['type']): void {
  const name = textOf(typ)
    ?.toLowerCase()
    .replace(/^application\//, '');
  if (name === 'at+jwt') return;
  const plain = typ === undefined || name === 'jwt';
  if (expected === 'at+jwt' || !plain) refuseToken(`the header type is ${String(typ).slice(0, 32)}`);
}

/** Fractions are fine, texts and absurd numbers are not (RFC 7519 section 2). */
function checkTimes({ exp, iat }: Claims, now: number, tolerance: number): void {
  const expiry = numberOf(exp);
  if (expiry === undefined || expiry > LAST_SECOND) refuseToken('exp is missing or absurd');
  const issued = numberOf(iat);
  if (issued !== undefined && issued * 1000 - now > tolerance) refuseToken('issued in the future');
}

const reasonOf = (error: errors.JOSEError) =>
  error instanceof errors.JWTClaimValidationFailed ? `${error.claim} ${error.reason}` : error.code;

export interface VerifyOptions {
  /** Milliseconds since the epoch. */
  now: number;
  /** How far clocks may differ, in milliseconds. */
  tolerance: number;
}

/** Keys that were parsed before, by the text they came from: jose keeps imported keys with them. */
const parsed = new WeakMap<TokenIssuer, { text: string; keys: ReturnType<typeof createLocalJWKSet> }>();

async function keysOf(issuer: TokenIssuer, name: string, kid: string | undefined) {
  const all = await issuer.provider.keys(kid);
  const text = issuer.product.keysNameIssuer ? keysOfIssuer(all, name) : all;
  const known = parsed.get(issuer);
  if (known?.text === text) return known.keys;
  const keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  parsed.set(issuer, { text, keys });
  return keys;
}

function kidOf(token: string): string | undefined {
  try {
    return textOf(decodeProtectedHeader(token).kid);
  } catch {
    return refuseToken('the header cannot be read');
  }
}

/**
 * The claims of a token that `name` issued. Keys come from that issuer's key set alone, whatever the header points to.
 * Rejects with `invalid_token`, or with `provider_unavailable` when there are no keys to be had.
 */
export async function verifyAccessToken(
  token: string,
  name: string,
  issuer: TokenIssuer,
  { now, tolerance }: VerifyOptions,
): Promise<Claims> {
  const kid = kidOf(token);
  const keys = await keysOf(issuer, name, kid).catch((error: unknown) => {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('provider_unavailable', { cause: error, detail: 'no key set to verify a token with' });
  });
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: [...issuer.algorithms],
      issuer: name,
      clockTolerance: tolerance / 1000,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'aud'],
    });
    checkType(protectedHeader.typ, issuer.type);
    checkTimes(payload, now, tolerance);
    const other = issuer.product.rejectionReason(payload);
    if (other !== undefined) refuseToken(other);
    return payload;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    // Beside its own errors jose throws what node:crypto says of a key and an algorithm that do not go together.
    return refuseToken(error instanceof errors.JOSEError ? reasonOf(error) : 'cannot be verified');
  }
}

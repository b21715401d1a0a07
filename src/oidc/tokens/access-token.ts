/** Verifies JWT access tokens: signature, type, issuer, lifetime, and that they are not another type of token (RFC 9068 section 4). */
import { decodeJwt, errors } from 'jose';
import { GatewayError } from '../../base/errors.ts';
import { isCompactJws } from '../keys/signing-keys.ts';
import { verifyJwt } from '../keys/verify-jwt.ts';
import { isEmptyValue, numberOf, stringOf } from '../products/base/claims.ts';
import type { Claims } from '../products/base/facts.ts';
import { rejectionReason } from '../products/read-facts.ts';
import type { TokenIssuer } from './token-issuers.ts';

/** Longer than any legitimate token, and than the header size limit of most servers. */
const MAX_TOKEN_LENGTH = 16_384;
/** The largest accepted `exp`, in seconds since the epoch: the end of the year 9999. */
const MAX_EXPIRY_S = 253_402_300_799;

/** Refuses a token. `detail` is logged and never sent to the client (RFC 6750 section 3.1 makes the description optional). */
export function refuseToken(detail: string): never {
  throw new GatewayError('invalid_token', { detail });
}

/**
 * The `iss` of a JWT before verification, empty if it has none; undefined when the token is not a JWT. Throws for a JWT with
 * padding (RFC 7515 section 2): one token must not have several forms, and such a one is not taken for an opaque token.
 */
export function unverifiedIssuer(token: string): string | undefined {
  if (token.length > MAX_TOKEN_LENGTH) refuseToken('the token is too long');
  let issuer: string;
  try {
    issuer = stringOf(decodeJwt(token).iss) ?? '';
  } catch {
    return undefined;
  }
  return isCompactJws(token) ? issuer : refuseToken('a JWT with padding');
}

/**
 * Requires the header type `at+jwt`, with or without its prefix (RFC 9068 section 4). With `any`, an absent type and `JWT`
 * pass as well, but no type of another token (RFC 8725 section 3.11).
 */
function checkType(typ: unknown, expected: TokenIssuer['type']): void {
  const name = stringOf(typ)
    ?.toLowerCase()
    .replace(/^application\//, '');
  if (name === 'at+jwt') return;
  const untyped = typ === undefined || name === 'jwt';
  if (expected === 'at+jwt' || !untyped) refuseToken(`the header type is ${String(typ).slice(0, 32)}`);
}

/** Accepts fractional numbers, but not strings or absurd numbers (RFC 7519 section 2). */
function checkTimes({ exp, iat }: Claims, now: number, tolerance: number): void {
  const expiry = numberOf(exp);
  if (expiry === undefined || expiry > MAX_EXPIRY_S) refuseToken('exp is missing or absurd');
  const issued = numberOf(iat);
  if (issued !== undefined && issued * 1000 - now > tolerance) refuseToken('the token was issued in the future');
}

const reasonOf = (error: errors.JOSEError) =>
  error instanceof errors.JWTClaimValidationFailed ? `${error.claim} ${error.reason}` : error.code;

/** Where a token comes from: the token endpoint of a provider, for a session of this gateway, or a client with this address. */
export type TokenOrigin = { readonly provider: string } | { readonly address: string | undefined };

/** Id of the provider at whose token endpoint the gateway got the token; undefined for a client's token. */
export const sessionProvider = (origin: TokenOrigin): string | undefined =>
  'provider' in origin ? origin.provider : undefined;

/** Longer than any difference of clocks, in milliseconds (a hundred years). */
const ANY_TIME_MS = 100 * 365 * 86_400_000;

/**
 * How far the times of a token may be off. Those of a session's token are not checked: it came from the token endpoint, and
 * its lifetime is that of the token record. A wrong clock must not end sessions.
 */
export const timeTolerance = (origin: TokenOrigin, tolerance: number) =>
  'provider' in origin ? ANY_TIME_MS : tolerance;

export interface VerifyOptions {
  /** Milliseconds since the epoch. */
  now: number;
  /** How far clocks may differ, in milliseconds. */
  tolerance: number;
}

/**
 * Verifies a token that `name` issued and returns its claims. Keys come only from that issuer's key set, never from an
 * address in the header. Rejects with `invalid_token`, or with `provider_unavailable` when no key set is available.
 */
export async function verifyAccessToken(
  token: string,
  name: string,
  issuer: TokenIssuer,
  { now, tolerance }: VerifyOptions,
): Promise<Claims> {
  const checks = { algorithms: issuer.algorithms, issuers: [name], required: ['iss', 'exp'], now, tolerance };
  try {
    const { payload, protectedHeader } = await issuer.provider.verify(token, (keys) => verifyJwt(token, keys, checks));
    checkType(protectedHeader.typ, issuer.type);
    checkTimes(payload, now, tolerance);
    const { audienceClaims } = issuer.product;
    if (audienceClaims.every((name) => isEmptyValue(payload[name])))
      refuseToken(`${audienceClaims.join(' or ')} missing`);
    const rejection = rejectionReason(issuer.product, payload);
    if (rejection !== undefined) refuseToken(rejection);
    return payload;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    // Besides its own errors, jose throws those of node:crypto when a key does not fit the algorithm.
    return refuseToken(error instanceof errors.JOSEError ? reasonOf(error) : 'the token cannot be verified');
  }
}

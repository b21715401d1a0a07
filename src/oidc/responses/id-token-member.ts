/** Reads the ID token of a token response: optional claims that are null, empty or malformed count as absent. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { TokenEndpointResponse } from 'openid-client';
import { isCompactJws } from '../keys/signing-keys.ts';
import { isEmptyValue, numberOf, stringOf } from '../products/base/claims.ts';
import type { Claims } from '../products/base/facts.ts';

/** The member that holds the ID token as issued, where openid-client gets a copy without some claims. */
const ISSUED = 'bff_gateway_issued_id_token';
/** The last second of the year 9999. */
const MAX_TIME_S = 253_402_300_799;

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isNonNegative = (value: unknown) => (numberOf(value) ?? -1) >= 0;
const isTime = (value: unknown) => isNonNegative(value) && Number(value) <= MAX_TIME_S;
const isAudience = (value: unknown) =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));

/** Optional claims that openid-client or the gateway checks, and the form of each. */
const OPTIONAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  nbf: isNonNegative,
  auth_time: isNonNegative,
  at_hash: isText,
  tid: isText,
};

interface DecodedIdToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Claims;
}

function decode(value: unknown): DecodedIdToken | undefined {
  try {
    if (typeof value !== 'string' || !isCompactJws(value)) return undefined;
    return { header: { ...decodeProtectedHeader(value) }, claims: decodeJwt(value) };
  } catch {
    return undefined;
  }
}

/**
 * Whether the ID token can be checked at all (RFC 7515 section 4.1, OIDC Core section 2). One that can and that names another
 * user, issuer or client is well-formed.
 */
function isWellFormed({ header, claims }: DecodedIdToken): boolean {
  const { iss, sub, aud, exp, iat, nbf } = claims;
  const times = nbf === undefined ? [exp, iat] : [exp, iat, nbf];
  return (
    isText(header.alg) &&
    header.crit === undefined &&
    (isEmptyValue(header.kid) || isText(header.kid)) &&
    isText(iss) &&
    isText(sub) &&
    isAudience(aud) &&
    times.every(isTime)
  );
}

export interface IdTokenMember {
  /** The members that replace `id_token`; none if it counts as absent. */
  readonly members: Readonly<Record<string, string>>;
  /** Names of what had a value and was ignored. */
  readonly ignored: readonly string[];
}

const isOdd = (name: string, value: unknown) => Object.hasOwn(OPTIONAL, name) && OPTIONAL[name]?.(value) === false;

/**
 * Reads the member `id_token`. Where the response may omit it, a malformed one counts as absent. Callers verify the signature
 * of the ID token as issued (`issuedIdToken`): a copy without the odd claims has none that is valid.
 */
export function readIdToken(value: unknown, mayOmit: boolean): IdTokenMember {
  const decoded = decode(value);
  if (typeof value !== 'string' || !decoded) return { members: {}, ignored: ['id_token'] };
  const isEmpty = ([, claim]: [string, unknown]) => claim === null || claim === '';
  const present = Object.entries(decoded.claims).filter((entry) => !isEmpty(entry));
  const claims = Object.fromEntries(present.filter(([name, claim]) => !isOdd(name, claim)));
  const ignored = present.filter(([name, claim]) => isOdd(name, claim)).map(([name]) => `id_token.${name}`);
  if (mayOmit && !isWellFormed({ ...decoded, claims })) return { members: {}, ignored: ['id_token'] };
  if (Object.keys(claims).length === Object.keys(decoded.claims).length)
    return { members: { id_token: value }, ignored };
  const [header, , signature] = value.split('.');
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return { members: { id_token: `${header}.${payload}.${signature}`, [ISSUED]: value }, ignored };
}

/** Whether a member has the name that only the gateway may set. */
export const isIssuedMember = (name: string): boolean => name === ISSUED;

/** The ID token of a response as the provider issued it. */
export const issuedIdToken = (response: TokenEndpointResponse): string | undefined =>
  stringOf(response[ISSUED]) ?? response.id_token;

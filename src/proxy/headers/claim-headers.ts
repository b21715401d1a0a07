/** Passes claims of the caller to the upstream as request headers, encoded so that no value can break out of its header. */
import type { Logger } from '../../observe/log.ts';
import { claimAt, isRecord } from '../../oidc/products/base/claims.ts';
import type { Claims } from '../../oidc/products/base/facts.ts';

/** Maximum length of one claim header, in characters after encoding. */
export const MAX_CLAIM_LENGTH = 4096;

/** For each byte of UTF-8: the character itself if it is visible ASCII except `%` and `,`, else its percent-encoding. */
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const visible = byte > 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x2c;
  return visible ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function encode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) encoded += ENCODED[byte];
  return encoded;
}

const NONE: readonly string[] = [];

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/**
 * Returns a claim as a header value: percent-encoded UTF-8, in which everything except visible ASCII is encoded, and so are
 * `%` and `,` (RFC 9110 section 5.5 does not guarantee other characters). `decodeURIComponent` restores the exact text.
 * Strings, numbers and booleans become their text, an object its JSON. The elements of an array are encoded and joined by
 * `,`: split at the commas first, then decode each. Undefined for a claim that is missing or null.
 */
export function encodeClaim(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((element) => encode(textOf(element))).join(',');
  return encode(textOf(value));
}

/**
 * As `encodeClaim`, but the text itself in UTF-8, which node:http takes as latin1. Undefined also for text with control characters or spaces at its ends, and
 * for a list with a comma in an element: the upstream would read two elements.
 */
function plainClaim(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const texts = (Array.isArray(value) ? value : [value]).map(textOf);
  if (Array.isArray(value) && texts.some((element) => element.includes(','))) return undefined;
  const text = texts.join(',');
  // HTTP drops spaces at the ends: `admin` and `admin ` would become one user.
  return /\p{Cc}/u.test(text) || text !== text.trim() ? undefined : Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Returns the payload of a JWT (RFC 7519 section 7.2), empty for an opaque token. The signature is not verified, because the
 * gateway received the token from the provider itself.
 */
export function unverifiedClaims(accessToken: string): Claims {
  const [, payload, , ...rest] = accessToken.split('.');
  if (!payload || rest.length > 0) return {};
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return isRecord(claims) ? claims : {};
  } catch {
    return {};
  }
}

/** Returns the function that encodes a claim as the value of a header. */
export const claimEncoder = (encoding: 'percent' | 'utf8') => (encoding === 'utf8' ? plainClaim : encodeClaim);

/**
 * Creates the function that returns a caller's claims as raw header pairs. A value that is too long is omitted and logged.
 * The result is cached for as long as `holder` lives: the token record, or the token facts, that the claims belong to.
 */
export function createClaimHeaders(
  mapping: Readonly<Record<string, string>>,
  encoding: 'percent' | 'utf8' = 'percent',
) {
  const headerValue = claimEncoder(encoding);
  const entries = Object.entries(mapping);
  const cache = new WeakMap<object, readonly string[]>();

  function headersOf(claims: Claims, log: Logger): string[] {
    return entries.flatMap(([name, path]) => {
      const value = headerValue(claimAt(claims, path));
      if (value === undefined) return [];
      if (value.length <= MAX_CLAIM_LENGTH) return [name, value];
      log.warn({ header: name, claim: path, length: value.length }, 'claim is too long for a header; header omitted');
      return [];
    });
  }

  // `context` instead of its logger: the logger is created on first use, and nearly no request needs it here.
  return function claimHeaders(
    holder: object,
    claimsOf: () => Claims,
    context: { readonly log: Logger },
  ): readonly string[] {
    if (entries.length === 0) return NONE;
    const cached = cache.get(holder);
    if (cached) return cached;
    const headers = headersOf(claimsOf(), context.log);
    cache.set(holder, headers);
    return headers;
  };
}

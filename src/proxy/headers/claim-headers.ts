/** Claims of the signed-in user as request headers, encoded so that no value can break out of its header. */
import type { Logger } from '../../observe/log.ts';
import { claimAt, isRecord } from '../../oidc/products/claims.ts';
import type { Claims } from '../../oidc/products/facts.ts';

/** Longest value of one claim header, in characters after encoding. */
export const MAX_CLAIM_LENGTH = 4096;

/** For each byte of UTF-8: itself when it is visible ASCII but `%` and `,`, otherwise its percent-encoding. */
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
 * A claim as a header value: percent-encoded UTF-8 in which everything but visible ASCII is encoded, and so are `%` and
 * `,`. `decodeURIComponent` gives the exact text. Strings, numbers and booleans are their text; an object is its JSON; an
 * array is its encoded elements joined by `,`, so split at the commas first, then decode each. (RFC 9110 section 5.5
 * leaves anything but visible ASCII to luck.) Undefined for a claim that is missing or null.
 */
export function encodeClaim(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((element) => encode(textOf(element))).join(',');
  return encode(textOf(value));
}

/** The payload of a JWT (RFC 7519 section 7.2), not verified: the provider handed it to us itself. Empty for an opaque token. */
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

/**
 * Builds the function that turns a caller's claims into raw header pairs. A value that is too long is left out and logged.
 * The result is kept as long as `holder` lives, to which the claims belong: a token record, or the facts of a token.
 */
export function createClaimHeaders(mapping: Readonly<Record<string, string>>) {
  const entries = Object.entries(mapping);
  const remembered = new WeakMap<object, readonly string[]>();

  function pairs(claims: Claims, log: Logger): string[] {
    return entries.flatMap(([name, path]) => {
      const value = encodeClaim(claimAt(claims, path));
      if (value === undefined) return [];
      if (value.length <= MAX_CLAIM_LENGTH) return [name, value];
      log.warn({ header: name, claim: path, length: value.length }, 'claim is too long for a header and is left out');
      return [];
    });
  }

  // Not the logger itself: each call would make one of its own, and nearly none of them has something to say.
  return function claimHeaders(
    holder: object,
    claimsOf: () => Claims,
    logs: { readonly log: Logger },
  ): readonly string[] {
    if (entries.length === 0) return NONE;
    const known = remembered.get(holder);
    if (known) return known;
    const made = pairs(claimsOf(), logs.log);
    remembered.set(holder, made);
    return made;
  };
}

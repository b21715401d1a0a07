/** Keeps the gateway's own cookies out of upstream requests, and out of the cookies that an upstream sets. */
import type { CookieNames, CookieSettings } from '../../session/cookies.ts';

/** `__Host-` and `__Secure-` in any case: browsers compare these prefixes case-insensitively (RFC 6265bis section 4.1.3). */
const PREFIX = /^__(?:host|secure)-/;

function percentDecoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Returns the name as a lenient parser may read it: trimmed, unquoted, percent-decoded, lower case, without prefix. */
function lenientName(name: string): string {
  const plain = name.includes('%') ? percentDecoded(name) : name;
  return plain.trim().replace(/^"|"$/g, '').toLowerCase().replace(PREFIX, '');
}

/** Creates the test whether a cookie name is one of the gateway's, in any spelling; those of the other apps of the host included. */
export function createOwnCookieTest(
  names: CookieNames & Partial<Pick<CookieSettings, 'siblings'>>,
): (name: string) => boolean {
  const all = [names, ...(names.siblings ?? [])];
  const prefixes = all.map(({ loginPrefix }) => lenientName(loginPrefix));
  const others = new Set(
    all.flatMap(({ sessionName, logoutName, arrivedName }) => [sessionName, logoutName, arrivedName].map(lenientName)),
  );
  return function isOwnCookie(name) {
    const lenient = lenientName(name);
    return others.has(lenient) || prefixes.some((prefix) => lenient.startsWith(prefix));
  };
}

/** Returns the text before the first `=`, or a whole pair without one, which browsers store as a nameless cookie. */
function nameOf(pair: string): string {
  const start = /^[\s=]*/.exec(pair)?.[0].length ?? 0;
  const equals = pair.indexOf('=', start);
  return pair.slice(start, equals < 0 ? undefined : equals);
}

/**
 * Returns a `Cookie` value without the gateway's cookies, the others byte for byte and in order; empty when none is left.
 * It is split at each `;`, quoted or not: a parser that honours quotes then cannot find our cookie inside another one.
 */
export function withoutOwnCookies(header: string, isOwn: (name: string) => boolean): string {
  const pairs = header.split(';');
  const kept = pairs.filter((pair) => pair.trim() !== '' && !isOwn(nameOf(pair)));
  return kept.length === pairs.length ? header : kept.map((pair) => pair.replace(/^[ \t]+/, '')).join('; ');
}

/** Returns whether a `Set-Cookie` value would create, replace or shadow a cookie of the gateway (RFC 6265bis section 5.6). */
export function setsOwnCookie(header: string, isOwn: (name: string) => boolean): boolean {
  const pair = header.split(';', 1)[0] ?? '';
  return isOwn(nameOf(pair));
}

/** Keeps the gateway's cookies to the gateway: out of what goes upstream, out of what an upstream sets. */
import type { CookieSettings } from '../../session/cookies.ts';

/** `__Host-` and `__Secure-` in any case: browsers compare these prefixes without regard to case (RFC 6265bis 4.1.3). */
const PREFIX = /^__(?:host|secure)-/;

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The name as a lenient reader may understand it: trimmed, unquoted, percent-decoded, case folded, without prefix. */
function lenientName(name: string): string {
  const plain = name.includes('%') ? decoded(name) : name;
  return plain.trim().replace(/^"/, '').toLowerCase().replace(PREFIX, '');
}

/** Builds the test whether a cookie name is one of the gateway's, in any spelling. */
export function createOwnCookieTest(
  names: Pick<CookieSettings, 'sessionName' | 'loginPrefix' | 'logoutName'>,
): (name: string) => boolean {
  const session = lenientName(names.sessionName);
  const login = lenientName(names.loginPrefix);
  const logout = lenientName(names.logoutName);
  return function isOwnCookie(name) {
    const lenient = lenientName(name);
    return lenient === session || lenient === logout || lenient.startsWith(login);
  };
}

/** What stands before the first `=`; the whole of a pair without one, since browsers store that as a nameless cookie. */
function nameOf(pair: string): string {
  const start = /^[\s=]*/.exec(pair)?.[0].length ?? 0;
  const equals = pair.indexOf('=', start);
  return pair.slice(start, equals < 0 ? undefined : equals);
}

/**
 * A `Cookie` value without the gateway's cookies, the others byte for byte and in order; empty when none is left.
 * Split at each `;` whatever the quotes say: a reader that honours quotes then cannot find our cookie inside another.
 */
export function withoutOwnCookies(header: string, isOwn: (name: string) => boolean): string {
  const pairs = header.split(';');
  const kept = pairs.filter((pair) => pair.trim() !== '' && !isOwn(nameOf(pair)));
  return kept.length === pairs.length ? header : kept.map((pair) => pair.replace(/^[ \t]+/, '')).join('; ');
}

/** Whether a `Set-Cookie` value of an upstream would make, replace or shadow a cookie of the gateway (RFC 6265bis 5.6). */
export function setsOwnCookie(header: string, isOwn: (name: string) => boolean): boolean {
  const pair = header.split(';', 1)[0] ?? '';
  return isOwn(nameOf(pair));
}

/** Cookies of the gateway: their names, their attributes, and a reader that takes nothing on trust. */
import type { CookieOptions } from 'express';
import type { Config } from '../config/schema.ts';

export interface CookieSettings {
  /** Name of the session cookie. */
  session: string;
  /** What the names of login cookies start with. */
  loginPrefix: string;
  /** Name of the cookie that leads a browser on to the provider's sign-out. */
  logout: string;
  sessionOptions: CookieOptions;
  loginOptions: CookieOptions;
}

/**
 * `__Host-` and Secure belong together (RFC 6265bis 4.1.3.2); over plain HTTP, which only a loopback
 * development setup may use, browsers would drop such a cookie, so the name is plain there.
 */
export function cookieSettings(config: Config): CookieSettings {
  const secure = config.publicUrl.startsWith('https:');
  const session = config.session.cookie.name ?? (secure ? '__Host-bff' : 'bff');
  // A form_post callback is a cross-site POST, which carries only SameSite=None cookies.
  const crossSitePost = config.provider.responseMode === 'form_post' && secure;
  return {
    session,
    loginPrefix: `${session}-login-`,
    logout: `${session}-logout`,
    sessionOptions: { path: '/', httpOnly: true, secure, sameSite: config.session.cookie.sameSite },
    loginOptions: { path: '/', httpOnly: true, secure, sameSite: crossSitePost ? 'none' : 'lax' },
  };
}

/**
 * All values sent under each cookie name, in order, exactly as sent. Names are compared byte for byte: no quotes, no
 * `$Version`, no white space but SP and HTAB around a pair, so no lookalike of a `__Host-` name is ever read as one.
 */
export function readCookies(header: string | undefined): Map<string, string[]> {
  const cookies = new Map<string, string[]>();
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals).replace(/^[ \t]+/, '');
    const value = pair.slice(equals + 1).replace(/[ \t]+$/, '');
    const known = cookies.get(name);
    if (known) known.push(value);
    else cookies.set(name, [value]);
  }
  return cookies;
}

/** The one value of a cookie; undefined when it is missing or sent more than once. */
export function singleCookie(header: string | undefined, name: string): string | undefined {
  if (!header?.includes(name)) return undefined;
  const values = readCookies(header).get(name);
  return values?.length === 1 ? values[0] : undefined;
}

/** Cookies of the gateway: their names, their attributes, and a reader that takes nothing on trust. */
import type { CookieOptions } from 'express';
import type { Config } from '../config/schema/schema.ts';

export interface CookieSettings {
  /** Name of the session cookie. */
  sessionName: string;
  /** What the names of login cookies start with. */
  loginPrefix: string;
  /** Name of the cookie that leads a browser on to the provider's sign-out. */
  logoutName: string;
  sessionOptions: CookieOptions;
  loginOptions: CookieOptions;
}

/**
 * `__Host-` and Secure belong together (RFC 6265bis 4.1.3.2); over plain HTTP, which only a loopback
 * development setup may use, browsers would drop such a cookie, so the name is plain there.
 */
export function cookieSettings(config: Config): CookieSettings {
  const secure = config.publicUrl.startsWith('https:');
  const sessionName = config.session.cookie.name ?? (secure ? '__Host-bff' : 'bff');
  // A form_post callback is a cross-site POST, which carries only SameSite=None cookies.
  const crossSitePost = config.provider.responseMode === 'form_post' && secure;
  return {
    sessionName,
    loginPrefix: `${sessionName}-login-`,
    logoutName: `${sessionName}-logout`,
    sessionOptions: { path: '/', httpOnly: true, secure, sameSite: config.session.cookie.sameSite },
    loginOptions: { path: '/', httpOnly: true, secure, sameSite: crossSitePost ? 'none' : 'lax' },
  };
}

/**
 * All values sent under each cookie name, in order, exactly as sent. Names are compared byte for byte: no quotes, no
 * `$Version`, no white space but SP and HTAB around a pair, so no lookalike of a `__Host-` name is ever read as one.
 */
export function parseCookies(header: string | undefined): Map<string, string[]> {
  const cookies = new Map<string, string[]>();
  eachCookie(header ?? '', (name, value) => {
    const known = cookies.get(name);
    if (known) known.push(value);
    else cookies.set(name, [value]);
  });
  return cookies;
}

function eachCookie(header: string, found: (name: string, value: string) => void): void {
  let equals = header.indexOf('=');
  for (let from = 0, end = 0; equals >= 0; from = end + 1) {
    const semicolon = header.indexOf(';', from);
    end = semicolon < 0 ? header.length : semicolon;
    // Of another pair: this one has none.
    if (equals >= end) continue;
    found(
      header.slice(firstNonSpace(header, from, equals), equals),
      header.slice(equals + 1, lastNonSpace(header, equals + 1, end)),
    );
    equals = header.indexOf('=', end);
  }
}

const isSpace = (code: number) => code === 0x20 || code === 0x09;

function firstNonSpace(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function lastNonSpace(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && isSpace(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** The one value of a cookie; undefined when it is missing or sent more than once. */
export function singleCookie(header: string | undefined, name: string): string | undefined {
  if (!header?.includes(name)) return undefined;
  let count = 0;
  let single: string | undefined;
  eachCookie(header, (sent, value) => {
    if (sent !== name) return;
    count += 1;
    single = value;
  });
  return count === 1 ? single : undefined;
}

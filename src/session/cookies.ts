/** Cookies of the gateway: names, attributes, and a strict parser of the `Cookie` header. */
import type { CookieOptions } from 'express';
import { sessionCookieName } from '../config/schema/apps.ts';
import type { Config, ProviderConfig } from '../config/schema/schema.ts';

export interface CookieNames {
  /** Name of the session cookie. */
  sessionName: string;
  /** Prefix of the names of login cookies. */
  loginPrefix: string;
  /** Name of the cookie that carries a browser from the sign-out to the provider's sign-out. */
  logoutName: string;
  /** Name of the cookie that shows for a minute that a sign-in has just ended here. */
  arrivedName: string;
}

export interface CookieSettings extends CookieNames {
  /** The names of the other apps of the host. */
  siblings: readonly CookieNames[];
  /** Attributes of the session cookie. */
  sessionOptions: CookieOptions;
  /** The same for cookies of the host that serves the endpoints, whatever hosts share the session. */
  hostOptions: CookieOptions;
  /** Attributes of the cookie of a sign-in at a provider. */
  loginOptions(provider: Pick<ProviderConfig, 'responseMode'>): CookieOptions;
}

/**
 * The names of an app. Sign-ins and sign-outs pass one host only, also if several share the session: with `__Host-`, no other host
 * can plant their cookies.
 */
function cookieNames(sessionName: string): CookieNames {
  const hostName = sessionName.replace(/^__Secure-/, '__Host-');
  return {
    sessionName,
    loginPrefix: `${hostName}-login-`,
    logoutName: `${hostName}-logout`,
    // Read where the session was missing: on any host that shares it.
    arrivedName: `${sessionName}-arrived`,
  };
}

/**
 * Returns the names and attributes of all cookies. `__Host-` requires Secure (RFC 6265bis 4.1.3.2); over plain HTTP,
 * which only a loopback development setup may use, browsers would drop such a cookie, so the name has no prefix there.
 */
export function cookieSettings(config: Config): CookieSettings {
  const secure = config.publicUrl.startsWith('https:');
  const { sameSite, sharedDomain } = config.session.cookie;
  const hostOptions: CookieOptions = { path: '/', httpOnly: true, secure, sameSite };
  return {
    ...cookieNames(sessionCookieName(config)),
    siblings: (config.app.siblingCookies ?? []).map(cookieNames),
    sessionOptions: sharedDomain === undefined ? hostOptions : { ...hostOptions, domain: sharedDomain },
    hostOptions,
    // A form_post callback is a cross-site POST, and browsers attach only SameSite=None cookies to it.
    loginOptions: ({ responseMode }) => ({
      path: '/',
      httpOnly: true,
      secure,
      sameSite: responseMode === 'form_post' && secure ? 'none' : 'lax',
    }),
  };
}

/**
 * Returns all values under each cookie name, in order, exactly as sent. Names are compared byte for byte: no quotes, no
 * `$Version`, and only SP and HTAB are trimmed around a pair, so a lookalike of a `__Host-` name never matches it.
 */
export function parseCookies(header: string | undefined): Map<string, string[]> {
  const cookies = new Map<string, string[]>();
  forEachCookie(header ?? '', (name, value) => {
    const values = cookies.get(name);
    if (values) values.push(value);
    else cookies.set(name, [value]);
  });
  return cookies;
}

function forEachCookie(header: string, visit: (name: string, value: string) => void): void {
  let equals = header.indexOf('=');
  for (let start = 0, end = 0; equals >= 0; start = end + 1) {
    const semicolon = header.indexOf(';', start);
    end = semicolon < 0 ? header.length : semicolon;
    // This pair has no `=`: the one that was found belongs to a later pair.
    if (equals >= end) continue;
    visit(
      header.slice(skipSpaces(header, start, equals), equals),
      header.slice(equals + 1, trimSpaces(header, equals + 1, end)),
    );
    equals = header.indexOf('=', end);
  }
}

const isSpace = (code: number) => code === 0x20 || code === 0x09;

/** Returns the index of the first character in the range that is not a space. */
function skipSpaces(text: string, start: number, end: number): number {
  let index = start;
  while (index < end && isSpace(text.charCodeAt(index))) index += 1;
  return index;
}

/** Returns the end of the range without trailing spaces. */
function trimSpaces(text: string, start: number, end: number): number {
  let index = end;
  while (index > start && isSpace(text.charCodeAt(index - 1))) index -= 1;
  return index;
}

/** Returns the value of a cookie; undefined if it is missing or was sent more than once. */
export function singleCookie(header: string | undefined, name: string): string | undefined {
  if (!header?.includes(name)) return undefined;
  let count = 0;
  let single: string | undefined;
  forEachCookie(header, (sentName, value) => {
    if (sentName !== name) return;
    count += 1;
    single = value;
  });
  return count === 1 ? single : undefined;
}

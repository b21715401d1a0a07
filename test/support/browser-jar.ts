/** A cookie jar with the rules of RFC 6265bis: prefixes, Path, Secure, SameSite, expiry. */
import { isTrustworthy } from './browser-site.ts';

export interface Cookie {
  name: string;
  value: string;
  /** Host of the cookie; it is sent to that host only, unless `domain` is true. */
  host: string;
  domain: boolean;
  path: string;
  secure: boolean;
  httpOnly: boolean;
  sameSite: 'strict' | 'lax' | 'none';
  /** Milliseconds since the epoch; undefined for a session cookie. */
  expires: number | undefined;
}

/** The properties of a request on which cookies depend. */
export interface CookieContext {
  sameSite: boolean;
  /** A top-level navigation: its responses may set any cookie; with a safe method it sends `Lax` cookies. */
  topLevel: boolean;
  safeMethod: boolean;
}

export interface CookieJar {
  /** Stores one `Set-Cookie` value; returns false when the rules reject it. */
  set(line: string, url: URL, context: CookieContext): boolean;
  /** The cookies that are sent with a request, longest path first. */
  for(url: URL, context: CookieContext): Cookie[];
  all(): Cookie[];
  /** Stores a cookie without checks, as an attacker or another tab could. */
  insert(cookie: Partial<Cookie> & Pick<Cookie, 'name' | 'value' | 'host'>): void;
  clear(): void;
}

const domainMatches = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`);

function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true;
  return path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/');
}

function attributesOf(parts: string[]): Map<string, string> {
  return new Map(
    parts.map((part) => {
      const [name = '', ...rest] = part.split('=');
      return [name.trim().toLowerCase(), rest.join('=').trim()];
    }),
  );
}

function expiryOf(attributes: Map<string, string>, now: number): number | undefined {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? undefined : expires;
}

function sameSiteOf(value: string | undefined): Cookie['sameSite'] {
  const word = value?.toLowerCase();
  return word === 'strict' || word === 'none' ? word : 'lax';
}

function parse(line: string, url: URL, now: number): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';');
  const equals = pair.indexOf('=');
  if (equals < 1 || line.length > 4096) return undefined;
  const attributes = attributesOf(rest);
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase() ?? '';
  if (domain !== '' && !domainMatches(url.hostname, domain)) return undefined;
  const path = attributes.get('path') ?? '';
  return {
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    host: domain === '' ? url.hostname : domain,
    domain: domain !== '',
    path: path.startsWith('/') ? path : url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf('/'))),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: sameSiteOf(attributes.get('samesite')),
    expires: expiryOf(attributes, now),
  };
}

/** Whether a cookie may be stored (RFC 6265bis 4.1.3 and 5.7). */
function isAcceptable(cookie: Cookie, url: URL, context: CookieContext): boolean {
  const name = cookie.name.toLowerCase();
  if (cookie.secure && !isTrustworthy(url)) return false;
  if (cookie.sameSite === 'none' && !cookie.secure) return false;
  if (cookie.sameSite !== 'none' && !context.sameSite && !context.topLevel) return false;
  if (name.startsWith('__secure-') && !cookie.secure) return false;
  if (name.startsWith('__host-http-') && !cookie.httpOnly) return false;
  return !name.startsWith('__host-') || (cookie.secure && cookie.path === '/' && !cookie.domain);
}

const isSame = (a: Cookie) => (b: Cookie) =>
  a.name === b.name && a.host === b.host && a.domain === b.domain && a.path === b.path;

function isSentWith(cookie: Cookie, url: URL, context: CookieContext, now: number): boolean {
  if (cookie.expires !== undefined && cookie.expires <= now) return false;
  if (!(cookie.domain ? domainMatches(url.hostname, cookie.host) : url.hostname === cookie.host)) return false;
  if (!pathMatches(url.pathname, cookie.path) || (cookie.secure && !isTrustworthy(url))) return false;
  if (context.sameSite || cookie.sameSite === 'none') return true;
  return cookie.sameSite === 'lax' && context.topLevel && context.safeMethod;
}

/** Creates an empty jar. */
export function createJar(clock: () => number = Date.now): CookieJar {
  let cookies: Cookie[] = [];
  return {
    set(line, url, context) {
      const cookie = parse(line, url, clock());
      if (!cookie || !isAcceptable(cookie, url, context)) return false;
      const expired = cookie.expires !== undefined && cookie.expires <= clock();
      cookies = cookies.filter((known) => !isSame(cookie)(known));
      if (!expired) cookies.push(cookie);
      return true;
    },
    for: (url, context) =>
      cookies
        .filter((cookie) => isSentWith(cookie, url, context, clock()))
        .sort((a, b) => b.path.length - a.path.length),
    all: () => cookies.filter(({ expires }) => expires === undefined || expires > clock()),
    insert(cookie) {
      const flags = { secure: false, httpOnly: false, sameSite: 'lax', expires: undefined } as const;
      cookies.push({ domain: false, path: '/', ...flags, ...cookie });
    },
    clear() {
      cookies = [];
    },
  };
}

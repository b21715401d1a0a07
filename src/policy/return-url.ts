/** Checks the URL to which the browser returns after a sign-in or sign-out. */
import { circularPaths, endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';

/** Returns the path, query and fragment on the public origin, or the URL on a listed origin, to return to for a requested URL. */
export type ReturnPath = (value: unknown) => string;

/**
 * Creates the check of return URLs. `mayServe` returns whether a route may serve a path. A sign-in never returns to such a path:
 * any site can start a sign-in, and its last navigation would be an API request with the user's token.
 */
export function createReturnPath(
  config: Pick<Config, 'publicUrl' | 'endpoints' | 'provider' | 'providers'> &
    Partial<Pick<Config, 'cors' | 'app' | 'origins'>>,
  mayServe: (path: string, origin?: string) => boolean,
): ReturnPath {
  const { publicUrl, endpoints, cors, app, origins: further = [] } = config;
  const circular = circularPaths(config);
  const root = `${app?.path ?? ''}/`;
  const home = mayServe(root) ? endpointPaths(endpoints).signedIn : root;
  const origins = (cors?.allowedOrigins ?? []).filter((origin) => origin !== publicUrl);
  return function returnPath(value) {
    const origin = further.find((listed) => isAt(value, listed));
    if (origin !== undefined) {
      const page = safeReturnPath(encodeBackslashes(value), origin, circular);
      return mayServe(pathOf(page), origin) ? home : origin + page;
    }
    const listed = listedAddress(value, origins);
    if (listed !== undefined) return listed;
    const path = safeReturnPath(encodeBackslashes(value), publicUrl, circular);
    const pathname = pathOf(path);
    return mayServe(pathname) || !isOfApp(pathname, app) ? home : path;
  };
}

/**
 * Whether a path belongs to the app and not to another one of its origin: `mayServe` does not know the routes of others. What a
 * lenient server may read as a path of another app is refused.
 */
function isOfApp(pathname: string, app: Config['app'] | undefined): boolean {
  const isBelow = (path: string, base: string) => path === base || path.startsWith(`${base}/`);
  const { path = '', siblingPaths = [] } = app ?? {};
  const plain = plainPath(pathname);
  return isBelow(pathname, path) && !siblingPaths.some((sibling) => isBelow(plain, sibling.toLowerCase()));
}

const pathOf = (address: string) => address.split(/[?#]/, 1)[0] ?? '/';

/** Whether a URL begins with an origin. */
const isAt = (value: unknown, origin: string) =>
  typeof value === 'string' && (value === origin || value.startsWith(`${origin}/`));

/** Returns the URL of an app on one of the origins; the text is checked before it is parsed, as in `safeReturnPath`. */
function listedAddress(value: unknown, origins: readonly string[]): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || /[\p{Cc}\p{Zl}\p{Zp}\\]/u.test(value)) return undefined;
  const origin = origins.find((listed) => isAt(value, listed));
  const url = origin === undefined ? null : URL.parse(value);
  return url !== null && url.origin === origin ? url.href : undefined;
}

/**
 * Encodes backslashes in the query and the fragment, where browsers leave them as they are (URL standard, query state). In the
 * path a browser reads them as slashes, so there they are refused.
 */
function encodeBackslashes(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[?#].*$/s, (rest) => rest.replaceAll('\\', '%5C')) : value;
}

/** Fits into the cookie of a sign-in, which holds 4096 bytes (RFC 6265bis section 6.1). */
export const MAX_LENGTH = 2000;

/**
 * Returns the path, query and fragment of `value` if it is on the public origin, else `/`. `ownEndpoints` are paths of the
 * gateway (login, callback, logout) that would cause a loop.
 *
 * The text is checked before it is parsed, because a URL parser corrects input that should be refused: it reads `/\host` as
 * `//host`, drops tabs and line breaks, and trims control characters, so the browser would follow another URL than the checked
 * one. The result is checked again, because resolved dot segments can leave `//host` behind (`/.//host`). RFC 9700 section
 * 4.11.1.
 */
export function safeReturnPath(value: unknown, publicOrigin: string, ownEndpoints: readonly string[] = []): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return '/';
  const local = value.startsWith(`${publicOrigin}/`) ? value.slice(publicOrigin.length) : value;
  if (!isLocal(local)) return '/';
  const url = URL.parse(local, publicOrigin);
  if (url === null || url.origin !== publicOrigin || url.username !== '' || url.password !== '') return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  if (!isLocal(path) || path.length > MAX_LENGTH || isOneOf(url.pathname, ownEndpoints)) return '/';
  return path;
}

function isLocal(text: string): boolean {
  if (!text.startsWith('/') || /[\p{Cc}\p{Zl}\p{Zp}\\]/u.test(text)) return false;
  // Once decoded by the application, the path must not become `//host` either, nor a compatibility form of it.
  const decoded = decodedPath(text);
  return decoded !== undefined && !/^\/\s*\//u.test(decoded) && !/[\p{Cc}\\]/u.test(decoded);
}

function decodedPath(text: string): string | undefined {
  try {
    return decodeURIComponent(text.split(/[?#]/, 1)[0] ?? '').normalize('NFKC');
  } catch {
    return undefined;
  }
}

/** The path as a lenient server may read it: decoded, in lower case, without empty segments. */
const plainPath = (pathname: string) =>
  (decodedPath(pathname) ?? '')
    .toLowerCase()
    .replace(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '');

function isOneOf(pathname: string, endpoints: readonly string[]): boolean {
  const plain = plainPath(pathname);
  return endpoints.some((endpoint) => endpoint.toLowerCase() === plain);
}

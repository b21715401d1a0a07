/** Whether an address may be returned to after a login or a logout. */
import { circularPaths, endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';

/** The path, query and fragment on our own origin that a sign-in may lead to for this address. */
export type ReturnPath = (value: unknown) => string;

/**
 * Builds the check of return addresses. `mayServe` says whether a route may serve a path. A sign-in never leads there, because any
 * site can start one, and the navigation that ends it would be a call of the API with the user's token.
 */
export function createReturnPath(
  { publicUrl, endpoints }: Pick<Config, 'publicUrl' | 'endpoints'>,
  mayServe: (path: string) => boolean,
): ReturnPath {
  const circular = circularPaths(endpoints);
  const home = mayServe('/') ? endpointPaths(endpoints).signedIn : '/';
  return function returnPath(value) {
    const path = safeReturnPath(value, publicUrl, circular);
    return mayServe(path.split(/[?#]/, 1)[0] ?? '/') ? home : path;
  };
}

const MAX_LENGTH = 2000;

/**
 * The path, query and fragment of `value` if it lies on our own origin, else `/`. `ownEndpoints` are paths of the gateway
 * (login, callback, logout) that would lead in a circle.
 *
 * The text is judged before any URL parser sees it, because a parser repairs what should be refused: it takes `/\host` for
 * `//host`, drops tabs and line breaks, and trims controls, so that what was judged is not what the browser then follows.
 * Its result is judged again, because dot segments that it resolves can leave `//host` behind (`/.//host`).
 * RFC 9700 section 4.11.1.
 */
export function safeReturnPath(value: unknown, publicOrigin: string, ownEndpoints: readonly string[] = []): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return '/';
  const local = value.startsWith(`${publicOrigin}/`) ? value.slice(publicOrigin.length) : value;
  if (!isLocal(local)) return '/';
  const url = URL.parse(local, publicOrigin);
  if (url === null || url.origin !== publicOrigin || url.username !== '' || url.password !== '') return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  if (!isLocal(path) || path.length > MAX_LENGTH || leadsToOneOf(url.pathname, ownEndpoints)) return '/';
  return path;
}

function isLocal(text: string): boolean {
  if (!text.startsWith('/') || /[\p{Cc}\p{Zl}\p{Zp}\\]/u.test(text)) return false;
  // An application that decodes its own address once must not find `//host` either, nor a compatibility form of it.
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

function leadsToOneOf(pathname: string, endpoints: readonly string[]): boolean {
  const plain = (decodedPath(pathname) ?? '')
    .toLowerCase()
    .replace(/\/{2,}/g, '/')
    .replace(/(?<=.)\/$/, '');
  return endpoints.some((endpoint) => endpoint.toLowerCase() === plain);
}

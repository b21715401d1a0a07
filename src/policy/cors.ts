/** CORS: which other origins may send requests from a browser, and the response to a preflight. */
import type { IncomingHttpHeaders } from 'node:http';
import { GATEWAY_HEADER } from '../client/gateway-header.ts';

export type CorsHeaders = Readonly<Record<string, string>>;

export interface Cors {
  /** Returns the headers of the response (204) to a preflight; without CORS headers for an origin that is not listed. */
  preflightHeaders(headers: IncomingHttpHeaders): CorsHeaders;
  /** Returns the headers of every other response to `origin`, the value of the Origin header. */
  corsHeaders(origin: string | undefined): CorsHeaders;
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
// Headers of the gateway that a front end needs, and common API headers; a wildcard has no effect with credentials.
const EXPOSED = `Date, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, ${GATEWAY_HEADER}, ETag, Location, Link, Content-Disposition`;
const TOKEN_LIST = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1024}$/;

/** Returns whether it is a preflight: OPTIONS with both of these headers (Fetch standard, section 4.8). */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** Creates the policy for exact origins. Without any, CORS is off and no response varies by origin. */
export function createCors(allowedOrigins: readonly string[]): Cors {
  // Every sandboxed frame and local file has the origin `null`, so it cannot be allowed.
  const listed = new Set(allowedOrigins.filter((origin) => origin !== 'null'));
  const unlisted: CorsHeaders = listed.size === 0 ? {} : { vary: 'Origin' };

  function corsHeaders(origin: string | undefined): CorsHeaders {
    if (origin === undefined || !listed.has(origin)) return unlisted;
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': EXPOSED,
      vary: 'Origin',
    };
  }

  function preflightHeaders(headers: IncomingHttpHeaders): CorsHeaders {
    const { origin } = headers;
    if (origin === undefined || !listed.has(origin)) return unlisted;
    const requested = headers['access-control-request-headers'];
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': METHODS,
      ...(requested !== undefined && TOKEN_LIST.test(requested) ? { 'access-control-allow-headers': requested } : {}),
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Headers',
    };
  }

  return { preflightHeaders, corsHeaders };
}

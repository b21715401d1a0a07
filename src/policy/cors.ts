/** Which other origins may call the routes from a browser, and what a preflight is told. */
import type { IncomingHttpHeaders } from 'node:http';
import { GATEWAY_HEADER } from '../client/gateway-header.ts';

export type CorsHeaders = Readonly<Record<string, string>>;

export interface Cors {
  /** Headers of the answer (204) to a preflight; of an origin that is not listed: nothing of CORS. */
  preflightHeaders(headers: IncomingHttpHeaders): CorsHeaders;
  /** Headers of every other answer to `origin`, the value of the Origin header. */
  corsHeaders(origin: string | undefined): CorsHeaders;
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
// What a front end needs to react to our own answers, and what APIs commonly say there; a wildcard means nothing with credentials.
const EXPOSED = `WWW-Authenticate, Retry-After, X-Request-Id, ${GATEWAY_HEADER}, ETag, Location, Link, Content-Disposition`;
const TOKEN_LIST = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1024}$/;

/** A preflight is an OPTIONS with both of these headers (Fetch standard, section 4.8); any other OPTIONS is a call like any. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** Builds the policy from exact origins; without any, CORS is off and no answer varies. */
export function createCors(allowedOrigins: readonly string[]): Cors {
  // `null` is every sandboxed frame and every file there is, so it cannot be listed.
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

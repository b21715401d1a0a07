/** Builds the response headers for the client: those of the upstream that may pass, and the gateway's own. */
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { CorsHeaders } from '../../policy/cors.ts';
import { hstsValue } from '../../responses/hsts.ts';
import { cookieSettings } from '../../session/cookies.ts';
import { mergeVary, pushCaching } from './caching.ts';
import { corsValue, createPassTest, resourcePolicy } from './cross-origin.ts';
import { createPublicLocation, mapRefresh } from './location.ts';
import { createOwnCookieTest, setsOwnCookie } from './own-cookies.ts';
import { createPublicCookie } from './public-cookie.ts';
import { classifyResponseHeader, type ResponseHeaderAction } from './response-names.ts';

/** The client of the response: a signed-in user, a caller with a token, a guest, or anyone on an open route. */
export type Caller = 'user' | 'bearer' | 'guest' | 'anyone';

export interface ResponseFacts {
  caller: Caller;
  requestId: string;
  /** The gateway's CORS headers for this request. */
  cors: CorsHeaders;
}

/** Returns the raw headers for the client, given those of the upstream. */
export type ResponseHeaderRewriter = (raw: readonly string[], facts: ResponseFacts) => string[];

/** Default when the upstream sets none: other sites do not learn the URL. */
const REFERRER_POLICY = 'same-origin';

/** Headers of the upstream, sorted; undefined instead of an empty list, because nearly all are empty for most responses. */
interface UpstreamHeaders {
  /** Raw headers that pass. */
  readonly passed: string[];
  /** Names in the Connection headers, in lower case. */
  connection: Set<string> | undefined;
  cookies: string[] | undefined;
  vary: string[] | undefined;
  cacheControl: string[] | undefined;
  /** Raw Expires and Pragma headers. */
  expiry: string[] | undefined;
  /** Raw headers for shared caches. */
  sharedCache: string[] | undefined;
  referrerPolicy: string;
  /** Values of Content-Type, joined by commas. */
  contentType: string;
  /** Raw DPoP-Nonce headers. */
  nonces: string[] | undefined;
  /** Values of Access-Control-Expose-Headers. */
  exposed: string[] | undefined;
}

const NONE: readonly string[] = [];

/** Adds the names in a Connection header to `known`; the value that nearly every upstream sends names none. */
function connectionOptions(value: string, known: Set<string> | undefined): Set<string> | undefined {
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return known;
  const names = known ?? new Set<string>();
  for (const name of lower.split(',')) names.add(name.trim());
  return names;
}

/** Appends in place: a copy for each repetition would make a long list of headers quadratic. */
function append(list: string[] | undefined, ...values: string[]): string[] {
  if (list === undefined) return values;
  list.push(...values);
  return list;
}

/** Sorts the upstream's headers by what happens to them. */
function readUpstreamHeaders(
  raw: readonly string[],
  publicLocation: (location: string) => string,
  passes: (action: ResponseHeaderAction, name: string) => boolean,
): Readonly<UpstreamHeaders> {
  const upstream: UpstreamHeaders = {
    passed: [],
    connection: undefined,
    cookies: undefined,
    vary: undefined,
    cacheControl: undefined,
    expiry: undefined,
    sharedCache: undefined,
    referrerPolicy: REFERRER_POLICY,
    contentType: '',
    nonces: undefined,
    exposed: undefined,
  };
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const action = classifyResponseHeader(name);
    if (action === 'pass') upstream.passed.push(name, value);
    else if (action === 'refresh') {
      if (passes(action, name)) upstream.passed.push(name, mapRefresh(value, publicLocation));
    } else if (passes(action, name)) upstream.passed.push(name, value);
    else if (action === 'content-type') {
      upstream.passed.push(name, value);
      upstream.contentType = upstream.contentType === '' ? value : `${upstream.contentType}, ${value}`;
    } else if (action === 'location') upstream.passed.push(name, publicLocation(value));
    else if (action === 'connection') upstream.connection = connectionOptions(value, upstream.connection);
    else if (action === 'set-cookie') upstream.cookies = append(upstream.cookies, value);
    else if (action === 'vary') upstream.vary = append(upstream.vary, value);
    else if (action === 'cache-control') upstream.cacheControl = append(upstream.cacheControl, value);
    else if (action === 'expiry') upstream.expiry = append(upstream.expiry, name, value);
    else if (action === 'shared-cache') upstream.sharedCache = append(upstream.sharedCache, name, value);
    else if (action === 'referrer-policy') upstream.referrerPolicy = value;
    else if (action === 'exposed') upstream.exposed = append(upstream.exposed, value);
    else if (action === 'dpop-nonce') upstream.nonces = append(upstream.nonces, name, value);
  }
  return upstream;
}

function withoutNames(headers: string[], names: ReadonlySet<string> | undefined): string[] {
  if (names === undefined) return headers;
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

/** Returns the raw headers of every response of a route. */
function fixedHeaders(config: Config, route: RouteConfig): string[] {
  const hsts = hstsValue(config);
  return [
    'x-content-type-options',
    'nosniff',
    ...resourcePolicy(route),
    ...(hsts === undefined ? [] : ['strict-transport-security', hsts]),
  ];
}

/** One type without a comma: of a list, browsers take the last (Fetch, "extract a MIME type"). */
const PDF = /^application\/pdf *(?:;[^,]*)?$/i;

/** Browsers do not open a sandboxed PDF in their viewer, and run its scripts outside the origin. */
const isPdf = ({ contentType, connection }: UpstreamHeaders) =>
  PDF.test(contentType) && !connection?.has('content-type');

/** Returns the request headers that a response to an identified caller depends on (RFC 9111 section 4.1). */
function varyNames(config: Config, route: RouteConfig, always: readonly string[]): readonly string[] {
  return [
    'Cookie',
    ...(config.accessTokens === undefined ? [] : ['Authorization']),
    ...(route.csrf === 'fetch-metadata' ? ['Sec-Fetch-Site'] : []),
    ...always,
  ];
}

/** Creates the rewriter of a route, once per route. */
export function createResponseHeaderRewriter(config: Config, route: RouteConfig): ResponseHeaderRewriter {
  const publicLocation = createPublicLocation(config.publicUrl, route);
  const isOwnCookie = createOwnCookieTest(cookieSettings(config));
  const publicCookie = createPublicCookie(config.publicUrl, route);
  const fixed = fixedHeaders(config, route);
  const always = config.cors.allowedOrigins.length > 0 ? ['Origin'] : [];
  const vary = varyNames(config, route, always);
  const passes = createPassTest(route);
  // Caches do not know the certificate for which an upstream responded.
  const isForCertificate = route.rules.some(({ certificate }) => certificate !== undefined);

  return function rewriteResponseHeaders(raw, { caller, requestId, cors }) {
    const upstream = readUpstreamHeaders(raw, publicLocation, passes);
    const headers = withoutNames(upstream.passed, upstream.connection);
    const cookies =
      (route.setCookie === 'forward' && upstream.cookies?.filter((value) => !setsOwnCookie(value, isOwnCookie))) ||
      NONE;
    for (const cookie of cookies) headers.push('set-cookie', publicCookie(cookie));
    const authenticated = caller === 'user' || caller === 'bearer' || isForCertificate;
    pushCaching(headers, upstream, {
      isPrivate: authenticated && route.cache === 'private',
      forBrowser: authenticated && route.cache === 'browser',
      setsCookie: cookies.length > 0,
    });
    const mergedVary = mergeVary(upstream.vary ?? NONE, caller === 'anyone' ? always : vary);
    if (mergedVary !== undefined) headers.push('vary', mergedVary);
    // For a session the gateway itself uses the nonce; a caller that makes its own proofs needs it (RFC 9449 section 9).
    if (caller === 'bearer' && upstream.nonces) headers.push(...upstream.nonces);
    // Added to the upstream's policy, not in its place: a document must satisfy all of them (CSP Level 3 section 8.1).
    if (route.documents === 'sandbox' && !isPdf(upstream)) headers.push('content-security-policy', 'sandbox');
    headers.push('x-request-id', requestId, 'referrer-policy', upstream.referrerPolicy, ...fixed);
    for (const name in cors)
      if (name !== 'vary') headers.push(name, corsValue(name, cors[name] ?? '', upstream.exposed));
    return headers;
  };
}

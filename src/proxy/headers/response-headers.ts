/** What of an upstream's answer reaches the browser, and what the gateway adds. */
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { CorsHeaders } from '../../policy/cors.ts';
import { cookieSettings } from '../../session/cookies.ts';
import { forbidsSharedCaching, mergeVary, NEVER_STORED } from './caching.ts';
import { createPublicLocation } from './location.ts';
import { createOwnCookieTest, setsOwnCookie } from './own-cookies.ts';
import { classifyResponseHeader } from './response-names.ts';

/** Whom the answer is for: a signed-in user, a caller with a token, a guest where users may be signed in, or anyone where nobody is asked. */
export type Caller = 'user' | 'bearer' | 'guest' | 'anyone';

export interface ResponseFacts {
  caller: Caller;
  requestId: string;
  /** CORS headers of the gateway for this call. */
  cors: CorsHeaders;
}

/** Header pairs of an upstream answer in, pairs for the browser out. */
export type ResponseHeaderRewriter = (raw: readonly string[], facts: ResponseFacts) => string[];

/** Set where the upstream says nothing: other sites learn nothing of the address. */
const REFERRER_POLICY = 'same-origin';

/** Lists that are empty nearly always are put in place of one another, so that none is made for most answers. */
interface Read {
  readonly headers: string[];
  /** What the Connection fields name, in lower case. */
  named: readonly string[];
  cookies: readonly string[];
  vary: readonly string[];
  caching: readonly string[];
  expiry: readonly string[];
  sharedCache: readonly string[];
  referrerPolicy: string;
  /** Values of Content-Type, joined by commas. */
  type: string;
  nonces: readonly string[];
}

const NOTHING: readonly string[] = [];

/** The options of a Connection field; none for the one that nearly every upstream sends. */
function optionsIn(value: string): readonly string[] {
  const lower = value.toLowerCase();
  return lower === 'keep-alive' || lower === 'close' ? NOTHING : lower.split(',').map((option) => option.trim());
}

/** Sorts the headers by what is to become of them; those that simply pass are in `headers`. */
function read(raw: readonly string[], publicLocation: (location: string) => string): Read {
  const sorted: Read = {
    headers: [],
    named: NOTHING,
    cookies: NOTHING,
    vary: NOTHING,
    caching: NOTHING,
    expiry: NOTHING,
    sharedCache: NOTHING,
    referrerPolicy: REFERRER_POLICY,
    type: '',
    nonces: NOTHING,
  };
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const verdict = classifyResponseHeader(name);
    if (verdict === 'pass') sorted.headers.push(name, value);
    else if (verdict === 'type') {
      sorted.headers.push(name, value);
      sorted.type = sorted.type === '' ? value : `${sorted.type}, ${value}`;
    } else if (verdict === 'location') sorted.headers.push(name, publicLocation(value));
    else if (verdict === 'named') sorted.named = [...sorted.named, ...optionsIn(value)];
    else if (verdict === 'set-cookie') sorted.cookies = [...sorted.cookies, value];
    else if (verdict === 'vary') sorted.vary = [...sorted.vary, value];
    else if (verdict === 'cache') sorted.caching = [...sorted.caching, value];
    else if (verdict === 'expiry') sorted.expiry = [...sorted.expiry, name, value];
    else if (verdict === 'shared-cache') sorted.sharedCache = [...sorted.sharedCache, name, value];
    else if (verdict === 'default') sorted.referrerPolicy = value;
    else if (verdict === 'nonce') sorted.nonces = [...sorted.nonces, name, value];
  }
  return sorted;
}

function withoutNamed(headers: string[], named: readonly string[]): string[] {
  if (named.length === 0) return headers;
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!named.includes(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

/** Appends what may be said about storing the answer. Whatever sets a cookie is never stored (RFC 9111 section 7.3). */
function pushCaching(headers: string[], sorted: Read, guarded: boolean, setsCookie: boolean): void {
  const upstream = sorted.caching.length === 0 ? '' : sorted.caching.join(', ');
  if (setsCookie || (guarded && !forbidsSharedCaching(upstream))) {
    headers.push('cache-control', NEVER_STORED);
    return;
  }
  if (upstream !== '') headers.push('cache-control', upstream);
  headers.push(...sorted.expiry);
  if (!guarded) headers.push(...sorted.sharedCache);
}

/** Headers that every proxied answer carries, names in turn with values. */
function fixedHeaders(config: Config): string[] {
  const fixed = ['x-content-type-options', 'nosniff', 'cross-origin-resource-policy', 'same-origin'];
  if (config.publicUrl.startsWith('https:'))
    fixed.push('strict-transport-security', 'max-age=31536000; includeSubDomains');
  return fixed;
}

/** One type without a comma: of a list browsers take the last (Fetch, "extract a MIME type"). */
const PDF = /^application\/pdf *(?:;[^,]*)?$/i;

/** The viewers of browsers do not open a sandboxed PDF, and run its script apart from the origin. */
const isPdf = ({ type, named }: Read) => PDF.test(type) && !named.includes('content-type');

/** Builds the rewriter of a route's answers: once per route, called once per answer. */
export function createResponseHeaderRewriter(config: Config, route: RouteConfig): ResponseHeaderRewriter {
  const publicLocation = createPublicLocation(config.publicUrl, route);
  const isOwnCookie = createOwnCookieTest(cookieSettings(config));
  const fixed = fixedHeaders(config);
  const always = config.cors.allowedOrigins.length > 0 ? ['Origin'] : [];
  // What the answer to a call depends on beside the address (RFC 9111 section 4.1).
  const asked = [
    'Cookie',
    ...(config.accessTokens === undefined ? [] : ['Authorization']),
    ...(route.csrf === 'fetch-metadata' ? ['Sec-Fetch-Site'] : []),
    ...always,
  ];

  return function incomingHeaders(raw, { caller, requestId, cors }) {
    const sorted = read(raw, publicLocation);
    const headers = withoutNamed(sorted.headers, sorted.named);
    const cookies =
      route.setCookie === 'forward' && sorted.cookies.length > 0
        ? sorted.cookies.filter((value) => !setsOwnCookie(value, isOwnCookie))
        : NOTHING;
    for (const cookie of cookies) headers.push('set-cookie', cookie);
    const known = caller === 'user' || caller === 'bearer';
    pushCaching(headers, sorted, known && route.cache === 'private', cookies.length > 0);
    const vary = mergeVary(sorted.vary, caller === 'anyone' ? always : asked);
    if (vary !== undefined) headers.push('vary', vary);
    // A nonce of a browser's session is the gateway's to use; a caller who makes proofs needs it (RFC 9449 section 9).
    if (caller === 'bearer') headers.push(...sorted.nonces);
    // A policy more, never in place of the upstream's: a document has to satisfy all of them (CSP Level 3 section 8.1).
    if (route.documents === 'sandbox' && !isPdf(sorted)) headers.push('content-security-policy', 'sandbox');
    headers.push('x-request-id', requestId, 'referrer-policy', sorted.referrerPolicy, ...fixed);
    for (const name in cors) if (name !== 'vary') headers.push(name, cors[name] ?? '');
    return headers;
  };
}

/** What a call to an upstream carries: the client's headers without what it has no say in, then the gateway's own. */

import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { cookieSettings } from '../../session/cookies.ts';
import { trustedChain } from './forwarded.ts';
import { createOwnCookieTest, withoutOwnCookies } from './own-cookies.ts';
import { canonicalName, createRequestHeaderClassifier, HOP_BY_HOP } from './request-names.ts';

/** What a trace of our own takes the place of. */
const TRACEPARENT: ReadonlySet<string> = new Set(['traceparent']);
/** Our name in `Via` (RFC 9110 section 7.6.3 allows a pseudonym, which tells nothing of the host). */
const PSEUDONYM = 'bff-gateway';
/** How often a call may pass gateways of this name; beyond that it runs in a circle. */
const MAX_PASSES = 8;

export interface UpstreamHeaderOptions {
  /** The upstream's own host, whatever the client called us (RFC 9110 section 7.2). */
  host: string;
  requestCookies: 'forward' | 'drop';
  /** The access token itself: nothing else of a session may become an `Authorization` header, an ID token least of all. */
  accessToken?: UpstreamCredentials | undefined;
  /** Claim headers, name and value in turn. */
  claims?: readonly string[];
  /** Keep what makes the call a WebSocket handshake (RFC 6455 section 4.1). */
  upgrade?: boolean;
}

/** What the upstream gets to know the caller by. */
export interface UpstreamCredentials {
  /** As it stands in `Authorization`: scheme and token. */
  readonly authorization: string;
  /** Proof of possession that goes with the token (RFC 9449 section 7.1). */
  readonly proof?: string;
  /** Another one: a proof is good for one attempt. */
  readonly createProof?: () => string;
}

/** Names in turn with values, as node:http takes them. */
export type RequestHeaderRewriter = (context: RequestContext, parts: UpstreamHeaderOptions) => string[];

interface Kept {
  headers: string[];
  cookie: string;
  named: ReadonlySet<string> | undefined;
}

/** Header names in the client's Connection list; undefined when it says no more than keep-alive or close. */
function namedHeaders(value: string, known: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close' || lower === 'upgrade') return known;
  return new Set([...(known ?? []), ...lower.split(',').map((name) => name.trim())]);
}

/** RFC 9110 section 7.6.3: a circle of gateways must end somewhere. */
function refuseCircle(passes: number): void {
  if (passes < MAX_PASSES) return;
  throw new GatewayError('upstream_failed', { detail: `the call passed ${passes} gateways of this name: a circle` });
}

/** RFC 9110 section 7.6.2: an OPTIONS call carries how many hops it may still make. Zero is answered before we get here. */
function oneHopLess(method: string | undefined, hops: string): string {
  return method === 'OPTIONS' && /^[1-9][0-9]{0,8}$/.test(hops) ? String(Number(hops) - 1) : hops;
}

function withoutNamed(headers: string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!named.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

function keptHeaders(context: RequestContext, requestVerdict: ReturnType<typeof createRequestHeaderClassifier>): Kept {
  const raw = context.req.rawHeaders;
  const kept: Kept = { headers: [], cookie: '', named: undefined };
  let passes = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const verdict = requestVerdict(name);
    if (verdict === 'pass') kept.headers.push(name, value);
    else if (verdict === 'cookie') kept.cookie = kept.cookie === '' ? value : `${kept.cookie}; ${value}`;
    else if (verdict === 'named') kept.named = namedHeaders(value, kept.named);
    else if (verdict === 'hops') kept.headers.push(name, oneHopLess(context.req.method, value));
    else if (verdict === 'via') {
      passes += value.split(PSEUDONYM).length - 1;
      kept.headers.push(name, value);
    }
  }
  refuseCircle(passes);
  return kept;
}

/** A claim header must not take a name that means something else on the way. */
function refuseClaimNames(config: Config): void {
  const taken = new Set([
    ...HOP_BY_HOP,
    'connection',
    'authorization',
    'cookie',
    'host',
    'via',
    'expect',
    'x-request-id',
  ]);
  for (const name of config.routes.flatMap((route) => Object.keys(route.claimHeaders))) {
    const canonical = canonicalName(name);
    const own =
      taken.has(canonical) || /^(content-|x-forwarded-(for|host|proto)$|sec-websocket-|max-forwards$)/.test(canonical);
    if (own || canonical === canonicalName(config.csrf.header)) {
      throw new Error(
        `claimHeaders: "${name}" has a meaning of its own in HTTP or in the gateway; choose another name`,
      );
    }
  }
}

/**
 * Builds the function that makes the headers of an upstream call. The client's are judged first, its Connection list
 * included, and ours are added after, so that no such list can take ours away (RFC 9110 section 7.6.1).
 */
export function createRequestHeaderRewriter(config: Config): RequestHeaderRewriter {
  refuseClaimNames(config);
  const requestVerdict = createRequestHeaderClassifier(config);
  const isOwnCookie = createOwnCookieTest(cookieSettings(config));
  const publicUrl = new URL(config.publicUrl);
  const proto = publicUrl.protocol.slice(0, -1);

  return function outgoingHeaders(context, { host, requestCookies, accessToken, claims, upgrade }) {
    const { req } = context;
    const kept = keptHeaders(context, requestVerdict);
    const clean = kept.named ? withoutNamed(kept.headers, kept.named) : kept.headers;
    const headers = context.traceparent === undefined ? clean : withoutNamed(clean, TRACEPARENT);
    if (kept.cookie !== '' && requestCookies === 'forward' && !kept.named?.has('cookie')) {
      const cookie = withoutOwnCookies(kept.cookie, isOwnCookie);
      if (cookie !== '') headers.push('cookie', cookie);
    }
    headers.push('host', host, 'via', `${req.httpVersion} ${PSEUDONYM}`, 'x-request-id', context.id);
    headers.push(
      'x-forwarded-for',
      trustedChain(context),
      'x-forwarded-host',
      publicUrl.host,
      'x-forwarded-proto',
      proto,
    );
    if (context.traceparent !== undefined) headers.push('traceparent', context.traceparent);
    if (accessToken !== undefined) {
      headers.push('authorization', accessToken.authorization);
      if (accessToken.proof !== undefined) headers.push('dpop', accessToken.proof);
    }
    if (claims !== undefined) headers.push(...claims);
    if (upgrade) headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
    return headers;
  };
}

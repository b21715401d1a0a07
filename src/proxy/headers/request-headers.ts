/** Builds the headers of an upstream request: those of the client that may pass, then the gateway's own. */

import { GatewayError } from '../../base/errors.ts';
import { canonicalName, isReservedHeader } from '../../base/header-names.ts';
import { receivedVersion } from '../../base/system/protocol-version.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { cookieSettings } from '../../session/cookies.ts';
import type { Span } from '../../tracing/span.ts';
import { trustedChain } from './forwarded.ts';
import { createOwnCookieTest, withoutOwnCookies } from './own-cookies.ts';
import { createRequestHeaderClassifier } from './request-names.ts';

/** The gateway's name in `Via`: a pseudonym, which reveals nothing about the host (RFC 9110 section 7.6.3). */
const PSEUDONYM = 'bff-gateway';
/** Maximum gateways of this name that a request may pass; beyond that it is in a loop. */
const MAX_PASSES = 8;
const NO_NAMES: ReadonlySet<string> = new Set();

export interface UpstreamHeaderOptions {
  /** The upstream's own host, whatever host the client used (RFC 9110 section 7.2). */
  host: string;
  requestCookies: 'forward' | 'drop';
  /** Names in lower case that pass although they are dropped by default. */
  requestHeaders?: ReadonlySet<string>;
  /** Only an access token becomes an `Authorization` header; nothing else of a session does, least of all an ID token. */
  accessToken?: UpstreamCredentials | undefined;
  /** Claim headers; names alternate with values. */
  claims?: readonly string[];
  /** Adds the headers of a WebSocket handshake (RFC 6455 section 4.1). */
  upgrade?: boolean;
  /** The span of the upstream request: its trace headers replace those of the client. */
  span?: Span | undefined;
}

/** Credentials of the caller, or of the gateway, for the upstream. */
export interface UpstreamCredentials {
  /** Value of `Authorization`: scheme and token. */
  readonly authorization: string;
  /** Proof of possession for the token (RFC 9449 section 7.1). */
  readonly proof?: string;
  /** Returns a new proof: each is valid for one attempt. */
  readonly createProof?: () => string;
}

/** Returns raw headers as node:http takes them; names alternate with values. */
export type RequestHeaderRewriter = (context: RequestContext, options: UpstreamHeaderOptions) => string[];

interface ClientHeaders {
  /** Raw headers that pass. */
  passed: string[];
  cookies: string[];
  /** Names in the client's Connection header, in lower case. */
  connection: Set<string> | undefined;
}

/** Adds the names in a Connection header to `known`; a value of `keep-alive` or `close` names none. */
function connectionOptions(value: string, known: Set<string> | undefined): Set<string> | undefined {
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close' || lower === 'upgrade') return known;
  const names = known ?? new Set<string>();
  for (const name of lower.split(',')) names.add(name.trim());
  return names;
}

/** RFC 9110 section 7.6.3: ends a forwarding loop. */
function refuseLoop(passes: number): void {
  if (passes < MAX_PASSES) return;
  throw new GatewayError('upstream_failed', { detail: `the request passed ${passes} gateways of this name: a loop` });
}

/** Decrements Max-Forwards of an OPTIONS request (RFC 9110 section 7.6.2). The data plane responds to zero before this runs. */
function oneHopLess(method: string | undefined, hops: string): string {
  return method === 'OPTIONS' && /^[1-9][0-9]{0,8}$/.test(hops) ? String(Number(hops) - 1) : hops;
}

function withoutNames(headers: string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

/** Sorts the client's headers; throws when the request is in a loop. */
function readClientHeaders(
  { req }: RequestContext,
  classify: ReturnType<typeof createRequestHeaderClassifier>,
  allowed: ReadonlySet<string>,
): ClientHeaders {
  const raw = req.rawHeaders;
  const client: ClientHeaders = { passed: [], cookies: [], connection: undefined };
  let passes = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const action = classify(name);
    if (action === 'pass' || (action === 'drop' && allowed.size > 0 && allowed.has(name.toLowerCase())))
      client.passed.push(name, value);
    else if (action === 'cookie') client.cookies.push(value);
    else if (action === 'connection') client.connection = connectionOptions(value, client.connection);
    else if (action === 'max-forwards') client.passed.push(name, oneHopLess(req.method, value));
    else if (action === 'via') {
      passes += value.split(PSEUDONYM).length - 1;
      client.passed.push(name, value);
    }
  }
  refuseLoop(passes);
  return client;
}

/** Throws when a claim header has a name with another meaning in HTTP or in the gateway. */
function checkClaimHeaderNames({ routes, csrf }: Config): void {
  const csrfName = canonicalName(csrf.header);
  for (const name of routes.flatMap((route) => Object.keys(route.claimHeaders))) {
    if (isReservedHeader(name) || canonicalName(name) === csrfName)
      throw new Error(
        `claimHeaders: "${name}" has a meaning of its own in HTTP or in the gateway; choose another name`,
      );
  }
}

/**
 * Creates the function that builds the headers of an upstream request. The client's headers are filtered first, by its
 * Connection header as well; the gateway's are added after, so that a Connection header cannot remove them (RFC 9110
 * section 7.6.1).
 */
export function createRequestHeaderRewriter(config: Config): RequestHeaderRewriter {
  checkClaimHeaderNames(config);
  const classify = createRequestHeaderClassifier(config);
  const isOwnCookie = createOwnCookieTest(cookieSettings(config));
  const publicUrl = new URL(config.publicUrl);
  const proto = publicUrl.protocol.slice(0, -1);

  return function rewriteRequestHeaders(context, options) {
    const { host, requestCookies, requestHeaders = NO_NAMES, accessToken, claims, upgrade, span } = options;
    const client = readClientHeaders(context, classify, requestHeaders);
    const passed = client.connection ? withoutNames(client.passed, client.connection) : client.passed;
    const trace = span?.traceHeaders();
    const headers = trace === undefined ? passed : withoutNames(passed, trace.replaced);
    if (client.cookies.length > 0 && requestCookies === 'forward' && !client.connection?.has('cookie')) {
      const cookie = withoutOwnCookies(client.cookies.join('; '), isOwnCookie);
      if (cookie !== '') headers.push('cookie', cookie);
    }
    headers.push('host', host, 'via', `${receivedVersion(context.req)} ${PSEUDONYM}`, 'x-request-id', context.id);
    headers.push('x-forwarded-for', trustedChain(context));
    headers.push('x-forwarded-host', publicUrl.host, 'x-forwarded-proto', proto);
    if (trace !== undefined) headers.push(...trace.headers);
    if (accessToken !== undefined) {
      headers.push('authorization', accessToken.authorization);
      if (accessToken.proof !== undefined) headers.push('dpop', accessToken.proof);
    }
    if (claims !== undefined) headers.push(...claims);
    if (upgrade) headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
    return headers;
  };
}

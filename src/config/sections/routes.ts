/** Schema of one entry of `routes`: path, upstream, access rules, forwarded content and limits. */
import { z } from 'zod';
import { duration, fieldName, headerName, httpUrl, origin, scopeToken, size, textList } from '../fields/fields.ts';
import { claims, site } from './route-site.ts';
import { rule } from './rules.ts';

const tokenRequest = {
  audience: z.string().min(1).optional().describe('Audience to request.'),
  resource: z.array(httpUrl()).min(1).optional().describe('Resource indicators to request (RFC 8707).'),
  scopes: z.array(scopeToken()).min(1).optional().describe('Scopes to request.'),
};

const upstreamToken = z
  .union([
    z.literal('forward').describe('The access token of the client or session.'),
    z.literal('none').describe('No access token.'),
    z.strictObject({
      exchange: z.strictObject(tokenRequest).describe('A token for this API, by token exchange (RFC 8693).'),
    }),
    z.strictObject({
      clientCredentials: z
        .strictObject(tokenRequest)
        .describe('A token of the gateway itself for this API, by client credentials (RFC 6749 section 4.4).'),
    }),
  ])
  .default('forward')
  .describe('Access token that the upstream receives.');

/** Matching of the path, and the upstream URL. */
const target = {
  path: z
    .string()
    .regex(/^\/[^\s?#\\]*$/, 'expected a path that starts with /')
    .describe('Path pattern: * matches one segment, a final /** matches the path before it and everything below.'),
  origin: origin().optional().describe('Origin of the route: an entry of origins, or publicUrl, which is the default.'),
  upstream: z
    .union([
      httpUrl().refine((text) => !text.includes('?'), 'expected a URL without query: the query of the request is used'),
      z.literal('none'),
    ])
    .describe(
      'Base URL of the API. The path of the request is appended. none: only forward authentication asks about this route; the public port serves nothing there.',
    ),
  stripPrefix: z
    .string()
    .regex(/^\/[^\s?#*]*[^/\s?#*]$/, 'expected a literal path prefix without trailing slash')
    .optional()
    .describe('Prefix to remove from the path before the request is forwarded.'),
};

/** Accepted credentials and requests. */
const access = {
  audience: textList()
    .optional()
    .describe('Accepted audiences of the access token (aud). Default: accessTokens.audience.'),
  introspect: z
    .boolean()
    .default(false)
    .describe('Introspect every token at its issuer (RFC 7662), so that a revoked token is refused before it expires.'),
  upstreamToken,
  rules: z
    .array(rule)
    .min(1)
    .prefault([{ token: 'user' }])
    .describe(
      'Access rules. The first match decides; a request that matches none is denied. Default: all methods, for signed-in users.',
    ),
  csrf: z
    .enum(['header', 'fetch-metadata'])
    .default('header')
    .describe(
      'fetch-metadata: GET and HEAD need no CSRF header if Sec-Fetch-Site is same-origin (for images and downloads).',
    ),
  websocket: z.boolean().default(false).describe('Allow WebSocket upgrades.'),
  allowedOrigins: z.array(origin()).default([]).describe('Additional origins that may open a WebSocket.'),
};

/** Headers and cookies that pass between client and upstream. */
const content = {
  requestCookies: z
    .enum(['forward', 'drop'])
    .default('forward')
    .describe('Cookies of the application. Cookies of the gateway are always removed.'),
  requestHeaders: z
    .array(fieldName())
    .default([])
    .describe(
      'Request headers of the client that pass although they are dropped by default: those that identify the caller (X-User-Id), and names with other characters than letters, digits and hyphens (api_key). Exact spelling.',
    ),
  responseHeaders: z
    .array(headerName())
    .default([])
    .describe(
      'Response headers of the upstream that pass although they are dropped by default, because they speak for the whole origin: Accept-CH, NEL, Refresh, Report-To, Service-Worker-Allowed and others.',
    ),
  setCookie: z
    .enum(['drop', 'forward'])
    .default('drop')
    .describe(
      'Set-Cookie of the upstream; Path and Domain are mapped to the public URL. Cookies with the name of a gateway cookie are always dropped.',
    ),
  cors: z
    .enum(['gateway', 'upstream'])
    .default('gateway')
    .describe(
      'upstream: the upstream receives preflights and decides which origins may read its responses (CORS and Cross-Origin-Resource-Policy). Only if every rule has token: none. gateway: cors.allowedOrigins decides.',
    ),
  authorization: z
    .enum(['drop', 'forward'])
    .default('drop')
    .describe(
      'forward: the upstream receives Authorization and DPoP of the client, whatever their scheme, and checks them itself. Only if every rule has token: none, or on a page with upstreamToken: none and without accessTokens: for a site with a sign-in of its own, such as HTTP Basic.',
    ),
  cache: z
    .enum(['private', 'browser', 'upstream'])
    .default('private')
    .describe(
      'private: responses to signed-in users are never stored, unless the upstream says private itself. browser: the browser stores what the upstream allows any cache to store, shared caches do not. upstream: Cache-Control of the upstream is kept.',
    ),
  documents: z
    .enum(['sandbox', 'forward'])
    .default('sandbox')
    .describe(
      'sandbox: adds Content-Security-Policy: sandbox to responses, so that HTML, SVG and XML documents of the upstream run no script; PDF is exempt. forward: such documents can act as the user.',
    ),
};

/** Limits of time, connections and body size. */
const limits = {
  timeouts: z
    .strictObject({
      connect: duration('10ms', '5m').prefault('5s').describe('Maximum time until the connection is established.'),
      headers: duration('10ms', '1h')
        .prefault('60s')
        .describe('Maximum time from the end of the request until the head of the response is complete.'),
      idle: duration('0ms', '7d').prefault('5m').describe('Maximum time without data inside a body; 0ms is no limit.'),
    })
    .prefault({}),
  connections: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(128)
    .describe('Maximum concurrent requests to the upstream, without those that count as streams.'),
  maxStreams: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(4096)
    .describe(
      'Maximum event streams, WebSockets, and transfers that last longer than 1s because of the client. They do not count as connections. A further event stream or WebSocket receives 503.',
    ),
  websocketIdleTimeout: duration('0ms', '7d')
    .prefault('0ms')
    .describe(
      'Maximum time without a byte in either direction of a WebSocket, pings included; after that it is closed with code 1001. 0ms is no limit.',
    ),
  maxQueue: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(4096)
    .describe('Maximum requests that wait for a connection; further ones receive 503.'),
  bodies: z
    .enum(['forward', 'strict'])
    .default('forward')
    .describe(
      'Bodies of methods other than POST, PUT and PATCH, which many upstreams ignore. forward: the body is sent, and the connection is not reused. strict: 400 bad_request.',
    ),
  maxBody: size().optional().describe('Maximum request body. Default: no limit, since bodies are streamed.'),
};

/** One entry of `routes`. */
export const route = z.strictObject({
  ...target,
  ...site,
  ...claims,
  ...access,
  ...content,
  ...limits,
  upstreamCa: z.string().min(1).optional().describe('Path of a PEM file with the CA of the upstream.'),
});

/** Options of one route: its path, its upstream, who may call it, and what is forwarded. */
import { z } from 'zod';
import { duration, headerName, httpUrl, origin, scopeToken, size, textList } from '../fields/fields.ts';
import { rule } from './rules.ts';

const tokenRequest = {
  audience: z.string().min(1).optional().describe('The audience to ask for.'),
  resource: z.array(httpUrl()).min(1).optional().describe('Resource indicators to ask for (RFC 8707).'),
  scopes: z.array(scopeToken()).min(1).optional().describe('The scopes to ask for.'),
};

const upstreamToken = z
  .union([
    z.literal('forward').describe("The caller's own access token."),
    z.literal('none').describe('No access token at all.'),
    z.strictObject({
      exchange: z.strictObject(tokenRequest).describe("A token for this API in exchange for the caller's (RFC 8693)."),
    }),
    z.strictObject({
      clientCredentials: z
        .strictObject(tokenRequest)
        .describe("A token of the gateway's own for this API (RFC 6749 section 4.4)."),
    }),
  ])
  .default('forward')
  .describe('Which access token the upstream gets.');

/** How the path is matched, and where the request goes. */
const target = {
  path: z
    .string()
    .regex(/^\/[^\s?#\\]*$/, 'expected a path that starts with /')
    .describe('Path pattern: * is one segment, a final /** is everything below (and the path itself).'),
  upstream: httpUrl().describe('Base URL of the API. The path of the request is appended to its path.'),
  stripPrefix: z
    .string()
    .regex(/^\/[^\s?#*]*[^/\s?#*]$/, 'expected a literal path prefix without trailing slash')
    .optional()
    .describe('Removed from the front of the path before it is forwarded.'),
};

/** Who may call, and with which credentials. */
const access = {
  audience: textList()
    .optional()
    .describe('What the access token must be meant for: one of these. Default: accessTokens.audience.'),
  introspect: z
    .boolean()
    .default(false)
    .describe('Ask the issuer about every token (RFC 7662), so that a revoked one is refused before it lapses.'),
  upstreamToken,
  rules: z
    .array(rule)
    .min(1)
    .prefault([{ token: 'user' }])
    .describe('First match wins; no match is denied. Default: every method, signed-in users.'),
  csrf: z
    .enum(['header', 'fetch-metadata'])
    .default('header')
    .describe(
      'fetch-metadata: GET and HEAD need no CSRF header, but Sec-Fetch-Site must say same-origin (images, downloads).',
    ),
  websocket: z.boolean().default(false).describe('Offer WebSocket upgrades.'),
  allowedOrigins: z.array(origin()).default([]).describe('Further origins that may open a WebSocket here.'),
};

/** What passes between the client and the upstream besides the body. */
const content = {
  claimHeaders: z
    .record(headerName(), z.string().min(1))
    .default({})
    .describe(
      'Header name to claim path; values are percent-encoded UTF-8. From UserInfo when it is on, else from a JWT access token.',
    ),
  requestCookies: z
    .enum(['forward', 'drop'])
    .default('forward')
    .describe('Cookies of the application; those of the gateway are always removed.'),
  setCookie: z
    .enum(['drop', 'forward'])
    .default('drop')
    .describe('Set-Cookie of the upstream; those named like a cookie of the gateway are always dropped.'),
  cache: z
    .enum(['private', 'upstream'])
    .default('private')
    .describe(
      'private: answers to signed-in users are never stored by shared caches. upstream: its own Cache-Control passes.',
    ),
  documents: z
    .enum(['sandbox', 'forward'])
    .default('sandbox')
    .describe(
      'sandbox: answers carry Content-Security-Policy: sandbox beside the policy of the upstream, so that an HTML, SVG or XML document that is opened here runs no script; PDF is exempt. forward: such documents may act as the user.',
    ),
};

/** Limits of time, connections and size. */
const limits = {
  timeouts: z
    .strictObject({
      connect: duration('10ms', '5m').prefault('5s').describe('Until the connection stands.'),
      headers: duration('10ms', '1h').prefault('60s').describe('Until the first byte of the answer.'),
      idle: duration('0ms', '7d').prefault('5m').describe('Longest silence inside a body; 0ms is no limit.'),
    })
    .prefault({}),
  connections: z.number().int().min(1).max(4096).default(128).describe('Most connections to the upstream.'),
  maxQueue: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(4096)
    .describe('Most calls that wait for a connection; beyond that 503.'),
  maxBody: size().optional().describe('Largest request body; no limit when left out, since bodies are streamed.'),
};

export const route = z.strictObject({
  ...target,
  ...access,
  ...content,
  ...limits,
  upstreamCa: z.string().min(1).optional().describe('Path of a PEM file with the CA of the upstream.'),
});

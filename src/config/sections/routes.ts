/** Schema of one entry of `routes`: path, upstream and access rules. */
import { z } from 'zod';
import { headerChanges } from '../changes/header-changes.ts';
import { rewrite } from '../changes/rewrite.ts';
import { httpUrl, origin, scopeToken, textList } from '../fields/fields.ts';
import type { SecretField } from '../fields/secret.ts';
import { callerLimits } from '../traffic/caller-limits.ts';
import { routeContent } from '../traffic/route-content.ts';
import { routeLimits } from '../traffic/route-limits.ts';
import { routeService } from '../traffic/route-service.ts';
import { upstream } from '../traffic/upstream.ts';
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
  upstream,
  stripPrefix: z
    .string()
    .regex(/^\/[^\s?#*]*[^/\s?#*]$/, 'expected a literal path prefix without trailing slash')
    .optional()
    .describe('Prefix to remove from the path before the request is forwarded.'),
  rewrite,
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

/** One entry of `routes`. */
export const routeSchema = (secret: SecretField) =>
  z.strictObject({
    ...target,
    ...site,
    ...claims,
    ...access,
    ...headerChanges(secret),
    ...routeContent,
    ...routeLimits,
    limits: callerLimits(),
    ...routeService,
    upstreamCa: z.string().min(1).optional().describe('Path of a PEM file with the CA of the upstream.'),
  });

/** Schemas of the options of private listeners, processes, and the addresses of the gateway and its proxies. */
import { z } from 'zod';
import { duration, headerPattern, origin, port } from '../fields/fields.ts';
import { adminMetrics, operatorPage } from './observability.ts';
import type { SecretField } from './secrets.ts';

export const publicUrl = origin().describe(
  'Public origin of the gateway as browsers see it, such as https://shop.example.com.',
);

export const allowedHosts = z
  .array(z.string().min(1))
  .default([])
  .describe('Additional accepted values of the Host header, such as an internal name that a front proxy uses.');

export const origins = z
  .array(origin())
  .default([])
  .describe(
    'Further public origins of the app, which only forward authentication asks about. They get the session by session.cookie.sharedDomain; only publicUrl serves the endpoints.',
  );

export const trustedProxies = z
  .array(z.string().min(1))
  .default([])
  .describe('Addresses or CIDR ranges of proxies whose forwarded headers are trusted. Default: none.');

export const identityHeaders = z
  .array(headerPattern())
  .default([])
  .describe(
    'Further request headers by which an upstream identifies the caller: dropped from requests of clients on every route, in any spelling. X-Tenant-* is every name with that prefix.',
  );

export const workers = z
  .union([z.literal('auto'), z.number().int().min(1).max(256)])
  .default(1)
  .describe(
    'Number of processes that share the public port; `auto` is one per core available to the host or container.',
  );

/** Schema of `admin`. */
export const adminSchema = (secret: SecretField) =>
  z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address of the private listener.'),
      port: port().default(9400).describe('Port of the private listener.'),
      enabled: z.boolean().default(true).describe('Whether the private listener is opened: health, metrics, sessions.'),
      secret: secret()
        .optional()
        .describe('Bearer secret for listing and ending sessions; required if host is not loopback.'),
      page: operatorPage,
      metrics: adminMetrics,
    })
    .prefault({})
    .describe('Private listener for /livez, /readyz, /metrics and session administration.');

export const forwardAuth = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address of the private listener that proxies ask.'),
    port: port().default(9401).describe('Port of the private listener that proxies ask.'),
  })
  .optional()
  .describe(
    'Private listener for forward authentication: a front proxy requests /auth/verify or /auth/redirect before it forwards a request itself. Its responses contain access tokens, so never expose it.',
  );

export const upstreamClient = z
  .enum(['own', 'undici'])
  .default('own')
  .describe(
    'HTTP client for the routes: the one of this gateway, or undici, which needs more CPU per request. undici remains for one release, as a fallback.',
  );

export const reload = z
  .strictObject({
    watch: z.boolean().default(false).describe('Reload automatically when the file changes. Otherwise send SIGHUP.'),
  })
  .prefault({})
  .describe('Reload of the configuration at run time. An invalid file changes nothing.');

export const development = z
  .strictObject({
    allowInsecureHttp: z
      .boolean()
      .default(false)
      .describe('Allow a plain-HTTP publicUrl on loopback and a plain-HTTP issuer.'),
  })
  .prefault({});

export const hsts = z
  .strictObject({
    maxAge: duration('0s', '3650d')
      .prefault('365d')
      .describe('How long browsers use only https for the host; 0s makes them forget it.'),
    includeSubDomains: z
      .boolean()
      .default(true)
      .describe('Apply it to all subdomains of the host as well. With routes of kind page the default is false.'),
  })
  .prefault({})
  .describe('Strict-Transport-Security of all responses, if publicUrl is https.');

export const plugins = z
  .array(z.string({ error: 'expected the path of a JavaScript module' }).min(1))
  .max(50)
  .default([])
  .describe(
    'JavaScript modules (ESM) whose hooks the gateway runs, in this order (docs/plugins.md). Relative to the folder of this file.',
  );

export const hooks = z
  .strictObject({
    timeout: duration('10ms', '30s')
      .prefault('2s')
      .describe('Maximum duration of one run of a hook; then the run counts as failed.'),
  })
  .prefault({});

/** The configuration as a zod schema: every option, its default and its description. */
import { z } from 'zod';
import {
  duration,
  headerName,
  httpUrl,
  kind,
  origin,
  port,
  scopeToken,
  signatureAlgorithm,
  size,
  textList,
} from '../fields/fields.ts';
import { rule } from './rule-schema.ts';

/** Where a secret comes from when it is not written in the file. */
export type SecretRef = { file: string } | { env: string };
/** Returns the secret's text, or throws an Error whose message says why it cannot be had. */
export type SecretResolver = (ref: SecretRef) => string;

/** Builds the schema; `resolve` is asked for each secret that is named rather than written. */
export function configSchema(resolve: SecretResolver) {
  const named = z.union([
    z.strictObject({
      file: z.string().min(1).describe('Path of a file that holds the secret; a trailing newline is ignored.'),
    }),
    z.strictObject({ env: z.string().min(1).describe('Name of an environment variable that holds the secret.') }),
  ]);
  const resolved = (ref: SecretRef, context: { addIssue(issue: { code: 'custom'; message: string }): void }) => {
    try {
      return resolve(ref);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  };
  const secret = () =>
    z
      .union([z.string().min(1), named])
      .transform((value, context) => (typeof value === 'string' ? value : resolved(value, context)));

  const key = z
    .strictObject({
      id: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,16}$/, 'expected 1 to 16 letters, digits, _ or -')
        .describe('Name of the key; stored beside what it sealed.'),
      value: z.string().optional().describe('The secret itself; prefer file or env.'),
      file: z.string().min(1).optional().describe('Path of a file that holds it.'),
      env: z.string().min(1).optional().describe('Name of an environment variable that holds it.'),
    })
    .transform((entry, context) => {
      const given = [entry.value, entry.file, entry.env].filter((part) => part !== undefined);
      if (given.length !== 1) {
        context.addIssue({ code: 'custom', message: 'expected exactly one of value, file or env' });
        return z.NEVER;
      }
      const value =
        entry.value ?? resolved(entry.file !== undefined ? { file: entry.file } : { env: entry.env ?? '' }, context);
      return { id: entry.id, value };
    });

  const redis = z.strictObject({
    url: z
      .string()
      .regex(/^rediss?:\/\//, 'expected redis:// or rediss://')
      .optional()
      .describe('One server: redis://[user@]host:port[/db], rediss:// for TLS.'),
    sentinels: z
      .array(z.strictObject({ host: z.string().min(1), port: port().default(26379) }))
      .min(1)
      .optional()
      .describe('Sentinel addresses; needs master.'),
    master: z.string().min(1).optional().describe('Name of the master that Sentinel watches.'),
    cluster: z
      .array(z.strictObject({ host: z.string().min(1), port: port().default(6379) }))
      .min(1)
      .optional()
      .describe('Some nodes of a Redis Cluster.'),
    username: z.string().min(1).optional().describe('ACL user.'),
    password: secret().optional().describe('Password of the ACL user or of the server.'),
    sentinelPassword: secret().optional().describe('Password of the Sentinels.'),
    database: z.number().int().min(0).max(1024).default(0).describe('Database number; 0 in a Cluster.'),
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().describe('Path of a PEM file with the CA.'),
        servername: z.string().min(1).optional().describe('Name to expect in the certificate.'),
      })
      .optional()
      .describe('TLS to the server; rediss:// turns it on as well.'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9:_-]{1,64}$/)
      .default('bff:')
      .describe('Put before every key.'),
    commandTimeout: duration('10ms', '60s')
      .prefault('1s')
      .describe('How long one command may take before the call answers 503.'),
  });

  const upstreamToken = {
    audience: z.string().min(1).optional().describe('The audience to ask for.'),
    resource: z.array(httpUrl()).min(1).optional().describe('Resource indicators to ask for (RFC 8707).'),
    scopes: z.array(scopeToken()).min(1).optional().describe('The scopes to ask for.'),
  };

  const route = z.strictObject({
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
    audience: textList()
      .optional()
      .describe('What the access token must be meant for: one of these. Default: accessTokens.audience.'),
    introspect: z
      .boolean()
      .default(false)
      .describe('Ask the issuer about every token (RFC 7662), so that a revoked one is refused before it lapses.'),
    upstreamToken: z
      .union([
        z.literal('forward').describe("The caller's own access token."),
        z.literal('none').describe('No access token at all.'),
        z.strictObject({
          exchange: z
            .strictObject(upstreamToken)
            .describe("A token for this API in exchange for the caller's (RFC 8693)."),
        }),
        z.strictObject({
          clientCredentials: z
            .strictObject(upstreamToken)
            .describe("A token of the gateway's own for this API (RFC 6749 section 4.4)."),
        }),
      ])
      .default('forward')
      .describe('Which access token the upstream gets.'),
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
    upstreamCa: z.string().min(1).optional().describe('Path of a PEM file with the CA of the upstream.'),
  });

  const introspection = z.strictObject({
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe('Client that asks; for the provider itself left out: the client of the gateway.'),
    clientSecret: secret().optional(),
    cache: duration('0ms', '10m')
      .prefault('10s')
      .describe(
        'How long the answer for a live token is believed; 0ms asks each time. This is how late a revocation is noticed.',
      ),
    negativeCache: duration('0ms', '10m').prefault('10s').describe('The same for a token that is not live.'),
  });

  const issuerOptions = {
    kind: kind().optional(),
    algorithms: z
      .array(signatureAlgorithm())
      .min(1)
      .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
      .describe('Signature algorithms accepted for access tokens.'),
    type: z
      .enum(['at+jwt', 'any'])
      .optional()
      .describe(
        'at+jwt: the header must name RFC 9068. any: for issuers that do not; ID, refresh and logout tokens are refused all the same. Default by kind.',
      ),
    subjects: z
      .enum(['users', 'clients', 'both'])
      .default('both')
      .describe(
        'Whose tokens this issuer makes; both tells them apart by their claims and refuses what it cannot tell.',
      ),
    rolesClaim: z.string().min(1).optional().describe('Claim path of the roles. Default by kind.'),
    introspection: introspection.optional().describe('Introspection (RFC 7662) at this issuer.'),
  };

  const accessTokens = z.strictObject({
    audience: textList()
      .optional()
      .describe('What an access token must be meant for, on routes that do not say so themselves.'),
    provider: z
      .strictObject(issuerOptions)
      .prefault({})
      .describe('The access tokens of the provider itself, in sessions and of callers.'),
    issuers: z
      .array(
        z.strictObject({
          issuer: httpUrl().describe('Issuer identifier, byte for byte as in the tokens.'),
          internalUrl: origin().optional().describe('Origin under which it is reached from here, when it differs.'),
          ...issuerOptions,
        }),
      )
      .default([])
      .describe('Further issuers whose access tokens callers may bring.'),
    cache: duration('0ms', '10m')
      .prefault('1m')
      .describe(
        'How long a verified token is remembered; a withdrawn signing key is noticed no later than this after 5m.',
      ),
    resource: httpUrl()
      .optional()
      .describe('Identifier of this protected resource (RFC 9728). Default: the public URL.'),
  });

  return z.strictObject({
    publicUrl: origin().describe('The origin that browsers see, such as https://shop.example.com.'),
    allowedHosts: z
      .array(z.string().min(1))
      .default([])
      .describe('Further values of the Host header to accept, such as an internal name that a front proxy uses.'),
    listen: z
      .strictObject({ host: z.string().min(1).default('0.0.0.0'), port: port().default(3000) })
      .prefault({})
      .describe('Where the gateway listens.'),
    workers: z
      .union([z.literal('auto'), z.number().int().min(1).max(256)])
      .default(1)
      .describe(
        'Processes that take calls on the one port; `auto` is one for each core that this machine or container may use.',
      ),
    admin: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: port().default(9400),
        enabled: z.boolean().default(true),
        secret: secret()
          .optional()
          .describe('What an administrator must show to list and end sessions; needed when host is not loopback.'),
      })
      .prefault({})
      .describe('The private listener: /livez, /readyz, /metrics, and the administration of sessions.'),
    trustedProxies: z
      .array(z.string().min(1))
      .default([])
      .describe('Addresses or CIDR ranges whose forwarded headers are believed. Default: nobody.'),
    secrets: z
      .strictObject({ keys: z.array(key).min(1).describe('The first key is used, all are accepted.') })
      .describe('Keys for cookies and for what the store holds; 32 bytes or more each.'),
    provider: z.strictObject({
      issuer: httpUrl().describe('Issuer identifier, byte for byte as the provider announces it.'),
      internalUrl: origin()
        .optional()
        .describe('Origin under which the gateway reaches the provider when it differs from the public one.'),
      kind: kind().optional(),
      clientId: z.string().min(1),
      clientSecret: secret().optional().describe('For client_secret_basic and client_secret_post.'),
      clientAuth: z
        .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth'])
        .default('client_secret_basic')
        .describe('How the gateway authenticates at the token endpoint.'),
      profile: z
        .enum(['default', 'fapi2'])
        .default('default')
        .describe('fapi2: pushed requests, sender-constrained tokens and a client key or certificate, all required.'),
      pushedRequests: z
        .enum(['auto', 'always', 'never'])
        .default('auto')
        .describe('Pushed authorization requests (RFC 9126); auto: when the provider announces them.'),
      signedRequests: z.boolean().default(false).describe('Sign the authorization request (RFC 9101) with privateKey.'),
      dpop: z
        .boolean()
        .default(false)
        .describe('Bind tokens to a key of each session (RFC 9449), at the provider and at the APIs.'),
      tls: z
        .strictObject({
          certificate: z.string().min(1).describe('Path of a PEM file with the client certificate.'),
          key: z.string().min(1).describe('Path of a PEM file with its key.'),
        })
        .optional()
        .describe('Client certificate for tls_client_auth (RFC 8705); upstreams that ask for one see it too.'),
      tenants: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('Entra ID with a multi-tenant issuer: the tenant ids whose users may sign in.'),
      scopeOnRefresh: z
        .boolean()
        .optional()
        .describe('Send the scopes with each refresh, for providers that narrow the token otherwise. Default by kind.'),
      privateKey: secret().optional().describe('PKCS#8 PEM or JWK for private_key_jwt and signedRequests.'),
      privateKeyId: z.string().min(1).optional().describe('kid of that key, when the PEM carries none.'),
      privateKeyAlg: z
        .enum(['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'])
        .default('ES256')
        .describe('Signing algorithm for private_key_jwt.'),
      scopes: z
        .array(scopeToken())
        .min(1)
        .default(['openid', 'profile', 'offline_access'])
        .describe('Asked for at login; openid is required.'),
      responseMode: z
        .enum(['query', 'form_post'])
        .default('query')
        .describe('form_post makes the login cookie SameSite=None.'),
      authorizationParams: z
        .record(z.string(), z.string())
        .default({})
        .describe('Fixed extra parameters of the authorization request, such as audience.'),
      allowedLoginParams: z
        .array(z.enum(['prompt', 'login_hint', 'acr_values', 'max_age', 'ui_locales']))
        .default(['prompt', 'login_hint', 'acr_values', 'max_age', 'ui_locales'])
        .describe('Parameters that a link to the login endpoint may carry.'),
      idTokenSignedResponseAlg: z
        .enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])
        .default('RS256')
        .describe('The one algorithm accepted for ID tokens.'),
      userInfo: z.boolean().default(false).describe('Fetch UserInfo at login and compare its sub.'),
      clockTolerance: duration('0s', '5m').prefault('30s').describe('How far the clocks may differ.'),
      timeout: duration('100ms', '60s').prefault('5s').describe('Longest wait for one answer of the provider.'),
      refreshBefore: duration('0s', '10m')
        .prefault('30s')
        .describe('How long before expiry a token is renewed; never more than a fifth of its lifetime.'),
      defaultTokenLifetime: duration('10s', '24h')
        .prefault('5m')
        .describe('Lifetime assumed when the provider names none and the token is no JWT.'),
    }),
    session: z
      .strictObject({
        store: z
          .union([
            z.strictObject({ redis }),
            z.strictObject({
              sqlite: z.strictObject({
                file: z
                  .string()
                  .min(1)
                  .default('./bff-sessions.db')
                  .describe('Path of the database file, or :memory:.'),
              }),
            }),
          ])
          .prefault({ sqlite: {} })
          .describe('redis for many nodes, sqlite for one.'),
        cookie: z
          .strictObject({
            name: z
              .string()
              .regex(/^[A-Za-z0-9_-]{1,40}$/)
              .optional()
              .describe('Default __Host-bff; bff when the public URL is plain HTTP.'),
            sameSite: z
              .enum(['strict', 'lax'])
              .default('strict')
              .describe(
                'lax: for pages that read the session in the navigation that ends a sign-in, such as pages rendered on a server. A single-page app finds it by its first request.',
              ),
          })
          .prefault({}),
        maxPerUser: z
          .number()
          .int()
          .min(1)
          .max(1_000)
          .optional()
          .describe('Most sessions of one user at a time; a further sign-in ends the oldest. No limit when left out.'),
        idleTimeout: duration('1s', '365d')
          .prefault('30m')
          .describe('A session ends after this long without an API call.'),
        absoluteTimeout: duration('1s', '365d')
          .prefault('8h')
          .describe('A session ends this long after login, whatever happens.'),
        cacheSize: z
          .number()
          .int()
          .min(0)
          .max(1_000_000)
          .prefault(10_000)
          .describe(
            'Most sessions that each process keeps in memory, 6 KB each with tokens of 1.4 KB. They are dropped as soon as the store tells of a change, and not used while it cannot. 0 asks the store on each call.',
          ),
      })
      .prefault({}),
    login: z
      .strictObject({
        timeout: duration('5s', '10m').prefault('10m').describe('How long a sign-in may take.'),
        maxPending: z
          .number()
          .int()
          .min(1)
          .max(10)
          .default(5)
          .describe('Sign-ins under way per browser; the oldest gives way.'),
      })
      .prefault({}),
    logout: z
      .strictObject({
        landing: z
          .string()
          .regex(/^\/[^/\\\s][^\s]*$|^\/$/)
          .default('/signed-out')
          .describe('Path where the provider sends the browser after sign-out; register it there.'),
        revocationWait: duration('0ms', '10s')
          .prefault('800ms')
          .describe('How long a sign-out waits for revocation; after that it goes on in the background.'),
        clearSiteData: z
          .array(z.enum(['cache', 'storage', 'executionContexts', 'clientHints', 'prefetchCache', 'prerenderCache']))
          .default([])
          .describe(
            'What browsers are told to throw away of the whole origin at sign-out (Clear-Site-Data). Nothing by default: other applications may live there. Cookies of others are never cleared.',
          ),
        tokenType: z
          .enum(['logout+jwt', 'any'])
          .default('logout+jwt')
          .describe(
            'What the header of a logout token must say when it names a type; any: for providers that say JWT.',
          ),
        frontChannel: z
          .boolean()
          .default(false)
          .describe(
            'Offer front-channel logout. Browsers keep cookies out of frames of other sites, so it mostly reaches nobody: prefer the back channel.',
          ),
      })
      .prefault({}),
    csrf: z
      .strictObject({
        header: headerName()
          .default('X-CSRF')
          .describe('Header that every cookie-authenticated call carries, with the value 1.'),
      })
      .prefault({}),
    cors: z
      .strictObject({
        allowedOrigins: z.array(origin()).default([]).describe('Origins that may call the routes with credentials.'),
      })
      .prefault({}),
    endpoints: z
      .strictObject({
        prefix: z
          .string()
          .regex(/^(\/[A-Za-z0-9_-]+)*$/, 'expected a path such as /bff, without trailing slash')
          .default('')
          .describe('Put before /login, /callback, /logout and so on.'),
      })
      .prefault({}),
    frontend: z
      .strictObject({
        directory: z
          .string()
          .min(1)
          .optional()
          .describe('Folder of the built single-page app; unknown paths get its index.html.'),
        devServer: origin()
          .optional()
          .describe(
            'Development server of the front end, WebSocket included. One that renders pages with the session needs session.cookie.sameSite: lax.',
          ),
        contentSecurityPolicy: z
          .union([z.string().min(1), z.literal(false)])
          .optional()
          .describe("Content-Security-Policy of the front end's pages; false for none."),
      })
      .optional(),
    forwardAuth: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: port().default(9401),
      })
      .optional()
      .describe(
        'A private listener at which a front proxy asks /auth/verify before it forwards a call by itself; it hands out access tokens, so never expose it.',
      ),
    accessTokens: accessTokens
      .optional()
      .describe(
        'Validate access tokens: callers may bring their own as bearer tokens, and rules may ask for claims, roles and audiences.',
      ),
    routes: z.array(route).default([]),
    limits: z
      .strictObject({
        headerSize: size().prefault('16kb').describe('Largest request head.'),
        headersTimeout: duration('1s', '5m').prefault('15s').describe('Until the whole request head has arrived.'),
        bodyTimeout: duration('100ms', '1m')
          .prefault('8s')
          .describe(
            'Maximum time for the whole body of a request to an endpoint; after that the response is 408 and the connection closes. Also the maximum time for the rest of the body after a request was refused. Uploads that a route has accepted have no such limit.',
          ),
        keepAliveTimeout: duration('0s', '10m')
          .prefault('65s')
          .describe('How long an idle client connection stays open.'),
        connections: z.number().int().min(1).max(1_000_000).default(20_000).describe('Most client connections.'),
        loginsPerMinute: z
          .number()
          .int()
          .min(0)
          .max(100_000)
          .default(120)
          .describe(
            'Most sign-ins that one address (IPv6: one /64) may begin, and end, in a minute at one instance; 0 is no limit.',
          ),
        logoutTokensPerMinute: z
          .number()
          .int()
          .min(0)
          .max(1_000_000)
          .default(6_000)
          .describe('Most back-channel logouts that one address may send in a minute to one instance; 0 is no limit.'),
        drainDelay: duration('0s', '1m')
          .prefault('3s')
          .describe(
            'How long SIGTERM only turns readiness off while calls are still taken: the time a balancer needs to look elsewhere.',
          ),
        drainTimeout: duration('0s', '10m')
          .prefault('20s')
          .describe('How long running calls may take after that; then they are cut.'),
      })
      .prefault({}),
    log: z
      .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info') })
      .prefault({}),
    tracing: z
      .strictObject({
        otlp: httpUrl()
          .optional()
          .describe(
            'Base URL of a collector that takes OTLP over HTTP, such as http://otel-collector:4318: a span of each sampled call of a route is sent to /v1/traces.',
          ),
        sample: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe(
            'Begin a trace (W3C traceparent) for calls of routes that bring none, and mark this share of them as sampled. Left out: none is begun. Those of callers are passed on in any case.',
          ),
      })
      .prefault({}),
    reload: z
      .strictObject({
        watch: z.boolean().default(false).describe('Take on a changed file by itself; without it SIGHUP does.'),
      })
      .prefault({})
      .describe('Changes while the gateway runs. A bad file changes nothing.'),
    audit: z
      .strictObject({
        file: z
          .string()
          .min(1)
          .optional()
          .describe('File to which the audit log is appended. Default: standard output, among the lines of the log.'),
      })
      .prefault({})
      .describe('The audit log; log.level does not concern it.'),
    development: z
      .strictObject({
        allowInsecureHttp: z
          .boolean()
          .default(false)
          .describe('Accept a plain-HTTP publicUrl on loopback and a plain-HTTP issuer.'),
      })
      .prefault({}),
  });
}

/** The whole configuration, parsed: durations in milliseconds, sizes in bytes, secrets resolved. */
export type Config = z.output<ReturnType<typeof configSchema>>;
/** The configuration as it is written. */
export type ConfigInput = z.input<ReturnType<typeof configSchema>>;
export type RouteConfig = Config['routes'][number];
export type { ClaimCondition, RoleName, RuleConfig } from './rule-schema.ts';
export type AccessTokensConfig = NonNullable<Config['accessTokens']>;
export type TokenIssuerConfig = AccessTokensConfig['provider'];
export type ProviderKind = NonNullable<ProviderConfig['kind']>;
export type ProviderConfig = Config['provider'];

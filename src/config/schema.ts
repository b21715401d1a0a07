/** The configuration as a zod schema: every option, its default and its description. */
import { z } from 'zod';
import { parseDuration, parseSize } from './units.ts';

/** Where a secret comes from when it is not written in the file. */
export type SecretRef = { file: string } | { env: string };
/** Returns the secret's text, or throws an Error whose message says why it cannot be had. */
export type SecretResolver = (ref: SecretRef) => string;

const duration = (min = '0ms', max = '3650d') =>
  z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === undefined) {
      context.addIssue({ code: 'custom', message: 'expected a duration such as 500ms, 30s, 15m, 8h or 7d' });
      return z.NEVER;
    }
    if (ms < (parseDuration(min) ?? 0) || ms > (parseDuration(max) ?? 0)) {
      context.addIssue({ code: 'custom', message: `expected a duration between ${min} and ${max}` });
      return z.NEVER;
    }
    return ms;
  });

const size = () =>
  z.string().transform((text, context) => {
    const bytes = parseSize(text);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: 'custom', message: 'expected a size such as 512b, 16kb, 10mb or 1gb' });
    return z.NEVER;
  });

const httpUrl = () =>
  z.string().refine((text) => {
    const url = URL.parse(text);
    return (
      url !== null &&
      ['http:', 'https:'].includes(url.protocol) &&
      url.username === '' &&
      url.password === '' &&
      url.hash === ''
    );
  }, 'expected an absolute http:// or https:// URL without credentials or fragment');

const origin = () =>
  httpUrl().refine(
    (text) => URL.parse(text)?.origin === text,
    'expected an origin such as https://app.example.com, without path or trailing slash',
  );
const headerName = () =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'expected a header name of letters, digits and hyphens');
const scopeToken = () =>
  z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected one scope token without spaces (RFC 6749 section 3.3)');
const port = () => z.number().int().min(0).max(65_535);

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

  const rule = z.strictObject({
    methods: z
      .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
      .min(1)
      .optional()
      .describe('Methods the rule is about; all when left out.'),
    token: z
      .enum(['none', 'user', 'user-or-none'])
      .describe('Who may call: anyone without a token, a signed-in user, or either.'),
    scopes: z
      .array(z.union([scopeToken(), z.array(scopeToken()).min(1)]))
      .min(1)
      .optional()
      .describe('Scopes the token must have: a list is AND, a nested list is OR.'),
  });

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
    admin: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: port().default(9400),
        enabled: z.boolean().default(true),
      })
      .prefault({})
      .describe('The private listener: /livez, /readyz, /metrics.'),
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
      clientId: z.string().min(1),
      clientSecret: secret().optional().describe('For client_secret_basic and client_secret_post.'),
      clientAuth: z
        .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt'])
        .default('client_secret_basic')
        .describe('How the gateway authenticates at the token endpoint.'),
      privateKey: secret().optional().describe('PKCS#8 PEM or JWK for private_key_jwt.'),
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
            sameSite: z.enum(['strict', 'lax']).default('strict'),
          })
          .prefault({}),
        idleTimeout: duration('1s', '365d')
          .prefault('30m')
          .describe('A session ends after this long without an API call.'),
        absoluteTimeout: duration('1s', '365d')
          .prefault('8h')
          .describe('A session ends this long after login, whatever happens.'),
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
        devServer: origin().optional().describe('Development server of the front end, WebSocket included.'),
        contentSecurityPolicy: z
          .union([z.string().min(1), z.literal(false)])
          .optional()
          .describe("Content-Security-Policy of the front end's pages; false for none."),
      })
      .optional(),
    routes: z.array(route).default([]),
    limits: z
      .strictObject({
        headerSize: size().prefault('16kb').describe('Largest request head.'),
        headersTimeout: duration('1s', '5m').prefault('15s').describe('Until the whole request head has arrived.'),
        keepAliveTimeout: duration('0s', '10m')
          .prefault('65s')
          .describe('How long an idle client connection stays open.'),
        connections: z.number().int().min(1).max(1_000_000).default(20_000).describe('Most client connections.'),
        drainTimeout: duration('0s', '10m').prefault('20s').describe('How long running calls may take after SIGTERM.'),
      })
      .prefault({}),
    log: z
      .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info') })
      .prefault({}),
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
export type RuleConfig = RouteConfig['rules'][number];
export type ProviderConfig = Config['provider'];

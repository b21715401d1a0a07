/** Zod schema of the configuration: every option, its default and its description. */
import { z } from 'zod';
import { origin } from '../fields/fields.ts';
import { accessTokensSchema } from '../sections/access-tokens.ts';
import { cors, csrf, endpoints, frontend } from '../sections/browser.ts';
import { login, logout } from '../sections/login.ts';
import { audit, log, tracing } from '../sections/observability.ts';
import { providerSchema } from '../sections/provider.ts';
import { route } from '../sections/routes.ts';
import { type SecretResolver, secretFields } from '../sections/secrets.ts';
import { adminSchema, forwardAuth, limits, listen, reload, workers } from '../sections/server.ts';
import { sessionSchema } from '../sections/session.ts';
import { tuning } from '../sections/tuning.ts';

/** Creates the schema; `resolve` reads secrets that are references. */
export function configSchema(resolve: SecretResolver) {
  const { secret, key } = secretFields(resolve);
  return z.strictObject({
    publicUrl: origin().describe('Public origin of the gateway as browsers see it, such as https://shop.example.com.'),
    allowedHosts: z
      .array(z.string().min(1))
      .default([])
      .describe('Additional accepted values of the Host header, such as an internal name that a front proxy uses.'),
    listen,
    workers,
    admin: adminSchema(secret),
    trustedProxies: z
      .array(z.string().min(1))
      .default([])
      .describe('Addresses or CIDR ranges of proxies whose forwarded headers are trusted. Default: none.'),
    secrets: z
      .strictObject({ keys: z.array(key).min(1).describe('The first key seals; every key can open.') })
      .describe('Keys for cookies and for data in the store; at least 32 bytes each.'),
    provider: providerSchema(secret),
    session: sessionSchema(secret),
    login,
    logout,
    csrf,
    cors,
    endpoints,
    frontend,
    forwardAuth,
    accessTokens: accessTokensSchema(secret)
      .optional()
      .describe(
        'Validation of access tokens: clients may send bearer tokens, and rules may require claims, roles and audiences.',
      ),
    routes: z.array(route).default([]),
    limits,
    log,
    tracing,
    reload,
    audit,
    tuning,
    development: z
      .strictObject({
        allowInsecureHttp: z
          .boolean()
          .default(false)
          .describe('Allow a plain-HTTP publicUrl on loopback and a plain-HTTP issuer.'),
      })
      .prefault({}),
  });
}

/** The parsed configuration: durations in milliseconds, sizes in bytes, secrets resolved. */
export type Config = z.output<ReturnType<typeof configSchema>>;
/** The configuration as written in the file. */
export type ConfigInput = z.input<ReturnType<typeof configSchema>>;
export type RouteConfig = Config['routes'][number];
export type { ClaimCondition, RoleName, RuleConfig } from '../sections/rules.ts';
export type { SecretRef, SecretResolver } from '../sections/secrets.ts';
export type AccessTokensConfig = NonNullable<Config['accessTokens']>;
export type TokenIssuerConfig = AccessTokensConfig['provider'];
export type ProviderConfig = Config['provider'];

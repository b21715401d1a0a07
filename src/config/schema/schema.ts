/** Zod schema of the configuration: every option, its default and its description. */
import { z } from 'zod';
import { accessTokensSchema } from '../sections/access-tokens.ts';
import { cors, csrf, endpoints, frontend } from '../sections/browser.ts';
import { login, logout } from '../sections/login.ts';
import { audit, log, tracing } from '../sections/observability.ts';
import { pages } from '../sections/pages.ts';
import { providerSchema } from '../sections/provider.ts';
import { routeSchema } from '../sections/routes.ts';
import { type SecretResolver, secretField, secretsSchema } from '../sections/secrets.ts';
import {
  adminSchema,
  allowedHosts,
  development,
  forwardAuth,
  hooks,
  hsts,
  identityHeaders,
  origins,
  plugins,
  publicUrl,
  reload,
  trustedProxies,
  upstreamClient,
  workers,
} from '../sections/server.ts';
import { sessionSchema } from '../sections/session.ts';
import { tuning } from '../sections/tuning.ts';
import { clientCertificateHeader } from '../traffic/client-certificate.ts';
import { listen } from '../traffic/listen.ts';
import { limits } from '../traffic/process-limits.ts';
import type { AppIdentity } from './app-identity.ts';
import type { SHARED_OPTIONS } from './app-options.ts';

/** Creates the schema; `resolve` reads secrets that are references. */
export function configSchema(resolve: SecretResolver) {
  const secret = secretField(resolve);
  return z.strictObject({
    publicUrl,
    allowedHosts,
    origins,
    listen,
    workers,
    admin: adminSchema(secret),
    trustedProxies,
    clientCertificateHeader,
    identityHeaders,
    secrets: secretsSchema(resolve),
    provider: providerSchema(secret),
    providers: z
      .array(providerSchema(secret))
      .min(1)
      .max(100)
      .optional()
      .describe(
        'Several providers, in place of provider: users choose one at /login. Each entry has the options of provider and an id of its own.',
      ),
    session: sessionSchema(secret),
    login,
    logout,
    csrf,
    cors,
    endpoints,
    frontend,
    pages,
    hsts,
    forwardAuth,
    accessTokens: accessTokensSchema(secret),
    routes: z.array(routeSchema(secret)).default([]).describe('What the gateway forwards, and who may send it.'),
    limits,
    log,
    tracing,
    reload,
    audit,
    plugins,
    hooks,
    upstreamClient,
    tuning,
    development,
  });
}

/** The parsed configuration: durations in milliseconds, sizes in bytes, secrets resolved. */
export type Config = z.output<ReturnType<typeof configSchema>> & {
  readonly app: AppIdentity;
  /** The further apps of the process. They agree with this one in the options that the process has once. */
  readonly apps?: readonly Config[];
};
type Input = z.input<ReturnType<typeof configSchema>>;
type Optional<Options> = { [Name in keyof Options]?: Options[Name] | undefined };
type AppOptions = Omit<Input, (typeof SHARED_OPTIONS)[number] | 'provider'> & { provider: Optional<Input['provider']> };
/** One entry of `apps` as written in the file. */
export type AppInput = { id: string; path?: string | undefined } & Optional<AppOptions>;
/** The configuration as written in the file; it has either `provider` or `providers`, and with `apps` it may lack what each app has. */
export type ConfigInput = Omit<Input, 'publicUrl' | 'provider'> &
  Optional<Pick<Input, 'publicUrl'> & { provider: Optional<Input['provider']> }> & {
    apps?: AppInput[] | undefined;
    appsFrom?: string | undefined;
  };
export type RouteConfig = Config['routes'][number];
export type { ClaimCondition, RoleName, RuleConfig } from '../sections/rules.ts';
export type { SecretRef, SecretResolver } from '../sections/secrets.ts';
export type AccessTokensConfig = NonNullable<Config['accessTokens']>;
export type TokenIssuerConfig = AccessTokensConfig['provider'];
export type ProviderConfig = Config['provider'];

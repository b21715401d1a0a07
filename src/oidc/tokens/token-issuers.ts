/** The issuers whose access tokens are accepted: the providers at which users sign in, and the configured further issuers. */
import type { AccessTokensConfig, Config, ProviderConfig, TokenIssuerConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { AppMetrics } from '../../observe/metrics/metrics.ts';
import { accessTokenIssuersOf } from '../products/issuers.ts';
import type { FactsSource } from '../products/read-facts.ts';
import { tokenTypeOf } from '../products/registry.ts';
import { type ClientCredentials, createProvider, type Provider } from '../provider/provider.ts';

export interface TokenIssuer extends FactsSource {
  readonly providers: readonly string[];
  /** Serves its keys and its introspection. */
  readonly provider: Provider;
  readonly algorithms: readonly string[];
  /** Whether the header of its tokens must have the type of RFC 9068. */
  readonly type: 'at+jwt' | 'any';
  /** Settings of introspection (RFC 7662), if configured. Without `credentials` the gateway introspects as itself. */
  readonly introspection:
    | { readonly credentials: ClientCredentials | undefined; readonly cache: number; readonly negativeCache: number }
    | undefined;
}

interface NamedIssuer {
  readonly name: string;
  readonly issuer: TokenIssuer;
}

/** A provider at which users sign in. */
export interface ConfiguredProvider {
  readonly config: ProviderConfig;
  readonly provider: Provider;
}

export interface TokenIssuers {
  /** Compares the issuer of a token byte for byte (RFC 8725 section 3.8). */
  get(issuer: string): TokenIssuer | undefined;
  /** The issuer that introspects clients' opaque tokens. There is only one, so that no token is ever sent to two issuers. */
  readonly opaqueTokenIssuer: NamedIssuer | undefined;
  /** The issuer of the tokens of a provider at which users sign in, given by its id. */
  ofProvider(id: string): NamedIssuer | undefined;
  /** Starts the discovery of the further issuers. */
  start(): void;
  stop(): void;
}

type FurtherIssuerConfig = AccessTokensConfig['issuers'][number];

interface TokenIssuersOptions {
  config: Config;
  accessTokens: AccessTokensConfig;
  /** The providers at which users sign in. */
  signIn: readonly ConfiguredProvider[];
  log: Logger;
  metrics?: Pick<AppMetrics, 'ofProvider'> | undefined;
  clock: () => number;
}

function createTokenIssuer(
  settings: TokenIssuerConfig,
  provider: Provider,
  providers: readonly string[] = [],
): TokenIssuer {
  const { introspection } = settings;
  const { product } = provider;
  const { clientId, clientSecret = '' } = introspection ?? {};
  return {
    provider,
    providers,
    product,
    subjects: settings.subjects,
    rolesClaim: settings.rolesClaim,
    algorithms: settings.algorithms,
    type: settings.type ?? tokenTypeOf(product),
    introspection: introspection && {
      credentials: clientId === undefined ? undefined : { clientId, clientSecret },
      cache: introspection.cache,
      negativeCache: introspection.negativeCache,
    },
  };
}

/** The settings of a further issuer, at which no user signs in: settings of the gateway as its client do not apply. */
function furtherProviderConfig(base: ProviderConfig, further: FurtherIssuerConfig): ProviderConfig {
  const { issuer, internalUrl, kind } = further;
  return {
    ...base,
    issuer,
    internalUrl,
    kind,
    // Never sent: introspection has credentials of its own.
    clientSecret: undefined,
    clientAuth: 'client_secret_basic',
    profile: 'default',
    pushedRequests: 'never',
    signedRequests: false,
    dpop: false,
    tls: undefined,
    tenants: undefined,
  };
}

/** The credentials for introspection are those of a client at the first provider, and no other one may see them. */
function settingsOf({ provider: own }: AccessTokensConfig, isFirst: boolean): TokenIssuerConfig {
  return isFirst || own.introspection?.clientId === undefined ? own : { ...own, introspection: undefined };
}

/** The issuers of the providers at which users sign in, by name. Of several clients at one issuer the first one verifies. */
function signInIssuers({ accessTokens, signIn }: TokenIssuersOptions): Map<string, TokenIssuer> {
  const named = signIn.flatMap(({ config, provider }, index) =>
    accessTokenIssuersOf(config).map((name) => ({ name, id: config.id, provider, isFirst: index === 0 })),
  );
  const issuers = new Map<string, TokenIssuer>();
  for (const { name, provider, isFirst } of named) {
    if (issuers.has(name)) continue;
    const ids = named.filter((other) => other.name === name).map(({ id }) => id);
    const further = accessTokens.issuers.find(({ issuer }) => issuer === name);
    issuers.set(name, createTokenIssuer(further ?? settingsOf(accessTokens, isFirst), provider, ids));
  }
  return issuers;
}

/** Creates all issuers; nothing is requested before `start`. */
export function createTokenIssuers(options: TokenIssuersOptions): TokenIssuers {
  const { config, accessTokens, log, metrics, clock } = options;
  const issuers = signInIssuers(options);
  const furtherProviders: Provider[] = [];
  for (const settings of accessTokens.issuers) {
    if (issuers.has(settings.issuer)) continue;
    const further = createProvider({
      config: furtherProviderConfig(config.provider, settings),
      signIn: false,
      allowInsecureHttp: config.development.allowInsecureHttp,
      log,
      metrics: metrics?.ofProvider(''),
      clock,
    });
    furtherProviders.push(further);
    issuers.set(settings.issuer, createTokenIssuer(settings, further));
  }
  const named = [...issuers].map(([name, issuer]): NamedIssuer => ({ name, issuer }));
  return {
    get: (issuer) => issuers.get(issuer),
    opaqueTokenIssuer: named.find(({ issuer }) => issuer.introspection !== undefined),
    ofProvider: (id) => named.find(({ issuer }) => issuer.providers.includes(id)),
    start() {
      for (const further of furtherProviders) void further.start();
    },
    stop() {
      for (const further of furtherProviders) further.stop();
    },
  };
}

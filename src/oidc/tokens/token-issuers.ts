/** The issuers whose access tokens are accepted: the provider, and the configured further issuers. */
import type { AccessTokensConfig, Config, ProviderConfig, TokenIssuerConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { accessTokenIssuersOf } from '../products/issuers.ts';
import type { FactsSource } from '../products/read-facts.ts';
import { tokenTypeOf } from '../products/registry.ts';
import { type ClientCredentials, createProvider, type Provider } from '../provider/provider.ts';

export interface TokenIssuer extends FactsSource {
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

export interface TokenIssuers {
  /** Compares the issuer of a token byte for byte (RFC 8725 section 3.8). */
  get(issuer: string): TokenIssuer | undefined;
  /** The issuer that introspects opaque tokens. There is only one, so that no token is ever sent to two issuers. */
  readonly opaqueTokenIssuer: { readonly name: string; readonly issuer: TokenIssuer } | undefined;
  /** Starts the discovery of the further issuers. */
  start(): void;
  stop(): void;
}

type FurtherIssuerConfig = AccessTokensConfig['issuers'][number];

interface TokenIssuersOptions {
  config: Config;
  accessTokens: AccessTokensConfig;
  provider: Provider;
  log: Logger;
  metrics?: Pick<Metrics, 'observeProviderRequest' | 'setClockSkew'> | undefined;
  clock: () => number;
}

function createTokenIssuer(settings: TokenIssuerConfig, provider: Provider): TokenIssuer {
  const { introspection } = settings;
  const { product } = provider;
  const { clientId, clientSecret = '' } = introspection ?? {};
  return {
    provider,
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

/** Creates all issuers; nothing is requested before `start`. */
export function createTokenIssuers(options: TokenIssuersOptions): TokenIssuers {
  const { config, accessTokens, provider, log, metrics, clock } = options;
  const own = createTokenIssuer(accessTokens.provider, provider);
  const issuers = new Map<string, TokenIssuer>(accessTokenIssuersOf(config.provider).map((name) => [name, own]));
  const furtherProviders: Provider[] = [];
  for (const settings of accessTokens.issuers) {
    const further = createProvider({
      config: furtherProviderConfig(config.provider, settings),
      signIn: false,
      allowInsecureHttp: config.development.allowInsecureHttp,
      log,
      metrics,
      clock,
    });
    furtherProviders.push(further);
    issuers.set(settings.issuer, createTokenIssuer(settings, further));
  }
  const introspecting = [...issuers].find(([, issuer]) => issuer.introspection !== undefined);
  return {
    get: (issuer) => issuers.get(issuer),
    opaqueTokenIssuer: introspecting && { name: introspecting[0], issuer: introspecting[1] },
    start() {
      for (const further of furtherProviders) void further.start();
    },
    stop() {
      for (const further of furtherProviders) further.stop();
    },
  };
}

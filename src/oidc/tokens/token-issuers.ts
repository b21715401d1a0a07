/** Whose access tokens are accepted: the provider, and further issuers that the configuration names. */

import type { AccessTokensConfig, Config, ProviderConfig, TokenIssuerConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { issuersOf } from '../products/issuers.ts';
import type { FactsSource } from '../products/read-facts.ts';
import { tokenTypeOf } from '../products/registry.ts';
import { type ClientCredentials, createProvider, type Provider } from '../provider/provider.ts';

export interface TokenIssuer extends FactsSource {
  /** Where its keys and its introspection are. */
  readonly provider: Provider;
  readonly algorithms: readonly string[];
  /** Whether the header of its tokens must name RFC 9068. */
  readonly type: 'at+jwt' | 'any';
  /** How to ask whether a token is live (RFC 7662); undefined when nobody may ask. `credentials` left out: as the gateway itself. */
  readonly introspection:
    | { readonly credentials: ClientCredentials | undefined; readonly cache: number; readonly negativeCache: number }
    | undefined;
}

export interface TokenIssuers {
  /** By the issuer in a token, byte for byte (RFC 8725 section 3.8). */
  get(issuer: string): TokenIssuer | undefined;
  /** The one that is asked about tokens that do not say whose they are; no token is ever shown to two issuers. */
  readonly opaqueTokenIssuer: { readonly name: string; readonly issuer: TokenIssuer } | undefined;
  /** Begins the discovery of the further issuers. */
  start(): void;
  stop(): void;
}

type FurtherIssuer = AccessTokensConfig['issuers'][number];

interface TokenIssuersOptions {
  config: Config;
  accessTokens: AccessTokensConfig;
  provider: Provider;
  log: Logger;
  metrics?: Pick<Metrics, 'observeProviderRequest'> | undefined;
  clock: () => number;
}

function tokenIssuer(settings: TokenIssuerConfig, provider: Provider): TokenIssuer {
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

/** A further issuer as a provider that nobody signs in at: what the gateway is at its own provider does not concern it. */
function furtherConfig(base: ProviderConfig, { issuer, internalUrl, kind }: FurtherIssuer): ProviderConfig {
  return {
    ...base,
    issuer,
    internalUrl,
    kind,
    // Never sent anywhere: who asks there is named with the introspection.
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

/** Builds them all; throws nothing and asks nobody before `start`. */
export function createTokenIssuers(options: TokenIssuersOptions): TokenIssuers {
  const { config, accessTokens, provider, log, metrics, clock } = options;
  const own = tokenIssuer(accessTokens.provider, provider);
  const known = new Map<string, TokenIssuer>(issuersOf(config.provider).map((name) => [name, own]));
  const further: Provider[] = [];
  for (const settings of accessTokens.issuers) {
    const other = createProvider({
      config: furtherConfig(config.provider, settings),
      signIn: false,
      allowInsecureHttp: config.development.allowInsecureHttp,
      log,
      metrics,
      clock,
    });
    further.push(other);
    known.set(settings.issuer, tokenIssuer(settings, other));
  }
  const asked = [...known].find(([, issuer]) => issuer.introspection !== undefined);
  return {
    get: (issuer) => known.get(issuer),
    opaqueTokenIssuer: asked && { name: asked[0], issuer: asked[1] },
    start() {
      for (const other of further) void other.start();
    },
    stop() {
      for (const other of further) other.stop();
    },
  };
}

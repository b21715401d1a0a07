/** Composes the services for access tokens: verification, proofs, and tokens for upstreams. */
import type { ReadClientCertificate } from '../../certificate/reader.ts';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { AppMetrics } from '../../observe/metrics/metrics.ts';
import type { Store } from '../../store/port/store.ts';
import { dpopKeyFromScalar, generateDpopScalar } from '../dpop/key.ts';
import { createIntrospector } from './introspection.ts';
import { createMissLimit } from './miss-limit.ts';
import { type CheckProof, createProofCheck } from './proof-check.ts';
import { type ConfiguredProvider, createTokenIssuers } from './token-issuers.ts';
import { type CheckAccessToken, createSessionTokenCheck, createTokenReader, type TokenReader } from './token-reader.ts';
import { createUpstreamTokens, type UpstreamTokens } from './upstream-tokens.ts';
import { createUpstreamTokensByProvider, type UpstreamTokensByProvider } from './upstream-tokens-by-provider.ts';

export interface TokenServices {
  /** Undefined where access tokens are not validated. */
  readonly tokens: TokenReader | undefined;
  readonly checkProof: CheckProof;
  /** Returns the check of tokens before they are stored in a session of a provider, given by its id. */
  checkSessionTokenOf(provider: string): CheckAccessToken;
  readonly upstreamTokens: UpstreamTokensByProvider;
  start(): void;
  stop(): void;
}

interface TokenServicesOptions {
  config: Config;
  /** The providers at which users sign in, the first one first. */
  signIn: readonly ConfiguredProvider[];
  store: Pick<Store, 'markOnce'>;
  readCertificate: ReadClientCertificate;
  log: Logger;
  metrics?: Pick<AppMetrics, 'ofProvider'> | undefined;
  clock: () => number;
}

/** Creates the services; nothing is requested before `start`. */
export function createTokenServices(options: TokenServicesOptions): TokenServices {
  const { config, signIn, store, readCertificate, log, metrics, clock } = options;
  const { clockTolerance: tolerance } = config.provider;
  const { accessTokens, limits } = config;
  const issuers = accessTokens && createTokenIssuers({ config, accessTokens, signIn, log, metrics, clock });
  const tokens =
    issuers &&
    createTokenReader({
      issuers,
      introspector: createIntrospector({
        clock,
        tolerance,
        limitMisses: createMissLimit(limits.inactiveTokensPerMinute, clock),
      }),
      cache: accessTokens?.cache ?? 0,
      tolerance,
      clock,
    });
  return {
    tokens,
    checkProof: createProofCheck({ store, readCertificate, tolerance, clock }),
    checkSessionTokenOf: (provider) => createSessionTokenCheck(tokens, provider),
    upstreamTokens: createUpstreamTokensByProvider(signIn.map(upstreamTokensOf)),
    start: () => issuers?.start(),
    stop: () => issuers?.stop(),
  };
}

/** The tokens for upstreams that one provider issues. */
function upstreamTokensOf({ config, provider }: ConfiguredProvider): [id: string, tokens: UpstreamTokens] {
  const { tokenBinding } = securityOf(config);
  const binding = {
    dpopKey: tokenBinding === 'key' ? dpopKeyFromScalar(generateDpopScalar()) : undefined,
    certificate: tokenBinding === 'certificate' ? provider.certificate?.thumbprint : undefined,
  };
  return [config.id, createUpstreamTokens({ provider, binding, defaultLifetime: config.defaultTokenLifetime })];
}

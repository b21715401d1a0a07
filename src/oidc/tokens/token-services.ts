/** Composes the services for access tokens: verification, proofs, and tokens for upstreams. */
import { securityOf } from '../../config/schema/provider-security.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { Store } from '../../store/port/store.ts';
import { dpopKeyFromScalar, generateDpopScalar } from '../dpop/key.ts';
import type { Provider } from '../provider/provider.ts';
import { createIntrospector } from './introspection.ts';
import { createMissLimit } from './miss-limit.ts';
import { type CheckProof, createProofCheck } from './proof-check.ts';
import { createTokenIssuers } from './token-issuers.ts';
import { type CheckAccessToken, createSessionTokenCheck, createTokenReader, type TokenReader } from './token-reader.ts';
import { createUpstreamTokens, type UpstreamTokens } from './upstream-tokens.ts';

export interface TokenServices {
  /** Undefined where access tokens are not validated. */
  readonly tokens: TokenReader | undefined;
  readonly checkProof: CheckProof;
  /** Verifies a token before it is stored in a session. */
  readonly checkSessionToken: CheckAccessToken;
  readonly upstreamTokens: UpstreamTokens;
  start(): void;
  stop(): void;
}

interface TokenServicesOptions {
  config: Config;
  provider: Provider;
  store: Pick<Store, 'markOnce'>;
  log: Logger;
  metrics?: Pick<Metrics, 'observeProviderRequest' | 'setClockSkew'> | undefined;
  clock: () => number;
}

/** Creates the services; nothing is requested before `start`. */
export function createTokenServices(options: TokenServicesOptions): TokenServices {
  const { config, provider, store, log, metrics, clock } = options;
  const { clockTolerance: tolerance, defaultTokenLifetime: defaultLifetime } = config.provider;
  const { accessTokens, limits } = config;
  const { tokenBinding } = securityOf(config.provider);
  const binding = {
    dpopKey: tokenBinding === 'key' ? dpopKeyFromScalar(generateDpopScalar()) : undefined,
    certificate: tokenBinding === 'certificate' ? provider.certificate?.thumbprint : undefined,
  };
  const issuers = accessTokens && createTokenIssuers({ config, accessTokens, provider, log, metrics, clock });
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
    checkProof: createProofCheck({ store, tolerance, clock }),
    checkSessionToken: createSessionTokenCheck(tokens),
    upstreamTokens: createUpstreamTokens({ provider, binding, defaultLifetime }),
    start: () => issuers?.start(),
    stop: () => issuers?.stop(),
  };
}

/** The provider: keeps its metadata and keys current, and creates a client for each operation. */
import type { JsonWebKey } from 'node:crypto';
import * as oidc from 'openid-client';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import type { ProviderMetrics } from '../../observe/metrics/metrics.ts';
import { tracedWork, type WorkTracer } from '../../tracing/traced.ts';
import { importKeyPair } from '../dpop/key.ts';
import { createNonceCache, type NonceCache } from '../dpop/nonces.ts';
import { KeySetCache } from '../keys/key-set-cache.ts';
import { createSignatureVerifier, type VerifySignature } from '../keys/signing-keys.ts';
import type { Product } from '../products/base/product.ts';
import { isMultiTenant } from '../products/issuers.ts';
import { productOf } from '../products/registry.ts';
import { ClockSkew } from '../responses/clock-skew.ts';
import { createTokenResponseReader } from '../responses/token-members.ts';
import type { DpopOptions } from './authorization-url.ts';
import { clientSecretBasic, createClientAuth } from './client-auth.ts';
import { type ClientCertificate, readClientCertificate } from './client-certificate.ts';
import { createClientFetch } from './client-fetch.ts';
import { discover } from './discovery.ts';
import { DiscoveryLoop, type DiscoveryState } from './discovery-loop.ts';
import { createProviderFetch } from './fetch.ts';
import { measureFetch } from './measured-fetch.ts';
import { createSend } from './send.ts';
import { createMultiTenantClient } from './tenants.ts';

/** Credentials of another client at the same provider, such as one that may introspect. */
export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
}

export interface ClientOptions {
  /** How far the times in ID tokens may be off, in milliseconds. Default: `clockTolerance`. */
  tolerance?: number;
  /**
   * Whether openid-client verifies signatures (ID tokens, UserInfo). Default: true. With false the caller does, by `verify`,
   * which notices a key rotation.
   */
  verifySignatures?: boolean;
}

export interface Provider {
  readonly product: Product;
  /**
   * Creates a client for one operation, the gateway's own unless other credentials are given. Rejects with
   * `provider_unavailable` while discovery has not succeeded.
   */
  client(credentials?: ClientCredentials, options?: ClientOptions): Promise<oidc.Configuration>;
  /** Options that make openid-client send a DPoP proof with a request of `client`; empty without a key. */
  dpopOptions(client: oidc.Configuration, dpopKey: JsonWebKey | undefined): Promise<DpopOptions>;
  /** The certificate that connections to the provider present, if configured. */
  readonly certificate: ClientCertificate | undefined;
  /** Verifies a token that the provider signed. */
  readonly verify: VerifySignature;
  /** The provider's time in milliseconds since the epoch: the gateway's clock, corrected by what the responses show. */
  now(): number;
  /**
   * Marks the moment in which a request is sent; the returned function returns it by the provider's clock, once the response
   * has shown how far the clocks differ.
   */
  markSent(): () => number;
  /** Whether discovery has succeeded, and if not, why. */
  state(): DiscoveryState;
  /** Starts discovery and keeps repeating it. Resolves after the first attempt, whether it succeeded or not. */
  start(): Promise<void>;
  stop(): void;
}

export interface ProviderOptions {
  config: ProviderConfig;
  /** Whether users sign in at this provider; an issuer that only issues access tokens needs no more than a key set. */
  signIn?: boolean;
  allowInsecureHttp: boolean;
  log: Logger;
  metrics?: ProviderMetrics | undefined;
  clock: () => number;
  tracing?: WorkTracer | undefined;
}

type CreateConfiguration = (
  server: oidc.ServerMetadata,
  credentials: ClientCredentials | undefined,
  options: ClientOptions,
) => Promise<oidc.Configuration>;

/** Creates a new `Configuration` for each operation, because openid-client caches keys per object and bypasses our cache. */
function createConfigurationFactory(config: ProviderConfig): CreateConfiguration {
  const multiTenant = isMultiTenant(config);
  const commonMetadata: Partial<oidc.ClientMetadata> = {
    id_token_signed_response_alg: config.idTokenSignedResponseAlg,
    use_mtls_endpoint_aliases: config.tls !== undefined,
  };
  let auth: Promise<oidc.ClientAuth> | undefined;

  return async function createConfiguration(server, credentials, { tolerance = config.clockTolerance }) {
    if (credentials)
      return new oidc.Configuration(server, credentials.clientId, {}, clientSecretBasic(credentials.clientSecret));
    auth ??= createClientAuth(config);
    const metadata = { ...commonMetadata, [oidc.clockTolerance]: tolerance / 1000 };
    return multiTenant
      ? await createMultiTenantClient(server, config.clientId, metadata, await auth)
      : new oidc.Configuration(server, config.clientId, metadata, await auth);
  };
}

async function createDpopOptions(
  client: oidc.Configuration,
  dpopKey: JsonWebKey | undefined,
  nonces: NonceCache,
): Promise<DpopOptions> {
  if (dpopKey === undefined) return {};
  const DPoP = oidc.getDPoPHandle(client, await importKeyPair(dpopKey), {
    // The handle is new and has no nonce. A stale one from the cache only costs the round trip that it was meant to save.
    [oidc.modifyAssertion](_header, payload) {
      const nonce = nonces.get(new URL(String(payload.htu)).origin);
      if (payload.nonce === undefined && nonce !== undefined) payload.nonce = nonce;
    },
  });
  return { DPoP };
}

/** Creates the provider; nothing is requested before `start`. */
export function createProvider(options: ProviderOptions): Provider {
  const { config, signIn = true, allowInsecureHttp, log, metrics, clock, tracing } = options;
  const { issuer, internalUrl, timeout } = config;
  const certificate = config.tls && readClientCertificate(config.tls);
  const product = productOf(issuer, config.kind);
  const nonces = createNonceCache();
  const createConfiguration = createConfigurationFactory(config);

  const send = createSend(config);
  const plainFetch = createProviderFetch({ issuer, internalUrl, timeout, send });
  const fetch = measureFetch(plainFetch, () => discovery.latest(), metrics);
  const discoverTraced = () =>
    tracedWork(tracing, 'discovery', {}, () => discover({ config, signIn, allowInsecureHttp, fetch }));
  const discovery = new DiscoveryLoop(issuer, discoverTraced, log);
  const keySets = new KeySetCache(fetch, log, clock);
  const { keysNameIssuer } = product;
  const readTokenResponse = createTokenResponseReader({ assumeBearer: config.assumeBearer, log });
  const skew = new ClockSkew({ log, tolerance: config.clockTolerance, metrics: signIn ? metrics : undefined, clock });
  const clientFetch = { fetch, keySets, nonces, skew, readTokenResponse, keysNameIssuer };
  const jwksUri = async () => new URL((await discovery.metadata()).jwks_uri ?? '').href;

  return {
    product,
    async client(credentials, clientOptions = {}) {
      const metadata = await discovery.metadata();
      const client = await createConfiguration(metadata, credentials, clientOptions);
      client[oidc.customFetch] = createClientFetch({ ...clientFetch, metadata });
      client.timeout = timeout / 1000;
      if (allowInsecureHttp) oidc.allowInsecureRequests(client);
      if (clientOptions.verifySignatures !== false) oidc.enableNonRepudiationChecks(client);
      return client;
    },
    dpopOptions: (client, dpopKey) => createDpopOptions(client, dpopKey, nonces),
    certificate,
    verify: createSignatureVerifier({ keySets, jwksUri, keysNameIssuer }),
    now: () => clock() + skew.current(),
    markSent() {
      const at = clock();
      return () => at + skew.current();
    },
    state: () => discovery.state(),
    start: () => discovery.start(),
    stop() {
      discovery.stop();
      metrics?.release();
    },
  };
}

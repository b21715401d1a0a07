/** The provider: discovered, discovered again when it was down, and handed out as a client for one operation. */
import type { JsonWebKey } from 'node:crypto';
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { importKeyPair } from '../dpop/key.ts';
import { createNonceCache } from '../dpop/nonces.ts';
import { isMultiTenant } from '../products/issuers.ts';
import type { Product } from '../products/product.ts';
import { productOf } from '../products/registry.ts';
import type { DpopOptions } from './authorization-url.ts';
import { createClientAuth } from './client-auth.ts';
import { createClientFetch } from './client-fetch.ts';
import { discover } from './discovery.ts';
import { createProviderFetch } from './fetch.ts';
import { createKeySetCache } from './key-set-cache.ts';
import { measureFetch } from './measured-fetch.ts';
import { type ClientCertificate, createMtlsSend, readClientCertificate } from './mtls.ts';
import { createMultiTenantClient } from './tenants.ts';

/** Another client of the same provider, such as one that may introspect. */
export interface ClientCredentials {
  clientId: string;
  clientSecret: string;
}

export interface ClientOptions {
  /** How far the times in ID tokens may be off, in milliseconds; `clockTolerance` when left out. */
  tolerance?: number;
  /** Whether openid-client verifies the signatures of ID tokens, or whoever asked for this client does. */
  signatures?: 'left to the caller';
}

export interface Provider {
  /** What is particular to the product. */
  readonly product: Product;
  /** A client for one operation, the gateway's own unless other credentials are given. Rejects with 503 `provider_unavailable` while discovery has not succeeded. */
  client(credentials?: ClientCredentials, options?: ClientOptions): Promise<oidc.Configuration>;
  /** What makes openid-client prove to hold the key of a session with a request of `client`; nothing without a key. */
  dpopOptions(client: oidc.Configuration, dpopKey: JsonWebKey | undefined): Promise<DpopOptions>;
  /** The certificate that connections to the provider show, if they do. */
  readonly certificate: ClientCertificate | undefined;
  /** The signing keys as a JSON key set, asked for again when `kid` is not among them. Rejects when there is none to be had. */
  keys(kid: string | undefined): Promise<string>;
  /** Whether discovery has succeeded, and if not, why. */
  state(): { ready: true } | { ready: false; reason: string };
  /** Begins discovery and keeps at it. Resolves after the first attempt, whatever came of it. */
  start(): Promise<void>;
  stop(): void;
}

export interface ProviderOptions {
  config: ProviderConfig;
  /** Whether users sign in there; an issuer of access tokens alone needs a key set and no more. */
  signIn?: boolean;
  allowInsecureHttp: boolean;
  log: Logger;
  metrics?: Pick<Metrics, 'observeProviderRequest'> | undefined;
  clock: () => number;
}

/** Metadata changes seldom (a new jwks_uri, an endpoint); an hour is soon enough and costs nothing. */
const REDISCOVER_MS = 3_600_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

export function createProvider(options: ProviderOptions): Provider {
  const { config, signIn = true, allowInsecureHttp, log, metrics, clock } = options;
  const certificate = config.tls && readClientCertificate(config.tls);
  const nonces = createNonceCache();
  const asked = createProviderFetch({
    issuer: config.issuer,
    internalUrl: config.internalUrl,
    timeout: config.timeout,
    send: certificate && createMtlsSend(certificate),
  });
  const fetch = measureFetch(asked, () => metadata, metrics);
  const keys = createKeySetCache(fetch, log, clock);
  const product = productOf(config.issuer, config.kind);
  const multiTenant = isMultiTenant(config);
  const commonMetadata: Partial<oidc.ClientMetadata> = {
    id_token_signed_response_alg: config.idTokenSignedResponseAlg,
    use_mtls_endpoint_aliases: certificate !== undefined,
  };
  let metadata: oidc.ServerMetadata | undefined;
  let reason = 'not asked yet';
  let auth: Promise<oidc.ClientAuth> | undefined;
  let attempt: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let stopped = false;

  function schedule(delay: number): void {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void run(), delay).unref();
  }

  function run(): Promise<void> {
    attempt ??= discover({ config, signIn, allowInsecureHttp, fetch })
      .then((found) => {
        metadata = found;
        if (failures > 0 || reason !== '') log.info({ issuer: config.issuer }, 'the provider is discovered');
        failures = 0;
        reason = '';
        schedule(REDISCOVER_MS);
      })
      .catch((error: unknown) => {
        reason = error instanceof Error ? error.message : String(error);
        const delay = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures++, 10));
        log.warn(
          { err: describeError(error), issuer: config.issuer, retryInMs: delay },
          metadata
            ? 'the provider could not be discovered again; the known metadata stays in use'
            : 'the provider cannot be discovered; what needs it is unavailable until it can',
        );
        schedule(delay);
      })
      .finally(() => {
        attempt = undefined;
      });
    return attempt;
  }

  async function known(): Promise<oidc.ServerMetadata> {
    if (!metadata) await attempt;
    if (!metadata) throw new GatewayError('provider_unavailable', { detail: reason });
    return metadata;
  }

  /** A new object each time: openid-client keeps a key cache of its own per object, and ours is to be asked. */
  async function configuration(
    server: oidc.ServerMetadata,
    credentials: ClientCredentials | undefined,
    { tolerance = config.clockTolerance }: ClientOptions,
  ): Promise<oidc.Configuration> {
    if (credentials)
      return new oidc.Configuration(server, credentials.clientId, {}, oidc.ClientSecretBasic(credentials.clientSecret));
    auth ??= createClientAuth(config);
    const clientMetadata = { ...commonMetadata, [oidc.clockTolerance]: tolerance / 1000 };
    return multiTenant
      ? await createMultiTenantClient(server, config.clientId, clientMetadata, await auth)
      : new oidc.Configuration(server, config.clientId, clientMetadata, await auth);
  }

  return {
    product,
    async client(credentials, options = {}) {
      const server = await known();
      const client = await configuration(server, credentials, options);
      client[oidc.customFetch] = createClientFetch({
        metadata: server,
        fetch,
        keys,
        nonces,
        keysNameIssuer: product.keysNameIssuer,
      });
      client.timeout = config.timeout / 1000;
      if (allowInsecureHttp) oidc.allowInsecureRequests(client);
      // The signature of an ID token is verified although it came over TLS from the token endpoint (RFC 8725 3.1).
      if (options.signatures === undefined) oidc.enableNonRepudiationChecks(client);
      return client;
    },
    async dpopOptions(client, dpopKey) {
      if (dpopKey === undefined) return {};
      const DPoP = oidc.getDPoPHandle(client, await importKeyPair(dpopKey), {
        // The handle is new and knows no nonce yet; an old one only costs the round that it was to save.
        [oidc.modifyAssertion](_header, payload) {
          const nonce = nonces.get(new URL(String(payload.htu)).origin);
          if (payload.nonce === undefined && nonce !== undefined) payload.nonce = nonce;
        },
      });
      return { DPoP };
    },
    certificate,
    async keys(kid) {
      const uri = new URL((await known()).jwks_uri ?? '').href;
      await keys.ensureKey(uri, kid);
      return await keys.get(uri);
    },
    state: () => (metadata ? { ready: true } : { ready: false, reason }),
    start: () => run(),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

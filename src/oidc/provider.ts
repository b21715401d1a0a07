/** The provider: discovered, discovered again when it was down, and handed out as a client for one operation. */
import * as oidc from 'openid-client';
import type { ProviderConfig } from '../config/schema.ts';
import { GatewayError } from '../errors.ts';
import { describeError, type Logger } from '../observe/log.ts';
import { clientAuthentication } from './client-auth.ts';
import { createProviderFetch } from './fetch.ts';
import { createProviderKeys, keyIdOf } from './keys.ts';

export interface Provider {
  /** A client for one operation. Rejects with 503 `provider_unavailable` while discovery has not succeeded. */
  client(): Promise<oidc.Configuration>;
  /** Whether discovery has succeeded, and if not, why. */
  state(): { ready: true } | { ready: false; reason: string };
  /** Begins discovery and keeps at it. Resolves after the first attempt, whatever came of it. */
  start(): Promise<void>;
  stop(): void;
}

export interface ProviderOptions {
  config: ProviderConfig;
  allowInsecureHttp: boolean;
  log: Logger;
  clock: () => number;
}

/** Metadata changes seldom (a new jwks_uri, an endpoint); an hour is soon enough and costs nothing. */
const REDISCOVER_MS = 3_600_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

// The one copy of a token answer that we look into before openid-client does: only for the key id of its ID token.
function idTokenKeyId(body: string): string | undefined {
  try {
    const { id_token } = JSON.parse(body) as { id_token?: unknown };
    return typeof id_token === 'string' ? keyIdOf(id_token) : undefined;
  } catch {
    return undefined;
  }
}

function issuerIn(body: string): string | undefined {
  try {
    const { issuer } = JSON.parse(body) as { issuer?: unknown };
    return typeof issuer === 'string' ? issuer : undefined;
  } catch {
    return undefined;
  }
}

export function createProvider({ config, allowInsecureHttp, log, clock }: ProviderOptions): Provider {
  const fetch = createProviderFetch({
    issuer: config.issuer,
    internalUrl: config.internalUrl,
    timeout: config.timeout,
  });
  const keys = createProviderKeys(fetch, log, clock);
  const clientMetadata: Partial<oidc.ClientMetadata> = {
    id_token_signed_response_alg: config.idTokenSignedResponseAlg,
    [oidc.clockTolerance]: config.clockTolerance / 1000,
  };
  let metadata: oidc.ServerMetadata | undefined;
  let reason = 'not asked yet';
  let auth: Promise<oidc.ClientAuth> | undefined;
  let attempt: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let stopped = false;

  /** The metadata, whose issuer is the configured one byte for byte (OIDC Discovery 4.3); openid-client compares normalised URLs. */
  async function fetchMetadata(): Promise<oidc.ServerMetadata> {
    let announced: string | undefined;
    const found = await oidc
      .discovery(new URL(config.issuer), config.clientId, clientMetadata, oidc.None(), {
        execute: allowInsecureHttp ? [oidc.allowInsecureRequests] : [],
        [oidc.customFetch]: async (url, options) => {
          const response = await fetch(url, options);
          announced = issuerIn(await response.clone().text());
          return response;
        },
      })
      .catch((error: unknown) => error);
    if (announced !== undefined && announced !== config.issuer)
      throw new Error(
        `the configured issuer is "${config.issuer}", the provider announces "${announced.slice(0, 200)}"`,
      );
    if (!(found instanceof oidc.Configuration)) throw found;
    return found.serverMetadata();
  }

  async function discover(): Promise<void> {
    const announced = await fetchMetadata();
    if (!announced.authorization_endpoint || !announced.token_endpoint || !announced.jwks_uri)
      throw new Error('the metadata lacks an authorization, token or jwks endpoint');
    const { code_challenge_methods_supported: methods } = announced;
    if (Array.isArray(methods) && !methods.includes('S256'))
      throw new Error('the provider does not offer PKCE with S256');
    metadata = announced;
  }

  function schedule(delay: number): void {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void run(), delay).unref();
  }

  function run(): Promise<void> {
    attempt ??= discover()
      .then(() => {
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
            : 'the provider cannot be discovered; sign-in is unavailable until it can',
        );
        schedule(delay);
      })
      .finally(() => {
        attempt = undefined;
      });
    return attempt;
  }

  /** Serves the key set from the cache, and makes sure that the key of an ID token is in it before it is verified. */
  function clientFetch(known: oidc.ServerMetadata): oidc.CustomFetch {
    const uri = new URL(known.jwks_uri ?? '').href;
    const tokenEndpoint = new URL(known.token_endpoint ?? '').href;
    return async (url, options) => {
      if (url === uri) return new Response(await keys.get(uri), { headers: { 'content-type': 'application/json' } });
      const response = await fetch(url, options);
      if (url !== tokenEndpoint || response.status !== 200) return response;
      const body = await response.text();
      const kid = idTokenKeyId(body);
      if (kid !== undefined) await keys.ensure(uri, kid);
      return new Response(body, { status: response.status, headers: response.headers });
    };
  }

  return {
    async client() {
      if (!metadata) await attempt;
      if (!metadata) throw new GatewayError('provider_unavailable', { detail: reason });
      auth ??= clientAuthentication(config);
      // A new object each time: openid-client keeps a key cache of its own per object, and ours is to be asked.
      const client = new oidc.Configuration(metadata, config.clientId, clientMetadata, await auth);
      client[oidc.customFetch] = clientFetch(metadata);
      client.timeout = config.timeout / 1000;
      if (allowInsecureHttp) oidc.allowInsecureRequests(client);
      // The signature of an ID token is verified although it came over TLS from the token endpoint (RFC 8725 3.1).
      oidc.enableNonRepudiationChecks(client);
      return client;
    },
    state: () => (metadata ? { ready: true } : { ready: false, reason }),
    start: () => run(),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

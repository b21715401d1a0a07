/** Access tokens for one upstream: by client credentials (RFC 6749 section 4.4), or in exchange for the caller's token (RFC 8693). */
import type { JsonWebKey } from 'node:crypto';
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { Lifetime } from '../../base/lifetime.ts';
import { digest } from '../../crypto/digest.ts';
import { checkBinding, type ExpectedBinding } from '../dpop/token-binding.ts';
import { isEmptyValue } from '../products/base/claims.ts';
import type { Product } from '../products/base/product.ts';
import { classifyFailure, retryAfter } from '../provider/failures.ts';
import type { Provider } from '../provider/provider.ts';
import { createRequestCache } from './request-cache.ts';
import { tokenExpiry } from './token-response.ts';

/** What the token is requested for. All of it is part of the cache key. */
export interface TokenTarget {
  readonly audience?: string | undefined;
  /** Resource indicators (RFC 8707). */
  readonly resource?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** An access token. The same object is returned for as long as the token is cached. */
export interface UpstreamToken {
  readonly accessToken: string;
  /** The key that the token is bound to, where tokens are bound. */
  readonly dpopKey?: JsonWebKey;
}

export interface UpstreamTokens {
  /** A token of the gateway itself. Rejects with `upstream_token_failed` or `provider_unavailable`. */
  clientCredentialsToken(target: TokenTarget): Promise<UpstreamToken>;
  /**
   * A token in exchange for the caller's. Where the gateway holds the key of the caller's token, the request carries a proof
   * of it: providers accept a bound token only with its proof (RFC 9449 section 5). Rejects also with `access_denied` when
   * the provider refuses this caller.
   */
  exchange(subject: UpstreamToken, target: TokenTarget): Promise<UpstreamToken>;
}

type TokenRequest = (
  client: oidc.Configuration,
  proof: Awaited<ReturnType<Provider['dpopOptions']>>,
) => Promise<oidc.TokenEndpointResponse>;

interface CachedToken extends Lifetime {
  token: UpstreamToken;
}

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const MAX_CACHED = 10_000;
/** A token is replaced this long before it expires, or after four fifths of its lifetime, whichever is later. */
const REFRESH_AHEAD_MS = 30_000;
/** Errors of an exchange that concern the caller's token or rights, not the configuration of the gateway. */
const CALLER_ERRORS = new Set(['invalid_grant', 'access_denied', 'interaction_required', 'consent_required']);

function targetParams({ audience, resource = [], scopes }: TokenTarget): URLSearchParams {
  const params = new URLSearchParams();
  if (audience !== undefined) params.set('audience', audience);
  for (const uri of resource) params.append('resource', uri);
  if (scopes !== undefined) params.set('scope', scopes.join(' '));
  return params;
}

/** Refuses an issued token that is not an access token (RFC 8693 section 2.2.1). */
function checkIssuedType(response: oidc.TokenEndpointResponse): void {
  const { issued_token_type: issued } = response;
  if (!isEmptyValue(issued) && issued !== ACCESS_TOKEN_TYPE && issued !== JWT_TYPE)
    throw new GatewayError('upstream_token_failed', { detail: 'the exchange issued another type of token' });
}

/** Requires the same binding as for the tokens of sessions. */
function checkUpstreamBinding(response: oidc.TokenEndpointResponse, binding: ExpectedBinding): void {
  try {
    checkBinding(response, binding);
  } catch (error) {
    const detail = error instanceof GatewayError ? error.detail : 'the token is not bound as required';
    throw new GatewayError('upstream_token_failed', { cause: error, ...(detail === undefined ? {} : { detail }) });
  }
}

function toUpstreamTokenError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const failure = classifyFailure(error);
  if (failure.kind === 'outage')
    return new GatewayError('provider_unavailable', {
      cause: error,
      ...retryAfter(failure),
      detail: 'failed to get a token for the upstream',
    });
  if (failure.kind === 'refused' && CALLER_ERRORS.has(failure.error))
    return new GatewayError('access_denied', {
      reason: 'exchange',
      cause: error,
      detail: `exchange: ${failure.error}`,
    });
  const detail = failure.kind === 'refused' ? `the provider returned ${failure.error}` : 'the response is invalid';
  return new GatewayError('upstream_token_failed', { cause: error, detail });
}

/** The grant type and the form of an exchange: RFC 8693 section 2.1, unless the product has a grant of its own. */
function exchangeForm(product: Product, subjectToken: string, target: URLSearchParams): [string, URLSearchParams] {
  const grant = product.exchangeGrant?.(subjectToken) ?? {
    grantType: TOKEN_EXCHANGE,
    params: {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN_TYPE,
      requested_token_type: ACCESS_TOKEN_TYPE,
    },
  };
  const form = new URLSearchParams(target);
  for (const [name, value] of Object.entries(grant.params)) form.set(name, value);
  return [grant.grantType, form];
}

interface UpstreamTokensOptions {
  provider: Provider;
  /** Required binding of tokens that are not issued in exchange for a bound one. */
  binding: ExpectedBinding;
  /** Lifetime in milliseconds when the response states none. */
  defaultLifetime: number;
}

async function requestToken(
  { provider, binding, defaultLifetime }: UpstreamTokensOptions,
  request: TokenRequest,
  dpopKey: JsonWebKey | undefined,
): Promise<CachedToken> {
  const client = await provider.client();
  const proof = await provider.dpopOptions(client, dpopKey);
  const sentAt = provider.markSent();
  const response = await request(client, proof);
  checkUpstreamBinding(response, { ...binding, dpopKey });
  const { access_token: accessToken } = response;
  const token = dpopKey === undefined ? { accessToken } : { accessToken, dpopKey };
  const since = sentAt();
  const until = tokenExpiry(response, { now: since, defaultLifetime });
  return { token, since, until: until - Math.min(REFRESH_AHEAD_MS, (until - since) / 5) };
}

/** Creates the tokens of all upstreams: cached until shortly before they expire, one running request per cache key. */
export function createUpstreamTokens(options: UpstreamTokensOptions): UpstreamTokens {
  const { provider, binding } = options;
  const cachedRequest = createRequestCache<CachedToken>(MAX_CACHED, () => provider.now());

  async function getToken(key: string, request: TokenRequest, dpopKey = binding.dpopKey): Promise<UpstreamToken> {
    try {
      const { token } = await cachedRequest(key, () => requestToken(options, request, dpopKey));
      return token;
    } catch (error) {
      throw toUpstreamTokenError(error);
    }
  }

  return {
    clientCredentialsToken(target) {
      const params = targetParams(target);
      return getToken(`own ${params}`, (client, proof) => oidc.clientCredentialsGrant(client, params, proof));
    },
    exchange({ accessToken, dpopKey }, target) {
      const params = targetParams(target);
      const request: TokenRequest = async (client, proof) => {
        const [grantType, form] = exchangeForm(provider.product, accessToken, params);
        const response = await oidc.genericGrantRequest(client, grantType, form, proof);
        checkIssuedType(response);
        return response;
      };
      // Keyed by the token itself, so that another user, session or refreshed token never shares a result.
      return getToken(`for ${digest(accessToken)} ${params}`, request, dpopKey);
    },
  };
}

/** Access tokens made for one upstream: the gateway's own (RFC 6749 section 4.4), or in exchange for the caller's (RFC 8693). */
import type { JsonWebKey } from 'node:crypto';
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import { digest } from '../../crypto/digest.ts';
import { checkBinding, type ExpectedBinding } from '../dpop/token-binding.ts';
import { classifyFailure } from '../provider/failures.ts';
import type { Provider } from '../provider/provider.ts';

/** What to ask for; all of it part of the key under which the answer is kept. */
export interface TokenTarget {
  readonly audience?: string | undefined;
  /** Resource indicators (RFC 8707). */
  readonly resource?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** A token that was made; the same object as long as it is the same token. */
export interface UpstreamToken {
  readonly accessToken: string;
  /** The key that it is bound to, where tokens are. */
  readonly dpopKey?: JsonWebKey;
}

export interface UpstreamTokens {
  /** A token of the gateway's own. Rejects with `upstream_token_failed`, or `provider_unavailable`. */
  clientCredentialsToken(target: TokenTarget): Promise<UpstreamToken>;
  /**
   * A token in exchange for the caller's, proven with the key that theirs is bound to where the gateway holds it: a
   * provider takes no bound token from anybody else (RFC 9449 section 5). Rejects also with `access_denied` when the
   * provider refuses this caller.
   */
  exchange(subject: UpstreamToken, target: TokenTarget): Promise<UpstreamToken>;
}

type Request = (
  client: oidc.Configuration,
  proof: Awaited<ReturnType<Provider['dpopOptions']>>,
) => Promise<oidc.TokenEndpointResponse>;

interface Kept extends Lifetime {
  token: UpstreamToken;
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const MAX_KEPT = 10_000;
/** A token is replaced this long before it lapses, or after four fifths of its life, whichever is later. */
const BEFORE_MS = 30_000;
/** Errors of an exchange that are about this caller's token or rights, not about how the gateway is set up. */
const ABOUT_CALLER = new Set(['invalid_grant', 'access_denied', 'interaction_required', 'consent_required']);

function targetParams({ audience, resource = [], scopes }: TokenTarget): URLSearchParams {
  const params = new URLSearchParams();
  if (audience !== undefined) params.set('audience', audience);
  for (const uri of resource) params.append('resource', uri);
  if (scopes !== undefined) params.set('scope', scopes.join(' '));
  return params;
}

/** RFC 8693 section 2.2.1: something else than an access token, or one that is no bearer token, must not be used as one. */
function checkExchanged(response: oidc.TokenEndpointResponse): void {
  const { issued_token_type: issued } = response;
  if (issued !== undefined && issued !== ACCESS_TOKEN && issued !== 'urn:ietf:params:oauth:token-type:jwt')
    throw new GatewayError('upstream_token_failed', { detail: 'the exchange issued another type of token' });
}

/** As bound as the tokens of sessions are, and as they were asked for. */
function checkMade(response: oidc.TokenEndpointResponse, binding: ExpectedBinding): void {
  try {
    checkBinding(response, binding);
  } catch (error) {
    const detail = error instanceof GatewayError ? error.detail : 'the token is not bound as it should be';
    throw new GatewayError('upstream_token_failed', { cause: error, ...(detail === undefined ? {} : { detail }) });
  }
}

function failureOf(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const failure = classifyFailure(error);
  if (failure.kind === 'outage')
    return new GatewayError('provider_unavailable', { cause: error, detail: 'no token for the upstream could be had' });
  if (failure.kind === 'refused' && ABOUT_CALLER.has(failure.error))
    return new GatewayError('access_denied', {
      reason: 'exchange',
      cause: error,
      detail: `exchange: ${failure.error}`,
    });
  const detail = failure.kind === 'refused' ? `the provider answered ${failure.error}` : 'the answer is not valid';
  return new GatewayError('upstream_token_failed', { cause: error, detail });
}

interface UpstreamTokensOptions {
  provider: Provider;
  /** What the tokens have to be bound to, where they are not made from one that is bound already. */
  binding: ExpectedBinding;
  /** Milliseconds, where the provider names no lifetime. */
  defaultLifetime: number;
  clock: () => number;
}

/** Builds the cache: one request at a time for one key, and no token past its life. */
export function createUpstreamTokens(options: UpstreamTokensOptions): UpstreamTokens {
  const { provider, binding, defaultLifetime, clock } = options;
  const kept = createLruCache<Kept>(MAX_KEPT);
  const running = new Map<string, Promise<Kept>>();

  async function keep(request: Request, dpopKey: JsonWebKey | undefined): Promise<Kept> {
    const client = await provider.client();
    const response = await request(client, await provider.dpopOptions(client, dpopKey));
    checkMade(response, { ...binding, dpopKey });
    const { access_token: accessToken, expires_in: seconds } = response;
    const token = dpopKey === undefined ? { accessToken } : { accessToken, dpopKey };
    const lifetime = seconds === undefined ? defaultLifetime : seconds * 1000;
    const since = clock();
    return { token, since, until: since + lifetime - Math.min(BEFORE_MS, lifetime / 5) };
  }

  async function once(key: string, request: Request, dpopKey = binding.dpopKey): Promise<UpstreamToken> {
    const known = kept.get(key);
    if (known && isCurrent(known, clock())) return known.token;
    let work = running.get(key);
    if (!work) {
      work = keep(request, dpopKey).finally(() => running.delete(key));
      running.set(key, work);
    }
    try {
      const fresh = await work;
      kept.set(key, fresh);
      return fresh.token;
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    clientCredentialsToken(target) {
      const params = targetParams(target);
      return once(`own ${params}`, (client, proof) => oidc.clientCredentialsGrant(client, params, proof));
    },
    exchange({ accessToken, dpopKey }, target) {
      const params = targetParams(target);
      // By the token itself: another user, another session or a renewed token is another key.
      const request: Request = async (client, proof) => {
        const [grant, form] = exchangeRequest(provider, accessToken, params);
        const response = await oidc.genericGrantRequest(client, grant, form, proof);
        checkExchanged(response);
        return response;
      };
      return once(`for ${digest(accessToken)} ${params}`, request, dpopKey);
    },
  };
}

/** RFC 8693 section 2.1, unless the product has a grant of its own for it. */
function exchangeRequest(provider: Provider, subjectToken: string, target: URLSearchParams): [string, URLSearchParams] {
  const own = provider.product.exchangeGrant?.(subjectToken);
  const params = new URLSearchParams(target);
  const fixed = own?.params ?? {
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
  };
  for (const [name, value] of Object.entries(fixed)) params.set(name, value);
  return [own?.grantType ?? EXCHANGE, params];
}

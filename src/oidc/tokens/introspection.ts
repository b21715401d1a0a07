/** Token introspection (RFC 7662): queries the issuer whether a token is active, and caches positive and negative responses. */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import { digest } from '../../crypto/digest.ts';
import { isEmptyValue, numberOf } from '../products/base/claims.ts';
import type { Claims } from '../products/base/facts.ts';
import { classifyFailure, retryAfter } from '../provider/failures.ts';
import { responseOf } from '../responses/retry-after.ts';
import { refuseToken, sessionProvider, type TokenOrigin, timeTolerance } from './access-token.ts';
import type { LimitMisses } from './miss-limit.ts';
import { createRequestCache } from './request-cache.ts';
import type { TokenIssuer } from './token-issuers.ts';

export interface Introspector {
  /**
   * The claims of an active token. Rejects with `invalid_token` when the token is inactive or the response is invalid, and
   * with `provider_unavailable` when there is no response, which never counts as active; with `too_many_requests` when the
   * client sent too many inactive tokens.
   */
  introspect(token: string, name: string, issuer: TokenIssuer, origin: TokenOrigin): Promise<Claims>;
}

interface CachedResponse extends Lifetime {
  /** Undefined for an inactive token. */
  claims: Claims | undefined;
}

/** Codes for a 200 that is not an introspection response: an HTML page, a truncated body, an `active` that is not a boolean. */
const INVALID_RESPONSE = new Set(['OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR', 'OAUTH_INVALID_RESPONSE']);

/** Bounds the memory of active, and of inactive tokens; a response takes a few kilobytes. */
const MAX_CACHED = 10_000;

async function requestIntrospection(
  token: string,
  { provider, introspection }: TokenIssuer,
): Promise<oidc.IntrospectionResponse> {
  try {
    const client = await provider.client(introspection?.credentials);
    return await oidc.tokenIntrospection(client, token, { token_type_hint: 'access_token' });
  } catch (error) {
    const failure = classifyFailure(error);
    // A response that is not an introspection response does not make the token active (RFC 7662 section 2.2).
    const status = responseOf(error)?.status ?? 200;
    if (error instanceof oidc.ClientError && INVALID_RESPONSE.has(error.code ?? '') && status === 200)
      return { active: false };
    const detail =
      failure.kind === 'refused'
        ? `the issuer refused the introspection request: ${failure.error}`
        : 'no response to the introspection request';
    throw new GatewayError('provider_unavailable', { cause: error, ...retryAfter(failure), detail });
  }
}

const refuseInactive = () => refuseToken('the issuer says that the token is not active');

export interface IntrospectorOptions {
  clock: () => number;
  /** How far clocks may differ, in milliseconds. */
  tolerance: number;
  limitMisses: LimitMisses;
}

/** Creates the introspector. Inactive tokens have a cache of their own, so that they displace no active ones. */
export function createIntrospector({ clock, tolerance, limitMisses }: IntrospectorOptions): Introspector {
  const cachedRequest = createRequestCache<CachedResponse>(MAX_CACHED, clock);
  const inactive = createLruCache<Lifetime>(MAX_CACHED);

  async function fetchResponse(
    token: string,
    name: string,
    issuer: TokenIssuer,
    origin: TokenOrigin,
  ): Promise<CachedResponse> {
    const allowed = timeTolerance(origin, tolerance);
    const { active, ...claims } = await requestIntrospection(token, issuer);
    const { cache = 0 } = issuer.introspection ?? {};
    const now = clock();
    const expiry = numberOf(claims.exp);
    const notBefore = numberOf(claims.nbf);
    const valid =
      active === true &&
      (isEmptyValue(claims.iss) || claims.iss === name) &&
      expiry !== undefined &&
      expiry * 1000 + allowed > now &&
      (notBefore === undefined || notBefore * 1000 - allowed <= now);
    return valid
      ? { claims, since: now, until: Math.min(now + cache, expiry * 1000 + allowed) }
      : { claims: undefined, since: now, until: now };
  }

  return {
    async introspect(token, name, issuer, origin) {
      // The issuer is part of the key: a response of one issuer means nothing for another (RFC 7662 section 4).
      const provider = sessionProvider(origin);
      const key = `${provider === undefined ? '' : `session ${provider} `}${name} ${digest(token)}`;
      const known = inactive.get(key);
      if (known && isCurrent(known, clock())) refuseInactive();
      const send = () => fetchResponse(token, name, issuer, origin);
      const address = 'address' in origin ? origin.address : undefined;
      const response = await cachedRequest(key, () => (address === undefined ? send() : limitMisses(address, send)));
      if (response.claims) return response.claims;
      const { negativeCache = 0 } = issuer.introspection ?? {};
      inactive.set(key, { since: response.since, until: response.since + negativeCache });
      return refuseInactive();
    },
  };
}

/** Asks an issuer whether a token is live (RFC 7662); remembers the answer for a short while, good or bad. */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import { digest } from '../../crypto/digest.ts';
import { numberOf } from '../products/claims.ts';
import type { Claims } from '../products/facts.ts';
import { classifyFailure } from '../provider/failures.ts';
import { refuseToken } from './access-token.ts';
import type { TokenIssuer } from './token-issuers.ts';

export interface Introspector {
  /**
   * What the issuer says of a live token. Rejects with `invalid_token` when it is not live or the answer cannot be
   * believed, and with `provider_unavailable` when there is no answer: that is never taken for a "yes".
   */
  introspect(token: string, name: string, issuer: TokenIssuer): Promise<Claims>;
}

interface Remembered extends Lifetime {
  claims: Claims | undefined;
}

/** Answered with 200 and yet no introspection response: a page, a cut body, an `active` that is no boolean. */
const UNBELIEVABLE = new Set(['OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR', 'OAUTH_INVALID_RESPONSE']);

/** Bounds the memory: a few kilobytes each. */
const MAX_REMEMBERED = 10_000;

/** Builds it; `tolerance` in milliseconds. */
export function createIntrospector({ clock, tolerance }: { clock: () => number; tolerance: number }): Introspector {
  // Keyed by issuer and digest: an answer of one issuer means nothing for another (RFC 7662 section 4).
  const remembered = createLruCache<Remembered>(MAX_REMEMBERED);
  const running = new Map<string, Promise<Remembered>>();

  async function ask(token: string, { provider, introspection }: TokenIssuer): Promise<oidc.IntrospectionResponse> {
    try {
      const client = await provider.client(introspection?.credentials);
      return await oidc.tokenIntrospection(client, token, { token_type_hint: 'access_token' });
    } catch (error) {
      const failure = classifyFailure(error);
      // An answer that is no introspection response says nothing for the token (RFC 7662 section 2.2).
      if (error instanceof oidc.ClientError && UNBELIEVABLE.has(error.code ?? '')) return { active: false };
      const detail =
        failure.kind === 'refused' ? `introspection was refused: ${failure.error}` : 'introspection did not answer';
      throw new GatewayError('provider_unavailable', { cause: error, detail });
    }
  }

  async function fetchAnswer(token: string, name: string, issuer: TokenIssuer): Promise<Remembered> {
    const { active, ...claims } = await ask(token, issuer);
    const { cache = 0, negativeCache = 0 } = issuer.introspection ?? {};
    const now = clock();
    const expiry = numberOf(claims.exp);
    const notBefore = numberOf(claims.nbf);
    const live =
      active === true &&
      (claims.iss === undefined || claims.iss === name) &&
      expiry !== undefined &&
      expiry * 1000 + tolerance > now &&
      (notBefore === undefined || notBefore * 1000 - tolerance <= now);
    return live
      ? { claims, since: now, until: Math.min(now + cache, expiry * 1000 + tolerance) }
      : { claims: undefined, since: now, until: now + negativeCache };
  }

  async function once(key: string, token: string, name: string, issuer: TokenIssuer): Promise<Remembered> {
    const under = running.get(key);
    if (under) return await under;
    const work = fetchAnswer(token, name, issuer).finally(() => running.delete(key));
    running.set(key, work);
    const answer = await work;
    if (isCurrent(answer, clock())) remembered.set(key, answer);
    return answer;
  }

  return {
    async introspect(token, name, issuer) {
      const key = `${name} ${digest(token)}`;
      const known = remembered.get(key);
      const { claims } = known && isCurrent(known, clock()) ? known : await once(key, token, name, issuer);
      return claims ?? refuseToken('the issuer says that the token is not live');
    },
  };
}

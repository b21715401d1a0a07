/** Verifies access tokens, JWT or opaque, of all accepted issuers, and caches the facts of verified JWTs by digest. */
import { isDeepStrictEqual } from 'node:util';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import { digest } from '../../crypto/digest.ts';
import { isEmptyValue } from '../products/base/claims.ts';
import type { Claims, TokenFacts } from '../products/base/facts.ts';
import { readFacts } from '../products/read-facts.ts';
import {
  refuseToken,
  sessionProvider,
  type TokenOrigin,
  timeTolerance,
  unverifiedIssuer,
  verifyAccessToken,
} from './access-token.ts';
import type { Introspector } from './introspection.ts';
import type { TokenIssuer, TokenIssuers } from './token-issuers.ts';

export interface TokenVerifierOptions {
  issuers: TokenIssuers;
  introspector: Introspector;
  /** Maximum time that a verification is cached, in milliseconds; 0 disables the cache. */
  cache: number;
  /** How far clocks may differ, in milliseconds. */
  tolerance: number;
  clock: () => number;
}

export interface TokenVerifier {
  /** The facts of a JWT that was verified recently; undefined otherwise. */
  recall(token: string): TokenFacts | undefined;
  /**
   * Verifies a token; with `live` its issuer must also confirm it by introspection.
   */
  verify(token: string, live: boolean, origin: TokenOrigin): Promise<TokenFacts>;
}

const MAX_CACHED = 10_000;

/** A provider could put another user's token into a session: one that another provider issued, and that it got to see as an API. */
function refuseForeignToken({ providers }: TokenIssuer, origin: TokenOrigin): void {
  const provider = sessionProvider(origin);
  if (provider !== undefined && providers.length > 0 && !providers.includes(provider))
    refuseToken('a token of another provider than the one at which the user signed in');
}

/** The facts with the binding that the issuer reports for a token (RFC 8705 section 3.2); it may be in the response alone. */
function withConfirmation(facts: TokenFacts, { cnf }: Claims): TokenFacts {
  const { claims } = facts;
  if (isEmptyValue(cnf) || isDeepStrictEqual(cnf, claims.cnf)) return facts;
  if (claims.cnf !== undefined) refuseToken('cnf of the token and of its introspection response differ');
  return { ...facts, claims: { ...claims, cnf } };
}

/** Creates the verifier of all issuers. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuers, introspector, cache, tolerance, clock } = options;
  const verified = createLruCache<Lifetime & { facts: TokenFacts }>(MAX_CACHED);

  function recallDigest(tokenDigest: string): TokenFacts | undefined {
    const cached = verified.get(tokenDigest);
    return cached && isCurrent(cached, clock()) ? cached.facts : undefined;
  }

  async function verifyJwt(token: string, name: string, issuer: TokenIssuer, origin: TokenOrigin): Promise<TokenFacts> {
    // The digest is key enough: the token itself names its issuer. A client's token never finds a verification without times.
    const key = sessionProvider(origin) === undefined ? digest(token) : `session ${digest(token)}`;
    const cached = recallDigest(key);
    if (cached) return cached;
    const now = clock();
    const allowed = timeTolerance(origin, tolerance);
    const claims = await verifyAccessToken(token, name, issuer, { now, tolerance: allowed });
    const facts = readFacts(issuer, name, claims);
    // A cached verification must not outlive its token (RFC 7662 section 4 demands it of introspection).
    const until = Math.min(now + cache, (facts.expiresAt ?? now) + allowed);
    if (until > now) verified.set(key, { facts, since: now, until });
    return facts;
  }

  async function verifyOpaque(token: string, origin: TokenOrigin): Promise<TokenFacts> {
    const provider = sessionProvider(origin);
    const opaqueTokenIssuer = provider === undefined ? issuers.opaqueTokenIssuer : issuers.ofProvider(provider);
    if (!opaqueTokenIssuer?.issuer.introspection)
      return refuseToken('the token is not a JWT, and no issuer has introspection');
    const { name, issuer } = opaqueTokenIssuer;
    return readFacts(issuer, name, await introspector.introspect(token, name, issuer, origin));
  }

  return {
    recall: (token) => recallDigest(digest(token)),
    async verify(token, live, origin) {
      const name = unverifiedIssuer(token);
      if (name === undefined) return await verifyOpaque(token, origin);
      const issuer = issuers.get(name) ?? refuseToken(`the issuer ${name.slice(0, 200)} is not accepted`);
      refuseForeignToken(issuer, origin);
      const facts = await verifyJwt(token, name, issuer, origin);
      if (!live) return facts;
      if (!issuer.introspection) refuseToken(`introspection of ${name} is not configured`);
      return withConfirmation(facts, await introspector.introspect(token, name, issuer, origin));
    },
  };
}

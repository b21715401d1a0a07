/** From an access token to its facts: verified once, remembered by digest, so that a rule can be asked on every call. */

import { GatewayError } from '../../base/errors.ts';
import { isCurrent, type Lifetime } from '../../base/lifetime.ts';
import { createLruCache } from '../../base/lru.ts';
import { digest } from '../../crypto/digest.ts';
import type { RequestSession, RequestTokens, VerifiedToken } from '../../session/session-types.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';
import type { TokenFacts } from '../products/facts.ts';
import { readFacts } from '../products/read-facts.ts';
import { storedClaims } from '../provider/id-token.ts';
import { refuseToken, unverifiedIssuer, verifyAccessToken } from './access-token.ts';
import type { Introspector } from './introspection.ts';
import { sessionFacts } from './session-facts.ts';
import type { TokenIssuer, TokenIssuers } from './token-issuers.ts';

export interface TokenReader {
  /**
   * The facts of a token that a caller brought. `live`: the issuer is asked as well (RFC 7662). Fails with
   * `invalid_token`, or with `provider_unavailable` when keys or introspection cannot be had.
   */
  read(token: string, live: boolean): MaybePromise<TokenFacts>;
  /** The facts of a session's token, which was checked when the session got it. */
  readSessionToken(session: RequestSession, live: boolean): MaybePromise<TokenFacts>;
  /** Checks the token that a session is to get. Rejects as `read` does. */
  checkSessionToken(accessToken: string): Promise<VerifiedToken>;
}

interface TokenReaderOptions {
  issuers: TokenIssuers;
  introspector: Introspector;
  /** Longest time that a verification is remembered, in milliseconds; 0 turns it off. */
  cache: number;
  /** Milliseconds. */
  tolerance: number;
  clock: () => number;
}

const MAX_REMEMBERED = 10_000;

/** Builds the reader over the issuers. */
export function createTokenReader({ issuers, introspector, cache, tolerance, clock }: TokenReaderOptions): TokenReader {
  const remembered = createLruCache<Lifetime & { facts: TokenFacts }>(MAX_REMEMBERED);
  // Held weakly: the claims take more room than the token, and after a collection they are read out of it once more.
  const ofRecord = new WeakMap<RequestTokens, WeakRef<TokenFacts>>();

  /** What a token was found to say, while that counts. By the digest alone: the token itself names its issuer. */
  function recall(key: string): TokenFacts | undefined {
    const known = remembered.get(key);
    return known && isCurrent(known, clock()) ? known.facts : undefined;
  }

  async function verify(token: string, name: string, issuer: TokenIssuer): Promise<TokenFacts> {
    const key = digest(token);
    const known = recall(key);
    if (known) return known;
    const now = clock();
    const claims = await verifyAccessToken(token, name, issuer, { now, tolerance });
    const facts = readFacts(issuer, name, claims);
    // No longer than the token itself is good for (RFC 7662 section 4, for either kind).
    const until = Math.min(now + cache, (facts.expiresAt ?? now) + tolerance);
    if (until > now) remembered.set(key, { facts, since: now, until });
    return facts;
  }

  async function readOpaque(token: string): Promise<TokenFacts> {
    const { opaqueTokenIssuer } = issuers;
    if (!opaqueTokenIssuer) return refuseToken('no JWT, and no issuer has introspection');
    return readFacts(
      opaqueTokenIssuer.issuer,
      opaqueTokenIssuer.name,
      await introspector.introspect(token, opaqueTokenIssuer.name, opaqueTokenIssuer.issuer),
    );
  }

  async function confirm(token: string, name: string, issuer: TokenIssuer): Promise<void> {
    if (!issuer.introspection) refuseToken(`introspection of ${name} is not configured`);
    await introspector.introspect(token, name, issuer);
  }

  function read(token: string, live: boolean): MaybePromise<TokenFacts> {
    const known = live ? undefined : recall(digest(token));
    return known ?? readAnew(token, live);
  }

  async function readAnew(token: string, live: boolean): Promise<TokenFacts> {
    const name = unverifiedIssuer(token);
    if (name === undefined) return await readOpaque(token);
    const issuer = issuers.get(name) ?? refuseToken(`issued by ${name.slice(0, 200)}`);
    const facts = await verify(token, name, issuer);
    if (live) await confirm(token, name, issuer);
    return facts;
  }

  /** From what is stored, without another check: the record is sealed, and only a checked token gets the mark. */
  function stored({ accessToken, verified }: RequestTokens): TokenFacts | undefined {
    const issuer = verified && issuers.get(verified.issuer);
    return issuer && readFacts(issuer, verified.issuer, verified.claims ?? storedClaims(accessToken));
  }

  return {
    read,
    readSessionToken(session, live) {
      const { tokens } = session;
      const known = live ? undefined : ofRecord.get(tokens)?.deref();
      if (known) return known;
      const marked = live ? undefined : stored(tokens);
      if (!marked) return readAnew(tokens.accessToken, live).then((facts) => sessionFacts(session, facts));
      const facts = sessionFacts(session, marked);
      ofRecord.set(tokens, new WeakRef(facts));
      return facts;
    },
    async checkSessionToken(accessToken) {
      const facts = await read(accessToken, false);
      // A machine's token in a user's session would make the machine pass for the user (RFC 9700 section 4.15).
      if (facts.subject === 'client') refuseToken('a machine token where a user signed in');
      const opaque = unverifiedIssuer(accessToken) === undefined;
      return { issuer: facts.issuer, ...(opaque ? { claims: facts.claims } : {}) };
    },
  };
}

/** What a login or a refresh does with the token it got, when access tokens are validated at all. */
export type CheckAccessToken = (accessToken: string) => Promise<VerifiedToken | undefined>;

/** The check for sessions: a refused token is a fault of the set-up, and the message says where to look. */
export function createSessionTokenCheck(reader: TokenReader | undefined): CheckAccessToken {
  return async function checkAccessToken(accessToken) {
    try {
      return await reader?.checkSessionToken(accessToken);
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
      const detail = `the access token that the provider issued is not accepted under accessTokens.provider: ${error.detail}`;
      throw new GatewayError('login_failed', { cause: error, detail });
    }
  };
}

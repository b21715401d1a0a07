/** Returns the facts of access tokens, from requests and from sessions; each token is verified once, not on every request. */
import { GatewayError } from '../../base/errors.ts';
import {
  providerIdOf,
  type RequestSession,
  type RequestTokens,
  type VerifiedToken,
} from '../../session/session-types.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';
import type { TokenFacts } from '../products/base/facts.ts';
import { readFacts } from '../products/read-facts.ts';
import { storedClaims } from '../provider/id-token.ts';
import { refuseToken, unverifiedIssuer } from './access-token.ts';
import { sessionFacts } from './session-facts.ts';
import { createTokenVerifier, type TokenVerifierOptions } from './token-verifier.ts';

export interface TokenReader {
  /**
   * The facts of a token that a client sent from `address`. With `live` the issuer must confirm it by introspection (RFC 7662). Fails
   * with `invalid_token`, or with `provider_unavailable` when keys or introspection are unavailable.
   */
  read(token: string, live: boolean, address: string): MaybePromise<TokenFacts>;
  /** The facts of a session's token, which was verified before it was stored. Fails as `read` does. */
  readSessionToken(session: RequestSession, live: boolean): MaybePromise<TokenFacts>;
  /** Verifies a token that a provider, given by its id, issued for a session. Rejects as `read` does. */
  checkSessionToken(accessToken: string, provider: string): Promise<VerifiedToken>;
}

/** Creates the reader of the tokens of all accepted issuers. */
export function createTokenReader(options: TokenVerifierOptions): TokenReader {
  const { issuers } = options;
  const verifier = createTokenVerifier(options);
  // Held weakly: the claims take more memory than the token; after a garbage collection they are decoded again.
  const factsOfRecord = new WeakMap<RequestTokens, WeakRef<TokenFacts>>();

  function read(token: string, live: boolean, address?: string): MaybePromise<TokenFacts> {
    const recalled = live ? undefined : verifier.recall(token);
    return recalled ?? verifier.verify(token, live, { address });
  }

  /** The facts of a record without verification: the record is sealed, and only a verified token has `verified`. */
  function storedFacts({ accessToken, verified }: RequestTokens): TokenFacts | undefined {
    const issuer = verified && issuers.get(verified.issuer);
    return issuer && readFacts(issuer, verified.issuer, verified.claims ?? storedClaims(accessToken));
  }

  return {
    read,
    readSessionToken(session, live) {
      const { tokens } = session;
      const cached = live ? undefined : factsOfRecord.get(tokens)?.deref();
      if (cached) return cached;
      const stored = live ? undefined : storedFacts(tokens);
      if (!stored)
        return verifier
          .verify(tokens.accessToken, live, { provider: providerIdOf(tokens) })
          .then((facts) => sessionFacts(session, facts));
      const facts = sessionFacts(session, stored);
      factsOfRecord.set(tokens, new WeakRef(facts));
      return facts;
    },
    async checkSessionToken(accessToken, provider) {
      const facts = await verifier.verify(accessToken, false, { provider });
      // In a user's session a client's token would let the client act as the user (RFC 9700 section 4.15).
      if (facts.subject === 'client') refuseToken("a client's token where a user signed in");
      const opaque = unverifiedIssuer(accessToken) === undefined;
      return { issuer: facts.issuer, ...(opaque ? { claims: facts.claims } : {}) };
    },
  };
}

/** Verifies the token of a login or a refresh; resolves with undefined where access tokens are not validated. */
export type CheckAccessToken = (accessToken: string) => Promise<VerifiedToken | undefined>;

/** Creates the check for a provider. A refused token is a configuration fault here, and the error names the option to check. */
export function createSessionTokenCheck(reader: TokenReader | undefined, provider: string): CheckAccessToken {
  return async function checkAccessToken(accessToken) {
    try {
      return await reader?.checkSessionToken(accessToken, provider);
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
      const detail = `the access token that the provider issued is not accepted under accessTokens.provider: ${error.detail}`;
      throw new GatewayError('login_failed', { cause: error, detail });
    }
  };
}

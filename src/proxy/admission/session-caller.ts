/** Reads the token facts of a signed-in user for the rules of a route. */
import { GatewayError } from '../../base/errors.ts';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';
import { grantedFacts } from '../../oidc/tokens/session-facts.ts';
import type { TokenReader } from '../../oidc/tokens/token-reader.ts';
import type { Challenge } from '../../policy/challenge.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { RequestSession } from '../../session/session-types.ts';
import { type MaybePromise, mapError, mapMaybe } from '../../tuning/maybe-promise.ts';
import { isForAudience } from './bearer.ts';

/**
 * Returns the facts of the session's access token, or without validation those of the token response. Fails with
 * `unauthenticated` when the token is no longer valid: signing in again replaces it.
 */
export function readSessionFacts(
  tokens: TokenReader | undefined,
  session: RequestSession,
  route: CompiledRoute,
  challenge: Challenge,
): MaybePromise<TokenFacts> {
  if (!tokens) return grantedFacts(session);
  const refuse = (error: unknown): never => {
    if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
    const detail = `the access token of the session is not valid: ${error.detail}`;
    throw new GatewayError('unauthenticated', { cause: error, detail, headers: { 'www-authenticate': challenge() } });
  };
  const pending = mapError(() => tokens.readSessionToken(session, route.config.introspect), refuse);
  return mapMaybe(pending, (facts) => requireAudience(facts, route));
}

/** 403, not 401: signing in again would not help, because the session's tokens are for other APIs (RFC 9700 section 2.3). */
function requireAudience(facts: TokenFacts, { audience }: CompiledRoute): TokenFacts {
  if (isForAudience(facts, audience)) return facts;
  const found = facts.audience.join(' ') || 'missing';
  const detail = `audience of the session's token is ${found}, expected ${audience.join(' ')}`;
  throw new GatewayError('access_denied', { reason: 'audience', detail });
}

/** The facts of a signed-in user for the rules of a route. */
import { GatewayError } from '../../base/errors.ts';
import type { TokenFacts } from '../../oidc/products/facts.ts';
import { grantedFacts } from '../../oidc/tokens/session-facts.ts';
import type { TokenReader } from '../../oidc/tokens/token-reader.ts';
import type { Challenge } from '../../policy/challenge.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { RequestSession } from '../../session/session-types.ts';
import { type MaybePromise, mapError, mapMaybe } from '../../tuning/maybe-promise.ts';
import { isForAudience } from './bearer.ts';

/**
 * What the session's access token says, or without validation what the provider said beside it. Fails with
 * `unauthenticated` when the token is not good any more: a new sign-in brings a new one.
 */
export function readSessionFacts(
  tokens: TokenReader | undefined,
  session: RequestSession,
  route: CompiledRoute,
  challenge: Challenge,
): MaybePromise<TokenFacts> {
  if (!tokens) return grantedFacts(session);
  const unaccepted = (error: unknown): never => {
    if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
    const detail = `the access token of the session is not accepted: ${error.detail}`;
    throw new GatewayError('unauthenticated', { cause: error, detail, headers: { 'www-authenticate': challenge() } });
  };
  const facts = mapError(() => tokens.readSessionToken(session, route.config.introspect), unaccepted);
  return mapMaybe(facts, (read) => requireMeantFor(read, route));
}

/** Not for another sign-in to mend, so no 401: this session's tokens are for other APIs (RFC 9700 section 2.3). */
function requireMeantFor(facts: TokenFacts, { audience }: CompiledRoute): TokenFacts {
  if (isForAudience(facts, audience)) return facts;
  const detail = `the session's token is for ${facts.audience.join(' ') || 'nobody'}, not for ${audience.join(' ')}`;
  throw new GatewayError('access_denied', { reason: 'audience', detail });
}

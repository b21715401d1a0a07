/** The facts of a signed-in user for the rules of a route. */
import { GatewayError } from '../errors.ts';
import { grantedFacts } from '../oidc/session-facts.ts';
import type { TokenReader } from '../oidc/token-reader.ts';
import type { Challenge } from '../policy/challenge.ts';
import type { TokenFacts } from '../providers/facts.ts';
import type { CallSession } from '../session/sessions.ts';
import { orElse, type Soon, whenThere } from '../soon.ts';
import { meantFor } from './bearer.ts';
import type { CompiledRoute } from './routes.ts';

/**
 * What the session's access token says, or without validation what the provider said beside it. Fails with
 * `unauthenticated` when the token is not good any more: a new sign-in brings a new one.
 */
export function factsOfSession(
  tokens: TokenReader | undefined,
  session: CallSession,
  route: CompiledRoute,
  challenge: Challenge,
): Soon<TokenFacts> {
  if (!tokens) return grantedFacts(session);
  const unaccepted = (error: unknown): never => {
    if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
    const detail = `the access token of the session is not accepted: ${error.detail}`;
    throw new GatewayError('unauthenticated', { cause: error, detail, headers: { 'www-authenticate': challenge() } });
  };
  const facts = orElse(() => tokens.ofSession(session, route.config.introspect), unaccepted);
  return whenThere(facts, (read) => requireMeantFor(read, route));
}

/** Not for another sign-in to mend, so no 401: this session's tokens are for other APIs (RFC 9700 section 2.3). */
function requireMeantFor(facts: TokenFacts, { audience }: CompiledRoute): TokenFacts {
  if (meantFor(facts, audience)) return facts;
  const detail = `the session's token is for ${facts.audience.join(' ') || 'nobody'}, not for ${audience.join(' ')}`;
  throw new GatewayError('access_denied', { reason: 'audience', detail });
}

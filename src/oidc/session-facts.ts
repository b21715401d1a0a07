/** What is known of a session's access token without looking into it: what the provider said when it handed it over. */
import { wordsOf } from '../providers/claims.ts';
import type { TokenFacts } from '../providers/facts.ts';
import type { ActiveSession } from '../session/sessions.ts';

const none = () => [];

/** Facts from the token response and the ID token: the granted scope, and how the user signed in. */
export function grantedFacts({ data, tokens }: ActiveSession): TokenFacts {
  return {
    issuer: data.issuer,
    sub: data.sub,
    subject: 'user',
    clientId: undefined,
    audience: [],
    scopes: wordsOf(tokens.scope),
    expiresAt: tokens.accessTokenExpiresAt,
    acr: data.acr,
    authTime: data.authTime,
    roles: [],
    clientRoles: none,
    groups: [],
    claims: {},
  };
}

/** The facts of a verified token of a session; where the token is silent, what the provider said beside it counts. */
export function sessionFacts(session: ActiveSession, verified: TokenFacts): TokenFacts {
  const granted = grantedFacts(session);
  return {
    ...verified,
    // A session is a user's, whatever the claims of its token leave open; a machine's token never gets into one.
    subject: 'user',
    scopes: verified.scopes.length > 0 ? verified.scopes : granted.scopes,
    acr: verified.acr ?? granted.acr,
    authTime: verified.authTime ?? granted.authTime,
  };
}

/** What is known of a session's access token without looking into it: what the provider said when it handed it over. */

import type { RequestSession, RequestTokens } from '../../session/session-types.ts';
import { wordsOf } from '../products/claims.ts';
import type { TokenFacts } from '../products/facts.ts';

const none = () => [];
/** Worked out once for each token record: both are as they are from the moment that they are read. */
const granted = new WeakMap<RequestTokens, TokenFacts>();

/** Facts from the token response and the ID token: the granted scope, and how the user signed in. */
export function grantedFacts(session: RequestSession): TokenFacts {
  const known = granted.get(session.tokens);
  if (known) return known;
  const facts = factsFrom(session);
  granted.set(session.tokens, facts);
  return facts;
}

function factsFrom({ data, tokens }: RequestSession): TokenFacts {
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
export function sessionFacts(session: RequestSession, verified: TokenFacts): TokenFacts {
  const said = factsFrom(session);
  return {
    ...verified,
    // A session is a user's, whatever the claims of its token leave open; a machine's token never gets into one.
    subject: 'user',
    scopes: verified.scopes.length > 0 ? verified.scopes : said.scopes,
    acr: verified.acr ?? said.acr,
    authTime: verified.authTime ?? said.authTime,
  };
}

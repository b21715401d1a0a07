/** Facts of a session's access token from the token response and the ID token, without decoding the access token. */
import type { RequestSession, RequestTokens } from '../../session/session-types.ts';
import { providerIdOf } from '../../session/session-types.ts';
import { wordsOf } from '../products/base/claims.ts';
import type { TokenFacts } from '../products/base/facts.ts';

const noRoles = () => [];
/** Computed once per token record; a record is immutable once it has been read. */
const grantedFactsOf = new WeakMap<RequestTokens, TokenFacts>();

/** The granted scope and how the user signed in. */
export function grantedFacts(session: RequestSession): TokenFacts {
  const cached = grantedFactsOf.get(session.tokens);
  if (cached) return cached;
  const facts = createGrantedFacts(session);
  grantedFactsOf.set(session.tokens, facts);
  return facts;
}

function createGrantedFacts({ data, tokens }: RequestSession): TokenFacts {
  return {
    issuer: data.issuer,
    providers: [providerIdOf(tokens)],
    sub: data.sub,
    subject: 'user',
    clientId: undefined,
    audience: [],
    scopes: wordsOf(tokens.scope),
    expiresAt: tokens.accessTokenExpiresAt,
    acr: data.acr,
    authTime: data.authTime,
    roles: [],
    clientRoles: noRoles,
    groups: [],
    claims: {},
    identity: tokens.identity,
  };
}

/** The facts of a session's verified token, completed with those of the token response and the ID token where it has none. */
export function sessionFacts(session: RequestSession, verified: TokenFacts): TokenFacts {
  const granted = createGrantedFacts(session);
  return {
    ...verified,
    providers: granted.providers,
    identity: granted.identity,
    // A session belongs to a user even if the claims do not say so; a client's token is never stored in a session.
    subject: 'user',
    scopes: verified.scopes.length > 0 ? verified.scopes : granted.scopes,
    acr: verified.acr ?? granted.acr,
    authTime: verified.authTime ?? granted.authTime,
  };
}

/** Providers that keep to the specifications (RFC 9068, RFC 7662); the other products are told by their differences. */
import { textOf, textsOf, wordsOf } from './claims.ts';
import type { Claims, TokenSubject } from './facts.ts';
import type { Quirks } from './quirks.ts';

/** Client that a token was issued to, by the names that are in use (`appid`: version 1 tokens of Entra ID). */
export function clientIdOf(claims: Claims): string | undefined {
  return textOf(claims.client_id) ?? textOf(claims.azp) ?? textOf(claims.appid);
}

/**
 * RFC 9068 section 2.2: without a user, `sub` names the client. A client that chose its id to look like a user's
 * subject is caught by that (RFC 9700 section 4.15). Without a client there is nothing to compare, so nothing is known.
 */
function subjectOf(claims: Claims): TokenSubject {
  const client = clientIdOf(claims);
  const sub = textOf(claims.sub);
  // Introspection names a user by `username` (RFC 7662 section 2.2) and need not name the client.
  if (client === undefined) return sub !== undefined && textOf(claims.username) !== undefined ? 'user' : 'unknown';
  return sub === undefined || sub === client ? 'client' : 'user';
}

/** Marks of ID tokens and logout tokens (OIDC Core 2, Back-Channel Logout 2.4), which nobody may pass off as access tokens. */
export function otherTokenKind(claims: Claims): string | undefined {
  if (claims.events !== undefined) return 'a logout token or security event';
  if (claims.nonce !== undefined || claims.at_hash !== undefined || claims.c_hash !== undefined) return 'an ID token';
  return undefined;
}

export const generic: Quirks = {
  kind: 'generic',
  accessTokenType: 'at+jwt',
  scopeOnRefresh: false,
  refreshEndedBy: ['invalid_grant'],
  notAccessToken: otherTokenKind,
  subjectOf,
  scopesOf: ({ scope }) => wordsOf(scope),
  rolesOf: ({ roles }) => textsOf(roles),
  clientRolesOf: () => [],
  groupsOf: ({ groups }) => textsOf(groups),
};

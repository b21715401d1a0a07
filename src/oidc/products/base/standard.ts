/** Behaviour that the specifications define (RFC 9068, RFC 7662); each product spreads it and states what differs. */
import { stringOf, stringsOf, wordsOf } from './claims.ts';
import type { Claims, TokenSubject } from './facts.ts';
import type { Product } from './product.ts';

/** The client that a token was issued to, by the claims in use (`appid`: AD FS and version 1 tokens of Entra ID; `cid`: Okta). */
export function clientIdOf(claims: Claims): string | undefined {
  return stringOf(claims.client_id) ?? stringOf(claims.azp) ?? stringOf(claims.appid) ?? stringOf(claims.cid);
}

/**
 * RFC 9068 section 2.2: without a user, `sub` names the client. This also catches a client that chose its id to equal a
 * user's subject (RFC 9700 section 4.15). Without a client id there is nothing to compare, so the subject is unknown.
 */
function subjectOf(claims: Claims): TokenSubject {
  const client = clientIdOf(claims);
  const sub = stringOf(claims.sub);
  // An introspection response names a user by `username` (RFC 7662 section 2.2) and may omit the client.
  if (client === undefined) return sub !== undefined && stringOf(claims.username) !== undefined ? 'user' : 'unknown';
  return sub === undefined || sub === client ? 'client' : 'user';
}

/** Recognizes ID tokens and logout tokens (OIDC Core 2, Back-Channel Logout 2.4), which must not pass as access tokens. */
export function rejectionReason(claims: Claims): string | undefined {
  if (claims.events !== undefined) return 'a logout token or security event';
  if (claims.nonce !== undefined || claims.at_hash !== undefined || claims.c_hash !== undefined) return 'an ID token';
  return undefined;
}

type Identity = 'kind' | 'displayName' | 'exampleIssuers' | 'ownsIssuer';

export const standard: Omit<Product, Identity> = {
  keysNameIssuer: false,
  accessTokenMark: 'header',
  rejectionReason,
  subjectOf,
  audienceClaims: ['aud'],
  clientIdClaim: 'client_id',
  clientIdOf,
  scopeClaim: 'scope',
  // Okta, ForgeRock and others name the claim `scp`.
  scopesOf: ({ scope, scp }) => wordsOf(scope ?? scp),
  rolesOf: ({ roles }) => stringsOf(roles),
  clientRolesOf: () => [],
  groupsOf: ({ groups }) => stringsOf(groups),
  repeatedParams: [],
  scopeOnRefresh: false,
  fatalRefreshErrors: ['invalid_grant'],
};

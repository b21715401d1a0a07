/** PingOne: access tokens name the client, and those of clients have no subject; the header need not state the type. */
import { numberOf, stringOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { Product } from '../base/product.ts';
import { rejectionReason, standard } from '../base/standard.ts';

/** `sub`, `sid`, `acr` and `auth_time` are absent in tokens of the client credentials grant. */
function subjectOf({ sub, sid, auth_time: time, client_id: client }: Claims): TokenSubject {
  if (stringOf(client) === undefined) return 'unknown';
  const signedIn = stringOf(sid) !== undefined || numberOf(time) !== undefined;
  if (sub === undefined || sub === client) return signedIn ? 'unknown' : 'client';
  return signedIn && stringOf(sub) !== undefined ? 'user' : 'unknown';
}

/** Issuers end in the environment and `/as`. */
const HOSTS = /^auth\.pingone\.(com|eu|ca|asia|sg|com\.au)$/;

export const pingone: Product<'pingone'> = {
  ...standard,
  kind: 'pingone',
  displayName: 'PingOne',
  exampleIssuers: ['https://auth.pingone.eu/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/as'],
  ownsIssuer: ({ hostname }) => HOSTS.test(hostname),
  // https://developer.pingidentity.com/pingone-api/foundations/authentication-concepts/access-tokens-and-id-tokens/token-claims.html:
  // `at+jwt` is optional until 2027; ID tokens have no `client_id`.
  accessTokenMark: 'payload',
  rejectionReason: (claims) =>
    stringOf(claims.client_id) === undefined ? 'a token without client_id' : rejectionReason(claims),
  subjectOf,
};

/** Okta: `cid` and `uid` in access tokens, scopes as a list in `scp`, and a header that does not state the type. */
import { stringOf, wordsOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { Product } from '../base/product.ts';
import { rejectionReason, standard } from '../base/standard.ts';

/**
 * `uid` is the id of the user, and absent where no user is involved; `sub` is then the client id
 * (https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/, access token claims).
 */
function subjectOf(claims: Claims): TokenSubject {
  const client = stringOf(claims.cid);
  const sub = stringOf(claims.sub);
  if (client === undefined || sub === undefined) return 'unknown';
  if (sub === client) return stringOf(claims.uid) === undefined ? 'client' : 'unknown';
  return stringOf(claims.uid) === undefined ? 'unknown' : 'user';
}

const HOSTS = /\.(okta|oktapreview|okta-emea|okta-gov)\.com$/;

export const okta: Product<'okta'> = {
  ...standard,
  kind: 'okta',
  displayName: 'Okta',
  exampleIssuers: ['https://shop.okta.com/oauth2/default', 'https://shop.oktapreview.com/oauth2/aus1a2b3c4'],
  ownsIssuer: ({ hostname }) => HOSTS.test(hostname),
  accessTokenMark: 'payload',
  // ID tokens name the client in `aud` only.
  rejectionReason: (claims) => (stringOf(claims.cid) === undefined ? 'a token without cid' : rejectionReason(claims)),
  subjectOf,
  clientIdClaim: 'cid',
  clientIdOf: ({ cid, client_id }) => stringOf(cid) ?? stringOf(client_id),
  scopeClaim: 'scp',
  scopesOf: ({ scp, scope }) => wordsOf(scp ?? scope),
};

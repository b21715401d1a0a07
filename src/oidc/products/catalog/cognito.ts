/** Amazon Cognito: access tokens without `aud`, types in `token_use`, and a sign-out with parameters of its own. */
import { stringOf, stringsOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import { offlineAccessFindings } from '../base/opaque.ts';
import type { Product } from '../base/product.ts';
import { rejectionReason, standard } from '../base/standard.ts';

/** Tokens of users have a `username`; the subject of the client credentials grant is the client id. */
function subjectOf(claims: Claims): TokenSubject {
  const client = stringOf(claims.client_id);
  const sub = stringOf(claims.sub);
  if (client === undefined || sub === undefined) return 'unknown';
  const named = stringOf(claims.username) !== undefined;
  if (sub === client) return named ? 'unknown' : 'client';
  return named ? 'user' : 'unknown';
}

/** `token_use` is `access` or `id`. */
function cognitoRejectionReason(claims: Claims): string | undefined {
  return claims.token_use === 'access' ? rejectionReason(claims) : 'a token whose token_use is not access';
}

export const cognito: Product<'cognito'> = {
  ...standard,
  kind: 'cognito',
  displayName: 'Amazon Cognito',
  exampleIssuers: ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'],
  ownsIssuer: ({ hostname }) => /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(hostname),
  accessTokenMark: 'payload',
  rejectionReason: cognitoRejectionReason,
  subjectOf,
  // A token has `aud` only if the sign-in requested a resource.
  audienceClaims: ['aud', 'client_id'],
  groupsOf: (claims) => stringsOf(claims['cognito:groups']),
  // https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html: on the domain of the sign-in pages,
  // with `client_id` and `logout_uri`, whether the metadata names it or not.
  endSessionUrl({ issuer, authorization_endpoint: authorization, end_session_endpoint: named }, clientId, returnTo) {
    const url = new URL(named ?? new URL('/logout', authorization ?? issuer));
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('logout_uri', returnTo);
    return url;
  },
  configurationFindings: offlineAccessFindings(
    'Cognito',
    'set scopes without it: the code flow returns a refresh token anyway',
  ),
};

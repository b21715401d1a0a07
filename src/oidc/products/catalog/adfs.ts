/** AD FS: access tokens with an issuer of their own, `appid` and `scp`, for the API that `resource` names. */
import { stringOf, stringsOf, wordsOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { Product } from '../base/product.ts';
import { clientIdOf, rejectionReason, standard } from '../base/standard.ts';

/** `upn` and `unique_name` come from the directory. Without them the claim rules of the API decide what a token shows. */
function subjectOf(claims: Claims): TokenSubject {
  const client = clientIdOf(claims);
  if (client === undefined) return 'unknown';
  const user = stringOf(claims.upn) ?? stringOf(claims.unique_name);
  if (stringOf(claims.sub) === client) return user === undefined ? 'client' : 'unknown';
  return user === undefined ? 'unknown' : 'user';
}

export const adfs: Product<'adfs'> = {
  ...standard,
  kind: 'adfs',
  displayName: 'AD FS',
  exampleIssuers: ['https://fs.example.com/adfs'],
  ownsIssuer: ({ pathname }) => pathname === '/adfs',
  accessTokenMark: 'none',
  rejectionReason: (claims) =>
    stringOf(claims.appid) === undefined ? 'a token without appid' : rejectionReason(claims),
  subjectOf,
  // `access_token_issuer` of the metadata: the default identifier of the federation service, with http
  // (https://learn.microsoft.com/windows-server/identity/ad-fs/development/ad-fs-logout-openid-connect).
  accessTokenIssuer: (issuer) => `http://${new URL(issuer).host}/adfs/services/trust`,
  clientIdClaim: 'appid',
  scopeClaim: 'scp',
  scopesOf: ({ scp }) => wordsOf(scp),
  rolesOf: ({ role, roles }) => stringsOf(role ?? roles),
  groupsOf: ({ group, groups }) => stringsOf(group ?? groups),
  exchangeGrant: (assertion) => ({
    grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    params: { assertion, requested_token_use: 'on_behalf_of' },
  }),
  doctor: {
    missingAudience: {
      param: 'resource',
      message: 'no resource is requested, so AD FS issues access tokens for its UserInfo endpoint only',
      hint: 'Set provider.authorizationParams.resource to the identifier of the Web API in the application group.',
    },
  },
};

/** Auth0: permissions as roles, clients marked by `gty` or by their subject, a sign-out endpoint of its own. */
import { stringOf, stringsOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { DoctorHints, Product } from '../base/product.ts';
import { clientIdOf, rejectionReason, standard } from '../base/standard.ts';

/**
 * The subject of a client is its client id followed by `@clients`. `gty` marks it as well, except in the RFC 9068
 * profile. A token with only one of two marks is of an unknown type.
 */
function subjectOf(claims: Claims): TokenSubject {
  const sub = stringOf(claims.sub);
  const client = clientIdOf(claims);
  if (client !== undefined && sub === `${client}@clients`) return 'client';
  const ambiguous = sub === undefined || sub === client || sub.endsWith('@clients');
  return ambiguous || claims.gty === 'client-credentials' ? 'unknown' : 'user';
}

/** Access tokens name their client in `azp` or `client_id` in every profile; ID tokens have it as their audience. */
function auth0RejectionReason(claims: Claims): string | undefined {
  const client = clientIdOf(claims);
  if (client === undefined) return 'a token without azp or client_id';
  if (claims.aud === client) return 'an ID token';
  return rejectionReason(claims);
}

const doctor: DoctorHints = {
  credentialErrors: [
    {
      pattern: /grant type .*not allowed/i,
      message: 'this application may not use the authorization code grant',
      hint: 'Auth0: use an application of type "Regular Web Application", or enable the grant under Advanced Settings.',
    },
  ],
  redirectUriError: /callback url/i,
  missingAudience: {
    message: 'no audience is requested, so Auth0 issues access tokens that no API can read',
    hint: 'Set provider.authorizationParams.audience to the identifier of the API (Auth0 dashboard: Applications, APIs).',
  },
  endSessionHint:
    'Auth0: Settings, Advanced, enable RP-Initiated Logout End Session Endpoint Discovery. Until then the gateway uses /v2/logout.',
};

export const auth0: Product<'auth0'> = {
  ...standard,
  kind: 'auth0',
  displayName: 'Auth0',
  exampleIssuers: ['https://shop.eu.auth0.com/'],
  ownsIssuer: ({ hostname }) => hostname.endsWith('.auth0.com'),
  // The header says `JWT`, unless the API uses the RFC 9068 profile.
  accessTokenMark: 'none',
  rejectionReason: auth0RejectionReason,
  subjectOf,
  clientIdClaim: 'azp',
  // With RBAC the permissions are what the user may do; the scope is what the application requested.
  rolesOf: ({ permissions }) => stringsOf(permissions),
  logoutHint: ({ sid }) => stringOf(sid),
  endSessionUrl({ issuer, end_session_endpoint: standardEndpoint }, clientId, returnTo) {
    if (standardEndpoint !== undefined) return undefined;
    const url = new URL('v2/logout', issuer);
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('returnTo', returnTo);
    return url;
  },
  doctor,
};

/** Auth0: permissions beside scopes, machine tokens marked by `gty` or their subject, a sign-out of its own. */
import { textOf, textsOf } from './claims.ts';
import type { Claims, TokenSubject } from './facts.ts';
import { clientIdOf, generic } from './generic.ts';
import type { Quirks } from './quirks.ts';

/**
 * A machine's subject is its client id with `@clients` behind it. `gty` says so as well, but not in the RFC 9068
 * profile. A token with one mark and not the other is of a kind that nobody here knows.
 */
function subjectOf(claims: Claims): TokenSubject {
  const sub = textOf(claims.sub);
  const client = clientIdOf(claims);
  if (client !== undefined && sub === `${client}@clients`) return 'client';
  const odd = sub === undefined || sub === client || sub.endsWith('@clients');
  return odd || claims.gty === 'client-credentials' ? 'unknown' : 'user';
}

/** ID tokens hold no client beside their audience; access tokens name it in `azp` or `client_id`, whatever the profile. */
function notAccessToken(claims: Claims): string | undefined {
  const client = clientIdOf(claims);
  if (client === undefined) return 'a token without azp or client_id';
  if (claims.aud === client) return 'an ID token';
  return generic.notAccessToken(claims);
}

export const auth0: Quirks = {
  ...generic,
  kind: 'auth0',
  // The header says `JWT` unless the API uses the RFC 9068 profile.
  accessTokenType: 'any',
  notAccessToken,
  subjectOf,
  // With RBAC the permissions are what the user may do; the scope is what the application asked for.
  rolesOf: ({ permissions }) => textsOf(permissions),
  logoutHint: ({ sid }) => textOf(sid),
  endSessionUrl(issuer, clientId, returnTo) {
    const url = new URL('v2/logout', issuer);
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('returnTo', returnTo);
    return url;
  },
};

/** Zitadel: roles as an object, with one claim for each project, and services that are users. */
import { isRecord, stringOf, stringsOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { Product } from '../base/product.ts';
import { clientIdOf, rejectionReason, standard } from '../base/standard.ts';

/**
 * The audience of a user's token includes the application that the user signed in to. The client of a service user is the
 * service user itself, by its id or its name, which is no audience.
 */
function subjectOf(claims: Claims): TokenSubject {
  const client = clientIdOf(claims);
  const sub = stringOf(claims.sub);
  if (client === undefined || sub === undefined) return 'unknown';
  if (sub === client) return 'client';
  return stringsOf(claims.aud).includes(client) ? 'user' : 'unknown';
}

/** https://zitadel.com/docs/apis/openidoauth/claims: `amr` and `auth_time` are in ID tokens only, `jti` in access tokens only. */
function zitadelRejectionReason(claims: Claims): string | undefined {
  if (claims.jti === undefined || claims.amr !== undefined || claims.auth_time !== undefined) return 'an ID token';
  return rejectionReason(claims);
}

/** The roles of a claim such as `{ "editor": { "<organization id>": "<domain>" } }`; anything else grants nothing. */
function rolesIn(claim: unknown): readonly string[] {
  return isRecord(claim) && Object.values(claim).every(isRecord) ? Object.keys(claim) : [];
}

export const zitadel: Product<'zitadel'> = {
  ...standard,
  kind: 'zitadel',
  displayName: 'Zitadel',
  exampleIssuers: ['https://shop-a1b2c3.zitadel.cloud', 'https://shop-a1b2c3.eu1.zitadel.cloud'],
  ownsIssuer: ({ hostname }) => hostname.endsWith('.zitadel.cloud'),
  accessTokenMark: 'none',
  rejectionReason: zitadelRejectionReason,
  subjectOf,
  rolesOf: (claims) => rolesIn(claims['urn:zitadel:iam:org:project:roles']),
  // The id of a project takes the place of a client.
  clientRolesOf(claims, project) {
    const name = `urn:zitadel:iam:org:project:${project}:roles`;
    return Object.hasOwn(claims, name) ? rolesIn(claims[name]) : [];
  },
};

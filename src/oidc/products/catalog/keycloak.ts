/** Keycloak: `typ` in the payload, realm and client roles, service accounts that are users with a subject of their own. */
import { isRecord, stringOf, stringsOf } from '../base/claims.ts';
import type { Claims, TokenSubject } from '../base/facts.ts';
import type { DoctorHints, Product } from '../base/product.ts';
import { rejectionReason, standard } from '../base/standard.ts';

/**
 * A service account is a user with a subject of its own and without a session at Keycloak. A token with both marks, or
 * with neither, is of an unknown type.
 */
function subjectOf(claims: Claims): TokenSubject {
  const service =
    stringOf(claims.preferred_username)?.startsWith('service-account-') === true ||
    claims.clientHost !== undefined ||
    claims.clientAddress !== undefined;
  if (stringOf(claims.sid) === undefined) return service || claims.client_id !== undefined ? 'client' : 'unknown';
  return service ? 'unknown' : 'user';
}

/** Access tokens have the type `Bearer` or `DPoP`; ID, refresh, offline and logout tokens `ID`, `Refresh`, `Offline`, `Logout`. */
function keycloakRejectionReason(claims: Claims): string | undefined {
  const { typ } = claims;
  // Older versions of Keycloak repeat the nonce in access tokens.
  if (typ === 'Bearer' || typ === 'DPoP') return rejectionReason({ ...claims, nonce: undefined });
  return `a token of type ${JSON.stringify(typ)?.slice(0, 32) ?? 'unknown'}`;
}

function rolesIn(holder: unknown): readonly string[] {
  return isRecord(holder) ? stringsOf(holder.roles) : [];
}

/** The realm with and without `/auth`, and without anything behind it. */
function issuerSpellings(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const at = pathname.indexOf('/realms/');
  if (at < 0) return [];
  const realm = pathname.slice(at).split('/').slice(0, 3).join('/');
  const prefix = pathname.slice(0, at);
  return [`${origin}${prefix.replace(/\/auth$/, '')}${realm}`, `${origin}${prefix}/auth${realm}`];
}

const hasAuthPath = (issuer: string) => issuer.includes('/auth/realms/');

const doctor: DoctorHints = {
  resembles: ({ pathname }) => pathname.includes('/realms/'),
  issuerSpellings,
  explainSpelling: (configured, found) =>
    hasAuthPath(configured) === hasAuthPath(found)
      ? undefined
      : 'Keycloak before 17 has /auth in its path; later versions only when configured to.',
  discoveryErrors: [
    {
      pattern: /realm does not exist/i,
      message: 'Keycloak has no realm of this name',
      hint: 'Check the name of the realm in the administration console; it is case-sensitive.',
    },
  ],
  codeFlowError: /standard flow/i,
};

export const keycloak: Product<'keycloak'> = {
  ...standard,
  kind: 'keycloak',
  displayName: 'Keycloak',
  exampleIssuers: ['https://id.example.com/realms/shop', 'https://id.example.com/auth/realms/shop'],
  ownsIssuer: ({ pathname }) => /^\/(?:[^/]+\/)*realms\/[^/]+$/.test(pathname),
  // The header says `JWT`, unless the client sets access.token.header.type.rfc9068.
  accessTokenMark: 'payload',
  rejectionReason: keycloakRejectionReason,
  subjectOf,
  clientIdClaim: 'azp',
  rolesOf: ({ realm_access }) => rolesIn(realm_access),
  clientRolesOf({ resource_access: access }, client) {
    return isRecord(access) && Object.hasOwn(access, client) ? rolesIn(access[client]) : [];
  },
  doctor,
};

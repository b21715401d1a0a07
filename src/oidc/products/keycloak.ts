/** Keycloak: `typ` in the payload, realm and client roles, service accounts with a user of their own. */
import { isRecord, textOf, textsOf } from './claims.ts';
import type { Claims, TokenSubject } from './facts.ts';
import { generic, otherTokenKind } from './generic.ts';
import type { Quirks } from './quirks.ts';

/**
 * A service account is a user with a subject of its own; it has no session at Keycloak. A token with both marks, or with
 * neither, is of a kind that nobody here knows.
 */
function subjectOf(claims: Claims): TokenSubject {
  const service =
    textOf(claims.preferred_username)?.startsWith('service-account-') === true ||
    claims.clientHost !== undefined ||
    claims.clientAddress !== undefined;
  if (claims.sid === undefined) return service || claims.client_id !== undefined ? 'client' : 'unknown';
  return service ? 'unknown' : 'user';
}

/** `Bearer` or `DPoP`; ID, refresh, offline and logout tokens carry `ID`, `Refresh`, `Offline` and `Logout`. */
function notAccessToken(claims: Claims): string | undefined {
  const { typ } = claims;
  if (typ === 'Bearer' || typ === 'DPoP') return otherTokenKind({ ...claims, nonce: undefined });
  return `a token of type ${JSON.stringify(typ)?.slice(0, 32) ?? 'unknown'}`;
}

function rolesIn(holder: unknown): readonly string[] {
  return isRecord(holder) ? textsOf(holder.roles) : [];
}

export const keycloak: Quirks = {
  ...generic,
  kind: 'keycloak',
  // Its default header is `JWT`; access.token.header.type.rfc9068 makes it at+jwt.
  accessTokenType: 'any',
  notAccessToken,
  subjectOf,
  rolesOf: ({ realm_access }) => rolesIn(realm_access),
  clientRolesOf({ resource_access: access }, client) {
    return isRecord(access) && Object.hasOwn(access, client) ? rolesIn(access[client]) : [];
  },
};

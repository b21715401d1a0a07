/** Microsoft Entra ID: `scp` and app roles, groups that may be left out, tokens of two versions. */
import { isRecord, textOf, textsOf, wordsOf } from './claims.ts';
import type { Claims, Groups, TokenSubject } from './facts.ts';
import { clientIdOf, generic } from './generic.ts';
import type { Quirks } from './quirks.ts';

/** `scp` is there for users only; app-only tokens have `idtyp: app`, or the object id of the app as their subject. */
function subjectOf(claims: Claims): TokenSubject {
  const app = claims.idtyp === 'app';
  if (textOf(claims.scp) !== undefined) return app ? 'unknown' : 'user';
  const sub = textOf(claims.sub);
  return app || (sub !== undefined && sub === textOf(claims.oid)) ? 'client' : 'unknown';
}

/**
 * ID tokens of the same app registration may have its client id as audience too. They have no `scp`, no app is their
 * subject, and unlike access tokens of both versions they name no client.
 */
function notAccessToken(claims: Claims): string | undefined {
  if (clientIdOf(claims) === undefined) return 'a token without azp or appid';
  if (claims.scp === undefined && subjectOf(claims) !== 'client') return 'a token without scp';
  return generic.notAccessToken(claims);
}

/** More than 200 groups are replaced by a pointer to Graph; what is not known must not be taken for "none". */
function groupsOf(claims: Claims): Groups {
  const names = claims._claim_names;
  const elsewhere = isRecord(names) && names.groups !== undefined;
  if (elsewhere || claims.hasgroups === true || claims.hasgroups === 'true') return 'overage';
  return textsOf(claims.groups);
}

export const entra: Quirks = {
  ...generic,
  kind: 'entra',
  accessTokenType: 'any',
  // A refresh without scopes answers a token for Graph, or the last API asked for.
  scopeOnRefresh: true,
  // The last two belong to the authorization endpoint, but its token endpoint uses them for a step that the user has to take.
  refreshEndedBy: ['invalid_grant', 'interaction_required', 'consent_required'],
  notAccessToken,
  subjectOf,
  scopesOf: ({ scp }) => wordsOf(scp),
  rolesOf: ({ roles }) => textsOf(roles),
  groupsOf,
  // The on-behalf-of flow; the API is named by a scope such as api://reports/.default.
  exchangeRequest: (assertion) => ({
    grant: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    params: { assertion, requested_token_use: 'on_behalf_of' },
  }),
  // Of the claim `login_hint`, which has to be asked for; without it the user picks the account to sign out.
  logoutHint: ({ login_hint }) => textOf(login_hint),
};

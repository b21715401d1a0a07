/** Microsoft Entra ID: `scp` and app roles, groups that can be left out, tokens of two versions, multi-tenant issuers. */
import { isRecord, stringOf, stringsOf, wordsOf } from '../base/claims.ts';
import type { Claims, Groups, TokenSubject } from '../base/facts.ts';
import type { MultiTenantIssuers, Product, ProviderFinding, ProviderSettings } from '../base/product.ts';
import { clientIdOf, rejectionReason, standard } from '../base/standard.ts';
import { entraDoctor } from './entra-doctor.ts';

/** Only users have `scp`; tokens of apps have `idtyp: app`, or the object id of the app as their subject. */
function subjectOf(claims: Claims): TokenSubject {
  const app = claims.idtyp === 'app';
  if (stringOf(claims.scp) !== undefined) return app ? 'unknown' : 'user';
  const sub = stringOf(claims.sub);
  return app || (sub !== undefined && sub === stringOf(claims.oid)) ? 'client' : 'unknown';
}

/**
 * ID tokens of the same app registration can have its client id as their audience too. They lack `scp`, their subject is
 * never an app, and unlike access tokens of both versions they name no client.
 */
function entraRejectionReason(claims: Claims): string | undefined {
  if (clientIdOf(claims) === undefined) return 'a token without azp or appid';
  if (claims.scp === undefined && subjectOf(claims) !== 'client') return 'a token without scp';
  return rejectionReason(claims);
}

/** More than 200 groups are replaced by a pointer to Microsoft Graph; groups that are not known must not count as none. */
function groupsOf(claims: Claims): Groups {
  const names = claims._claim_names;
  const elsewhere = isRecord(names) && names.groups !== undefined;
  if (elsewhere || claims.hasgroups === true || claims.hasgroups === 'true') return 'overage';
  return stringsOf(claims.groups);
}

const HOSTS = /^(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)$/;
const SHARED_PATH = /\/(?:organizations|common)(?=\/v2\.0$)/;

const multiTenant: MultiTenantIssuers = {
  description: 'an Entra ID issuer for organizations or common',
  placeholder: '{tenantid}',
  tenantId: { pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, description: 'a GUID in lower case' },
  isMultiTenant: (issuer) => SHARED_PATH.test(issuer),
  tenantIssuer: (issuer, tenant) => issuer.replace(SHARED_PATH, `/${tenant}`),
};

const OIDC_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/** The API of a scope: `api://orders` of `api://orders/read`; Microsoft Graph when the scope has no prefix. */
function resourceOf(scope: string): string {
  const slash = scope.lastIndexOf('/');
  const resource = slash < 0 ? '' : scope.slice(0, slash);
  return resource === '' ? 'https://graph.microsoft.com' : resource;
}

function configurationFindings({ clientAuth, scopes }: ProviderSettings): ProviderFinding[] {
  const findings: ProviderFinding[] = [];
  if (clientAuth === 'private_key_jwt')
    findings.push({
      path: ['clientAuth'],
      message: 'Entra ID wants the thumbprint of a certificate in the assertion, which private_key_jwt does not carry',
      hint: 'client_secret_post works',
    });
  const resources = new Set(scopes.filter((scope) => !OIDC_SCOPES.has(scope)).map(resourceOf));
  if (resources.size > 1)
    findings.push({
      path: ['scopes'],
      message: `Entra ID issues a token for one API at a time, but these scopes belong to ${[...resources].join(' and ')}`,
    });
  return findings;
}

export const entra: Product<'entra'> = {
  ...standard,
  kind: 'entra',
  displayName: 'Entra ID',
  exampleIssuers: [
    'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0',
    'https://login.microsoftonline.us/organizations/v2.0',
    'https://sts.windows.net/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/',
    'https://shop.ciamlogin.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0',
  ],
  ownsIssuer: ({ hostname }) => HOSTS.test(hostname) || hostname.endsWith('.ciamlogin.com'),
  multiTenant,
  keysNameIssuer: true,
  accessTokenMark: 'none',
  rejectionReason: entraRejectionReason,
  subjectOf,
  clientIdClaim: 'azp',
  scopeClaim: 'scp',
  scopesOf: ({ scp }) => wordsOf(stringOf(scp)),
  rolesOf: ({ roles }) => stringsOf(roles),
  groupsOf,
  // A refresh without scopes returns a token for Microsoft Graph, or for the last API that was requested.
  scopeOnRefresh: true,
  // The last two belong to the authorization endpoint, but its token endpoint uses them when the user has to take a step.
  fatalRefreshErrors: ['invalid_grant', 'interaction_required', 'consent_required'],
  // The on-behalf-of flow; a scope such as api://reports/.default names the API.
  exchangeGrant: (assertion) => ({
    grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    params: { assertion, requested_token_use: 'on_behalf_of' },
  }),
  // Only tokens with the optional claim `login_hint` have it; otherwise the user picks the account to sign out.
  logoutHint: ({ login_hint }) => stringOf(login_hint),
  configurationFindings,
  doctor: entraDoctor,
};

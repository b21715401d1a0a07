/** Translates the access restrictions of oauth2-proxy to requirements on the access token. */
import { type Access, escapeRegExp, requireToken } from '../draft/access.ts';
import { type Decision, type Draft, trustIssuer } from '../draft/draft.ts';
import { normalizeIssuer } from '../draft/issuer.ts';
import type { Settings } from './settings.ts';

/** OpenID Connect providers whose issuer is in the file or known. */
const PROVIDERS = /^(?:oidc|keycloak-oidc|entra-id|google)$/;
/** Settings that restrict access; except for SUPPORTED_SETTINGS, no rule can express them. */
const RESTRICTING_SETTINGS =
  /^(?:google_(?:group|admin_email|service_account_json)s?|github_(?:org|team|repo|users?)|gitlab_(?:groups?|projects?)|bitbucket_(?:team|repository)|azure_tenant|azure_graph_group_field|entra_id_allowed_tenants|oidc_audience_claims|user_id_claim|allow_query_semicolons|keycloak_groups?|acr_values|allowed_.*|backend_logout_url)$/;
const SUPPORTED_SETTINGS =
  /^(?:allowed_groups?|allowed_roles?|user_id_claim|backend_logout_url|allow_query_semicolons|acr_values|azure_graph_group_field)$/;

interface UpstreamAccess {
  issuer: string | undefined;
  access: Decision;
  /** Reason for denial. */
  why?: string;
}

/** Case-insensitive: `example.com` matches that domain only, `.example.com` and `*.example.com` match its subdomains. */
function emailPattern(domains: readonly string[]): string {
  const caseInsensitive = (text: string) =>
    [...text]
      .map((letter) =>
        /[a-z]/i.test(letter) ? `[${letter.toLowerCase()}${letter.toUpperCase()}]` : escapeRegExp(letter),
      )
      .join('');
  const one = (domain: string) =>
    /^\*?\./.test(domain)
      ? `[^@]*@(?:[^@]*\\.)${caseInsensitive(domain.replace(/^\*?\./, ''))}`
      : `[^@]*@${caseInsensitive(domain)}`;
  return domains.map(one).join('|');
}

function emailClaims(settings: Settings): Access['claims'] | string {
  const domains = settings.list('email_domains');
  if (domains.includes('*')) return [];
  if (domains.length === 0) return 'email_domains is missing, and files with addresses are not supported';
  const matches = emailPattern(domains);
  if (matches.length > 480) return 'email_domains has too many entries for one rule';
  const verified = settings.flag('insecure_oidc_allow_unverified_email');
  return [
    [settings.text('oidc_email_claim') ?? 'email', { matches }],
    // oauth2-proxy refuses only `email_verified: false`; a rule cannot distinguish that from a missing claim.
    ...(verified ? [] : [['email_verified', { equals: true }] as const]),
  ];
}

/** One of the groups and one of the roles. oauth2-proxy treats Keycloak roles as groups, so there either is enough. */
function groupRequirement(settings: Settings): Pick<Access, 'claims' | 'roles'> {
  const groups = settings.list('allowed_groups');
  const roles = settings.list('allowed_roles').map((role) => {
    const at = role.indexOf(':');
    return at < 0 ? role : { client: role.slice(0, at), role: role.slice(at + 1) };
  });
  return {
    claims: groups.length === 0 ? [] : [[settings.text('oidc_groups_claim') ?? 'groups', { anyOf: [...groups] }]],
    roles: roles.length === 0 ? [] : [roles],
  };
}

/** Accepts bearer tokens of the provider, and of further issuers with the same audience. */
function bearerAccess(draft: Draft, settings: Settings, issuer: string): Partial<Access> {
  if (!settings.flag('skip_jwt_bearer_tokens')) return { token: 'user', sessionsOnly: true };
  // Keycloak has its roles in other claims than other issuers, and a rule cannot distinguish them.
  const roles = settings.list('allowed_roles').length > 0;
  const audiences = [settings.text('client_id'), ...settings.list('oidc_extra_audiences')].filter(
    (one) => one !== undefined,
  );
  const issuers = [issuer];
  const reason = roles
    ? 'its tokens have no Keycloak roles'
    : 'a rule cannot require a different audience for each issuer';
  for (const entry of settings.list('extra_jwt_issuers')) {
    const [further = '', audience] = entry.split(/=(?=[^=]*$)/);
    // A rule cannot restrict an audience to an issuer.
    if (!roles && audiences.length === 1 && audience === audiences[0] && further.startsWith('https://')) {
      issuers.push(normalizeIssuer(further));
      trustIssuer(draft, normalizeIssuer(further));
      settings.note(draft, 'extra_jwt_issuers', 'translated', `extra_jwt_issuers ${entry}`, entry);
    } else settings.note(draft, 'extra_jwt_issuers', 'left out', `extra_jwt_issuers ${entry}: ${reason}`, entry);
  }
  return { token: 'user-or-client', sessionsOnly: false, audiences: [audiences], issuers };
}

function issuerOf(settings: Settings): string | undefined {
  const named = settings.text('oidc_issuer_url');
  if (named !== undefined) return named.startsWith('https://') ? normalizeIssuer(named) : undefined;
  return settings.text('provider') === 'google' ? 'https://accounts.google.com' : undefined;
}

/** Why a setting that restricts access cannot be translated. */
function unsupportedRestriction(settings: Settings, provider: string): string | undefined {
  const unsupported = settings.names.find((name) => RESTRICTING_SETTINGS.test(name) && !SUPPORTED_SETTINGS.test(name));
  if (unsupported !== undefined) return `${unsupported} is not supported`;
  return settings.list('allowed_roles').length > 0 && provider !== 'keycloak-oidc'
    ? 'allowed_roles is supported for Keycloak only'
    : undefined;
}

/** Notes where the requirement differs from the original; `name` is the first setting with a condition. */
function noteDifferences(draft: Draft, settings: Settings, name: string): void {
  const text = 'claims are checked in the access token; oauth2-proxy checks the ID token';
  settings.note(draft, name, 'approximated', text);
  if (settings.flag('skip_jwt_bearer_tokens')) return;
  const sessionsOnly = 'sessions only: the gateway also accepts access tokens that were issued to this client';
  settings.note(draft, 'client_id', 'approximated', sessionsOnly);
}

/** The access requirement, which applies to all upstreams. */
export function readAccess(draft: Draft, settings: Settings): UpstreamAccess {
  const provider = settings.text('provider') ?? 'google';
  const issuer = issuerOf(settings);
  const denied = (why: string): UpstreamAccess => ({ issuer, access: 'denied', why });
  if (!PROVIDERS.test(provider))
    return { ...denied(`the provider ${provider} is not OpenID Connect`), issuer: undefined };
  if (issuer === undefined) return denied('the issuer is not an https URL in the file');
  const unsupported = unsupportedRestriction(settings, provider);
  if (unsupported !== undefined) return denied(unsupported);
  const emails = emailClaims(settings);
  if (typeof emails === 'string') return denied(emails);
  const { claims: groups, roles } = groupRequirement(settings);
  if (groups.length > 0 && roles.length > 0) {
    const text = 'allowed_groups and allowed_roles: both are required; in oauth2-proxy either is enough';
    settings.note(draft, 'allowed_roles', 'approximated', text);
  }
  const claims = [...emails, ...groups];
  if (claims.length + roles.length > 0)
    noteDifferences(draft, settings, emails.length > 0 ? 'email_domains' : 'allowed_groups');
  return { issuer, access: requireToken({ ...bearerAccess(draft, settings, issuer), claims, roles }) };
}

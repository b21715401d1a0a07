/** Who passes an oauth2-proxy, as demands on the access token. */
import { type Access, escapeRegExp, requireToken } from '../draft/access.ts';
import { type Decision, type Draft, trustIssuer } from '../draft/draft.ts';
import { normalizeIssuer } from '../draft/issuer.ts';
import type { Settings } from './settings.ts';

/** Providers that are OpenID Connect with an issuer that stands in the file. */
const PROVIDERS = /^(?:oidc|keycloak-oidc|entra-id|google)$/;
/** Settings that keep people out and that no rule can say. */
const RESTRICTING_SETTINGS =
  /^(?:google_(?:group|admin_email|service_account_json)s?|github_(?:org|team|repo|users?)|gitlab_(?:groups?|projects?)|bitbucket_(?:team|repository)|azure_tenant|azure_graph_group_field|entra_id_allowed_tenants|oidc_audience_claims|user_id_claim|allow_query_semicolons|keycloak_groups?|acr_values|allowed_.*|backend_logout_url)$/;
const SUPPORTED_SETTINGS =
  /^(?:allowed_groups?|allowed_roles?|user_id_claim|backend_logout_url|allow_query_semicolons|acr_values|azure_graph_group_field)$/;

interface UpstreamAccess {
  issuer: string | undefined;
  access: Decision;
  /** Why nobody gets through. */
  why?: string;
}

/** Domains, compared without case: `example.com` is that host alone, `.example.com` and `*.example.com` those below it. */
function emailPattern(domains: readonly string[]): string {
  const letters = (text: string) =>
    [...text]
      .map((letter) =>
        /[a-z]/i.test(letter) ? `[${letter.toLowerCase()}${letter.toUpperCase()}]` : escapeRegExp(letter),
      )
      .join('');
  const one = (domain: string) =>
    /^\*?\./.test(domain) ? `[^@]*@(?:[^@]*\\.)${letters(domain.replace(/^\*?\./, ''))}` : `[^@]*@${letters(domain)}`;
  return domains.map(one).join('|');
}

function emailClaims(settings: Settings): Access['claims'] | string {
  const domains = settings.list('email_domains');
  if (domains.includes('*')) return [];
  if (domains.length === 0) return 'there is no email_domains, and the addresses of a file are not read';
  const matches = emailPattern(domains);
  if (matches.length > 480) return 'email_domains has too many entries for one rule';
  const verified = settings.flag('insecure_oidc_allow_unverified_email');
  return [
    [settings.text('oidc_email_claim') ?? 'email', { matches }],
    // There only an address that is said to be unverified is refused; a claim that is missing cannot be told from that.
    ...(verified ? [] : [['email_verified', { equals: true }] as const]),
  ];
}

/** Any of the groups. Roles of Keycloak are groups there too, so with both either would do: here both are asked for. */
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

/** Bearer tokens: those of the provider for its client, and those of further issuers for the same audience. */
function bearerAccess(draft: Draft, settings: Settings, issuer: string): Partial<Access> {
  if (!settings.flag('skip_jwt_bearer_tokens')) return { token: 'user', sessionsOnly: true };
  // The roles of Keycloak stand elsewhere than those of others, and a rule does not say which it means.
  const roles = settings.list('allowed_roles').length > 0;
  const audiences = [settings.text('client_id'), ...settings.list('oidc_extra_audiences')].filter(
    (one) => one !== undefined,
  );
  const issuers = [issuer];
  const why = roles ? 'it has no roles of Keycloak' : 'a rule cannot ask for another audience of another issuer';
  for (const entry of settings.list('extra_jwt_issuers')) {
    const [further = '', audience] = entry.split(/=(?=[^=]*$)/);
    // A rule cannot tell which audience belongs to which issuer.
    if (!roles && audiences.length === 1 && audience === audiences[0] && further.startsWith('https://')) {
      issuers.push(normalizeIssuer(further));
      trustIssuer(draft, normalizeIssuer(further));
      settings.note(draft, 'extra_jwt_issuers', 'translated', `extra_jwt_issuers ${entry}`, entry);
    } else settings.note(draft, 'extra_jwt_issuers', 'left out', `extra_jwt_issuers ${entry}: ${why}`, entry);
  }
  return { token: 'user-or-client', sessionsOnly: false, audiences: [audiences], issuers };
}

function issuerOf(settings: Settings): string | undefined {
  const named = settings.text('oidc_issuer_url');
  if (named !== undefined) return named.startsWith('https://') ? normalizeIssuer(named) : undefined;
  return settings.text('provider') === 'google' ? 'https://accounts.google.com' : undefined;
}

/** The one demand of all upstreams. */
export function readAccess(draft: Draft, settings: Settings): UpstreamAccess {
  const provider = settings.text('provider') ?? 'google';
  const issuer = issuerOf(settings);
  const denied = (why: string): UpstreamAccess => ({ issuer, access: 'denied', why });
  if (!PROVIDERS.test(provider))
    return { ...denied(`the provider ${provider} is not OpenID Connect`), issuer: undefined };
  if (issuer === undefined) return denied('the issuer is no https address that stands in the file');
  const lost = settings.names.find((name) => RESTRICTING_SETTINGS.test(name) && !SUPPORTED_SETTINGS.test(name));
  if (lost !== undefined) return denied(`${lost} cannot be said here`);
  if (settings.list('allowed_roles').length > 0 && provider !== 'keycloak-oidc')
    return denied('allowed_roles is of Keycloak only');
  const emails = emailClaims(settings);
  if (typeof emails === 'string') return denied(emails);
  const { claims, roles } = groupRequirement(settings);
  if (claims.length > 0 && roles.length > 0)
    settings.note(
      draft,
      'allowed_roles',
      'approximated',
      'allowed_groups and allowed_roles: both are asked for, where one of either was enough',
    );
  const all = [...emails, ...claims];
  if (all.length + roles.length > 0)
    settings.note(
      draft,
      all.length > 0 && emails.length > 0 ? 'email_domains' : 'allowed_groups',
      'approximated',
      'the claims are those of the access token, where they were those of the ID token',
    );
  if (all.length + roles.length > 0 && !settings.flag('skip_jwt_bearer_tokens'))
    settings.note(
      draft,
      'client_id',
      'approximated',
      'sessions only: the gateway looks into access tokens, so callers may show one that was issued to this client',
    );
  return { issuer, access: requireToken({ ...bearerAccess(draft, settings, issuer), claims: all, roles }) };
}

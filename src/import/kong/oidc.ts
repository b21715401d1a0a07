/** Translates the access requirements of Kong's `openid-connect` and `acl` plugins.
 * https://docs.konghq.com/hub/kong-inc/openid-connect/configuration/ and https://docs.konghq.com/hub/kong-inc/acl/
 */
import { type Access, type Choice, type Requirement, requireToken, toConjunction } from '../draft/access.ts';
import { type Item, textList } from '../draft/yaml-tree.ts';

export interface Consumer {
  /** `username` and `custom_id`; a claim may contain either. */
  names: readonly string[];
  groups: readonly string[];
}

/** Option prefixes that are translated, or that restrict no access: storage, fetching, caching, redirects, responses. */
const SUPPORTED_PREFIXES =
  /^(?:session|authorization|token|introspection|userinfo|discovery|cache|https?|login|logout|redirect|forbidden|unauthorized|unexpected|upstream|downstream|revocation|refresh|verify|jwt_session|end_session|cluster_cache|pushed_authorization_request|require|client|bearer_token|(?:id|refresh)_token_param|(?:client_credentials|password)_param)_\w+$/;
const SUPPORTED_OPTIONS = new Set(
  `issuer scopes auth_methods scopes_required scopes_claim audience_required audience_claim groups_required groups_claim
  roles_required roles_claim authenticated_groups_claim consumer_claim consumer_by consumer_optional credential_claim
  anonymous issuers_allowed introspect_jwt_tokens leeway audience redis timeout keepalive ssl_verify display_errors
  rediscovery_lifetime extra_jwks_uris response_mode response_type preserve_query_args no_proxy run_on_preflight
  search_user_info hide_credentials ignore_signature enable_hs_signatures by_username_ignore_case
  expose_error_code`.split(/\s+/),
);

/** The first option that restricts access and cannot be translated, as a reason for denial. */
export function unsupportedOption(config: Item): string | undefined {
  for (const [name, value] of config.entries()) {
    const disabled =
      value.scalar() === null || value.scalar() === false || value.scalar() === 'off' || value.scalar() === 'optional';
    const empty = disabled || (value.items().length === 0 && value.entries().length === 0);
    if (!empty && !SUPPORTED_OPTIONS.has(name) && !SUPPORTED_PREFIXES.test(name)) return `${name} is not supported`;
  }
  return undefined;
}

const pathOf = (item: Item | undefined, fallback: string) => textList(item).join('.') || fallback;

/** Entries are alternatives; all words of one entry are required. */
const alternatives = (item: Item | undefined): string[][] =>
  textList(item)
    .map((entry) => entry.split(/\s+/).filter((word) => word !== ''))
    .filter((words) => words.length > 0);

/** Conditions on a claim, other than the scope, that is a list or a single text. */
function claimRequirement(path: string, groups: readonly (readonly string[])[]): Access['claims'] | string {
  const [first = []] = groups;
  if (groups.length === 1) return [[path, first.length === 1 ? { anyOf: [...first] } : { allOf: [...first] }]];
  if (groups.every((group) => group.length === 1)) return [[path, { anyOf: groups.flat() }]];
  return `the alternatives for ${path} do not fit in one rule`;
}

function scopeRequirement(config: Item, scopeClaim: string): Partial<Access> | string {
  const groups = alternatives(config.get('scopes_required'));
  if (groups.length === 0) return {};
  const path = pathOf(config.get('scopes_claim'), 'scope');
  if (path !== scopeClaim) {
    const claims = claimRequirement(path, groups);
    return typeof claims === 'string' ? claims : { claims };
  }
  const scopes = toConjunction(groups);
  return scopes ? { scopes } : 'too many alternatives in scopes_required';
}

function audienceRequirement(config: Item): Partial<Access> | string {
  const groups = alternatives(config.get('audience_required'));
  if (groups.length === 0) return {};
  const path = pathOf(config.get('audience_claim'), 'aud');
  if (path === 'aud') {
    const audiences = toConjunction(groups);
    return audiences ? { audiences } : 'too many alternatives in audience_required';
  }
  const claims = claimRequirement(path, groups);
  return typeof claims === 'string' ? claims : { claims };
}

function claimRequirements(config: Item): Access['claims'] | string {
  const conditions: Access['claims'][number][] = [];
  for (const [name, fallback] of [
    ['groups', 'groups'],
    ['roles', 'roles'],
  ] as const) {
    const groups = alternatives(config.get(`${name}_required`));
    if (groups.length === 0) continue;
    const found = claimRequirement(pathOf(config.get(`${name}_claim`), fallback), groups);
    if (typeof found === 'string') return found;
    conditions.push(...found);
  }
  return conditions;
}

/** Unless the consumer is optional, Kong requires the claim to name one. */
function consumerRequirement(config: Item, consumers: readonly Consumer[]): Access['claims'] {
  const claim = config.get('consumer_claim');
  if (claim === undefined || config.get('consumer_optional')?.scalar() === true) return [];
  return [[pathOf(claim, 'sub'), { anyOf: consumers.flatMap(({ names }) => names) }]];
}

const SESSIONS = ['authorization_code', 'session'];
const BEARER = ['bearer', 'introspection'];
const ALL_METHODS = [...SESSIONS, ...BEARER];

/** The ways to authenticate that the gateway supports as well. */
export function authMethods(config: Item): {
  sessions: boolean;
  bearer: boolean;
  opaque: boolean;
  introspectAll: boolean;
} {
  const named = config.get('auth_methods');
  const methods = named === undefined ? ALL_METHODS : textList(named);
  const bearer = BEARER.some((method) => methods.includes(method));
  const header = config.get('bearer_token_param_type');
  const inHeader = header === undefined || textList(header).includes('header');
  return {
    sessions: SESSIONS.some((method) => methods.includes(method)),
    bearer: bearer && inHeader,
    opaque: methods.includes('introspection'),
    introspectAll:
      config.get('introspect_jwt_tokens')?.scalar() === true ||
      (!methods.includes('bearer') && methods.includes('introspection')),
  };
}

/** The requirement of the plugin; `issuers` are the issuers whose tokens it accepts. */
export function oidcAccess(
  config: Item,
  issuers: Choice<string>,
  scopeClaim: string,
  consumers: readonly Consumer[],
): Requirement {
  const unsupported = unsupportedOption(config);
  if (unsupported !== undefined) return unsupported;
  const { sessions, bearer } = authMethods(config);
  if (!sessions && !bearer) return 'none of its auth_methods is supported';
  const scopes = scopeRequirement(config, scopeClaim);
  if (typeof scopes === 'string') return scopes;
  const audience = audienceRequirement(config);
  if (typeof audience === 'string') return audience;
  const claims = claimRequirements(config);
  if (typeof claims === 'string') return claims;
  const consumer = consumerRequirement(config, consumers);
  if (consumer.some(([, { anyOf }]) => anyOf?.length === 0))
    return 'its consumer_claim requires consumers, and the file has none';
  const conditions = [...(scopes.claims ?? []), ...(audience.claims ?? []), ...claims, ...consumer];
  return requireToken({
    ...scopes,
    ...audience,
    claims: conditions,
    issuers,
    ...(bearer ? {} : { token: 'user', sessionsOnly: true }),
  });
}

/** The requirement of `acl`: groups of the token, or of the consumer that the token names. */
export function aclAccess(acl: Item | undefined, oidc: Item | undefined, consumers: readonly Consumer[]): Requirement {
  const allow = textList(acl?.get('allow') ?? acl?.get('whitelist'));
  const deny = textList(acl?.get('deny') ?? acl?.get('blacklist'));
  if (oidc === undefined) return 'acl without an openid-connect plugin';
  const claim = oidc.get('consumer_claim');
  const always = acl?.get('always_use_authenticated_groups')?.scalar() === true;
  if (claim !== undefined && !always) {
    const isAllowed = ({ groups }: Consumer) =>
      deny.length > 0 ? !groups.some((group) => deny.includes(group)) : groups.some((group) => allow.includes(group));
    const names = consumers.filter(isAllowed).flatMap((consumer) => consumer.names);
    if (names.length === 0) return 'acl allows no consumer of this file';
    return requireToken({ claims: [[pathOf(claim, 'sub'), { anyOf: names }]] });
  }
  if (deny.length > 0) return 'acl with deny: a rule cannot require that a group is missing';
  const groups = oidc.get('authenticated_groups_claim');
  if (groups === undefined) return 'acl without authenticated_groups_claim or consumer_claim';
  return requireToken({ claims: [[pathOf(groups, 'groups'), { anyOf: allow }]] });
}

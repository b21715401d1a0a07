/** Kong's `openid-connect` and `acl`: what they ask of a caller.
 * https://docs.konghq.com/hub/kong-inc/openid-connect/configuration/ and https://docs.konghq.com/hub/kong-inc/acl/
 */
import { type Access, type Choice, type Requirement, requireToken, toConjunction } from '../draft/access.ts';
import { type Item, textList } from '../draft/yaml-tree.ts';

export interface Consumer {
  /** `username` and `custom_id`, by either of which a claim may name it. */
  names: readonly string[];
  groups: readonly string[];
}

/** Families of options that are translated here, or that keep nobody out: how it stores, fetches, caches, redirects and answers. */
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

/** Options that would be lost although they keep callers out. */
export function unsupportedOption(config: Item): string | undefined {
  for (const [name, value] of config.entries()) {
    const off =
      value.scalar() === null || value.scalar() === false || value.scalar() === 'off' || value.scalar() === 'optional';
    const empty = off || (value.items().length === 0 && value.entries().length === 0);
    if (!empty && !SUPPORTED_OPTIONS.has(name) && !SUPPORTED_PREFIXES.test(name)) return `${name} cannot be said here`;
  }
  return undefined;
}

const pathOf = (item: Item | undefined, fallback: string) => textList(item).join('.') || fallback;

/** Entries are alternatives, and the words of one entry belong together. */
const alternatives = (item: Item | undefined): string[][] =>
  textList(item)
    .map((entry) => entry.split(/\s+/).filter((word) => word !== ''))
    .filter((words) => words.length > 0);

/** A claim that has to hold some words, for claims that are no scope: lists or single texts. */
function claimRequirement(path: string, groups: readonly (readonly string[])[]): Access['claims'] | string {
  const [first = []] = groups;
  if (groups.length === 1) return [[path, first.length === 1 ? { anyOf: [...first] } : { allOf: [...first] }]];
  if (groups.every((group) => group.length === 1)) return [[path, { anyOf: groups.flat() }]];
  return `the alternatives for ${path} cannot be said in one rule`;
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
  const demands: Access['claims'][number][] = [];
  for (const [what, fallback] of [
    ['groups', 'groups'],
    ['roles', 'roles'],
  ] as const) {
    const groups = alternatives(config.get(`${what}_required`));
    if (groups.length === 0) continue;
    const found = claimRequirement(pathOf(config.get(`${what}_claim`), fallback), groups);
    if (typeof found === 'string') return found;
    demands.push(...found);
  }
  return demands;
}

/** Kong lets a caller in only if the claim names a consumer, unless that is optional. */
function consumerRequirement(config: Item, consumers: readonly Consumer[]): Access['claims'] {
  const claim = config.get('consumer_claim');
  if (claim === undefined || config.get('consumer_optional')?.scalar() === true) return [];
  return [[pathOf(claim, 'sub'), { anyOf: consumers.flatMap(({ names }) => names) }]];
}

const SESSIONS = ['authorization_code', 'session'];
const BEARER = ['bearer', 'introspection'];
const ALL_METHODS = [...SESSIONS, ...BEARER];

/** How callers may show who they are, as far as it can be had here. */
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

/** What the plugin asks for; `issuers` are those whose tokens it takes. */
export function oidcAccess(
  config: Item,
  issuers: Choice<string>,
  scopeClaim: string,
  consumers: readonly Consumer[],
): Requirement {
  const lost = unsupportedOption(config);
  if (lost !== undefined) return lost;
  const { sessions, bearer } = authMethods(config);
  if (!sessions && !bearer) return 'none of its auth_methods exists here';
  const scopes = scopeRequirement(config, scopeClaim);
  if (typeof scopes === 'string') return scopes;
  const audience = audienceRequirement(config);
  if (typeof audience === 'string') return audience;
  const claims = claimRequirements(config);
  if (typeof claims === 'string') return claims;
  const named = consumerRequirement(config, consumers);
  if (named.some(([, { anyOf }]) => anyOf?.length === 0))
    return 'its consumer_claim names consumers, and there are none';
  const demands = [...(scopes.claims ?? []), ...(audience.claims ?? []), ...claims, ...named];
  return requireToken({
    ...scopes,
    ...audience,
    claims: demands,
    issuers,
    ...(bearer ? {} : { token: 'user', sessionsOnly: true }),
  });
}

/** What `acl` asks for on top: groups of the token, or of the consumer that the token names. */
export function aclAccess(acl: Item | undefined, oidc: Item | undefined, consumers: readonly Consumer[]): Requirement {
  const allow = textList(acl?.get('allow') ?? acl?.get('whitelist'));
  const deny = textList(acl?.get('deny') ?? acl?.get('blacklist'));
  if (oidc === undefined) return 'acl without a sign-in that can be translated';
  const claim = oidc.get('consumer_claim');
  const always = acl?.get('always_use_authenticated_groups')?.scalar() === true;
  if (claim !== undefined && !always) {
    const fits = ({ groups }: Consumer) =>
      deny.length > 0 ? !groups.some((group) => deny.includes(group)) : groups.some((group) => allow.includes(group));
    const names = consumers.filter(fits).flatMap((consumer) => consumer.names);
    if (names.length === 0) return 'acl lets no consumer of this file through';
    return requireToken({ claims: [[pathOf(claim, 'sub'), { anyOf: names }]] });
  }
  if (deny.length > 0) return 'acl with deny: a rule cannot ask for a group to be missing';
  const groups = oidc.get('authenticated_groups_claim');
  if (groups === undefined) return 'acl without authenticated_groups_claim or consumer_claim';
  return requireToken({ claims: [[pathOf(groups, 'groups'), { anyOf: allow }]] });
}

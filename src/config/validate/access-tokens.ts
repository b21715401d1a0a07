/** Checks of access token options: conditions without effect, missing audiences, issuers, step-up. */
import { accessTokenIssuersOf } from '../../oidc/products/issuers.ts';
import { productOf, tokenTypeOf } from '../../oidc/products/registry.ts';
import { conditionEntries } from '../../policy/conditions/conditions.ts';
import { patternBudget } from '../../policy/values/pattern.ts';
import { compileLoginParam } from '../schema/login-params.ts';
import { providerEntries, signInProviders } from '../schema/providers.ts';
import type { AccessTokensConfig, Config, ProviderConfig, RouteConfig, RuleConfig } from '../schema/schema.ts';
import { paramName } from '../sections/login-params.ts';
import { type Finding, formatPath, type Path } from './faults.ts';

const needsCredentials = (rule: RuleConfig) => rule.token !== 'none';

/** Names of the conditions on the content of an access token. */
const TOKEN_CONDITIONS = conditionEntries
  .filter(([, condition]) => condition.over === 'token' && condition.needsAccessTokens)
  .map(([name]) => name);

const NOT_VALIDATED = 'needs accessTokens: without it, access tokens are not validated';

/** Options that have no effect without validation of access tokens: an operator would rely on a check that does not happen. */
function findingsWithoutValidation(route: RouteConfig, at: Path): Finding[] {
  const hint = 'add accessTokens with the audience of the API';
  const findings: Finding[] = [];
  if (route.audience !== undefined) findings.push({ path: [...at, 'audience'], message: NOT_VALIDATED, hint });
  if (route.introspect) findings.push({ path: [...at, 'introspect'], message: NOT_VALIDATED, hint });
  for (const [index, rule] of route.rules.entries()) {
    const path = [...at, 'rules', index];
    for (const name of TOKEN_CONDITIONS)
      if (rule[name] !== undefined) findings.push({ path: [...path, name], message: NOT_VALIDATED, hint });
    if (rule.token === 'client' || rule.token === 'user-or-client')
      findings.push({
        path: [...path, 'token'],
        message: `${rule.token} needs accessTokens: without it, bearer tokens are not accepted`,
        hint,
      });
  }
  return findings;
}

/** Audience and introspection of a route whose tokens are validated. */
function findingsWithValidation(
  config: Config,
  accessTokens: AccessTokensConfig,
  route: RouteConfig,
  at: Path,
): Finding[] {
  const findings: Finding[] = [];
  if (!route.rules.some(needsCredentials)) return findings;
  const audience = route.audience ?? accessTokens.audience;
  if (audience === undefined)
    findings.push({
      path: [...at, 'audience'],
      message: 'no audience: tokens for any other API would be accepted (RFC 9068 section 4)',
      hint: 'set it on the route, or set accessTokens.audience for all routes',
    });
  if (signInProviders(config).some((provider) => takesIdTokens(provider, accessTokens, audience)))
    findings.push({
      path: route.audience === undefined ? ['accessTokens', 'audience'] : [...at, 'audience'],
      message:
        'the audience is the clientId, as in ID tokens, and access tokens of this issuer are not distinguishable from ID tokens',
      hint: 'use the audience of the API, or set accessTokens.provider.type: at+jwt',
    });
  if (route.introspect && accessTokens.provider.introspection === undefined)
    findings.push({
      path: [...at, 'introspect'],
      message: 'needs accessTokens.provider.introspection',
    });
  return findings;
}

/** Whether an ID token of the provider would be for the audience, and neither its header nor its payload would tell what it is. */
function takesIdTokens(
  { issuer, kind, clientId }: ProviderConfig,
  accessTokens: AccessTokensConfig,
  audience: readonly string[] = [],
): boolean {
  const product = productOf(issuer, kind);
  const type = accessTokens.provider.type ?? tokenTypeOf(product);
  return audience.includes(clientId) && product.accessTokenMark !== 'payload' && type === 'any';
}

function issuerFindings(config: Config, { issuers, provider, resource }: AccessTokensConfig): Finding[] {
  const findings: Finding[] = [];
  // A further provider may be listed to give its tokens settings of their own.
  const known = new Set(accessTokenIssuersOf(config.provider));
  for (const [index, { issuer, introspection }] of issuers.entries()) {
    const at: Path = ['accessTokens', 'issuers', index];
    if (known.has(issuer)) findings.push({ path: [...at, 'issuer'], message: 'duplicate issuer' });
    known.add(issuer);
    if (issuer.startsWith('http:') && !config.development.allowInsecureHttp)
      findings.push({ path: [...at, 'issuer'], message: 'the issuer must be https://' });
    if (introspection && (introspection.clientId === undefined || introspection.clientSecret === undefined))
      findings.push({
        path: [...at, 'introspection'],
        message: 'needs the clientId and clientSecret of a client at that issuer',
      });
  }
  const own = provider.introspection;
  if (own && (own.clientId === undefined) !== (own.clientSecret === undefined))
    findings.push({
      path: ['accessTokens', 'provider', 'introspection'],
      message: 'clientId and clientSecret belong together',
      hint: 'set both, or remove both to use the client of the gateway',
    });
  if (resource !== undefined && new URL(resource).origin !== config.publicUrl)
    findings.push({
      path: ['accessTokens', 'resource'],
      message: 'must be on the origin of publicUrl, where its metadata is served (RFC 9728 section 3)',
    });
  return findings;
}

/** Upstream tokens that are never used, and exchanges without a target. */
function upstreamTokenFindings({ upstreamToken, rules }: RouteConfig, at: Path): Finding[] {
  const path = [...at, 'upstreamToken'];
  if (typeof upstreamToken === 'string') return [];
  const findings: Finding[] = [];
  if (!rules.some(needsCredentials))
    findings.push({ path, message: 'has no effect: no rule of this route requires credentials', hint: 'remove it' });
  if ('exchange' in upstreamToken && Object.values(upstreamToken.exchange).every((value) => value === undefined))
    findings.push({
      path: [...path, 'exchange'],
      message: 'says nothing about the token',
      hint: 'set audience, resource or scopes',
    });
  return findings;
}

/** Why no sign-in can set the parameter of a step-up to this value. A plain name accepts every value that a step-up has. */
function stepUpFault(allowed: ProviderConfig['allowedLoginParams'], param: string, value: string): string | undefined {
  const entry = allowed.find((candidate) => paramName(candidate) === param);
  if (entry === undefined) return `does not contain ${param}`;
  if (typeof entry === 'string' || compileLoginParam(entry).accepts(value, patternBudget())) return undefined;
  return `does not accept ${JSON.stringify(value)} for ${param}`;
}

/** Rules that need a step-up that no sign-in can request, or that have no user to step up. */
function stepUpFindings(config: Config, { rules }: RouteConfig, at: Path): Finding[] {
  const entries = providerEntries(config);
  return rules.flatMap((rule, index) => {
    const open = rule.token === 'none' || rule.token === 'client';
    return conditionEntries.flatMap(([name, condition]) => {
      if (rule[name] === undefined || condition.over === 'request' || !condition.stepUp) return [];
      const path = [...at, 'rules', index, name];
      const { param } = condition.stepUp;
      const value = condition.stepUp.format(rule[name]);
      // A rule for some providers concerns no other one.
      const concerned = entries.filter(({ provider }) => rule.providers?.includes(provider.id) ?? true);
      const faults = concerned.flatMap(({ provider, at: providerAt }) => {
        const fault = stepUpFault(provider.allowedLoginParams, param, value);
        const option = formatPath([...providerAt, 'allowedLoginParams']);
        return fault === undefined ? [] : [{ path, message: `cannot be met: ${option} ${fault}` }];
      });
      return [...faults, ...(open ? [{ path, message: `has no effect with token: ${rule.token}` }] : [])];
    });
  });
}

/** Findings about access tokens: issuers, and each route. */
export function accessTokenFindings(config: Config): Finding[] {
  const { accessTokens } = config;
  const perRoute = config.routes.flatMap((route, index) => {
    const at: Path = ['routes', index];
    return [
      ...(accessTokens
        ? findingsWithValidation(config, accessTokens, route, at)
        : findingsWithoutValidation(route, at)),
      ...upstreamTokenFindings(route, at),
      ...stepUpFindings(config, route, at),
    ];
  });
  return accessTokens ? [...issuerFindings(config, accessTokens), ...perRoute] : perRoute;
}

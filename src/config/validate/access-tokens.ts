/** Rules about access tokens: what could never match, what would not be checked, and what nobody may ask about. */

import { issuersOf } from '../../oidc/products/issuers.ts';
import { productOf, tokenTypeOf } from '../../oidc/products/registry.ts';
import { conditionEntries } from '../../policy/conditions/conditions.ts';
import type { AccessTokensConfig, Config, RouteConfig, RuleConfig } from '../schema/schema.ts';
import type { Finding, Path } from './faults.ts';

const asks = (rule: RuleConfig) => rule.token !== 'none';

/** Conditions of a rule that look into the token. */
const INTO_TOKEN = conditionEntries
  .filter(([, condition]) => condition.over === 'token' && condition.needsAccessTokens)
  .map(([name]) => name);

/** What means nothing as long as nobody looks into access tokens: it would be believed and not be so. */
function withoutValidation(route: RouteConfig, at: Path): Finding[] {
  const hint = 'add accessTokens with the audience of the API';
  const findings: Finding[] = [];
  if (route.audience !== undefined)
    findings.push({ path: [...at, 'audience'], message: 'needs accessTokens: tokens are not looked into', hint });
  if (route.introspect)
    findings.push({ path: [...at, 'introspect'], message: 'needs accessTokens: tokens are not looked into', hint });
  for (const [index, rule] of route.rules.entries()) {
    const path = [...at, 'rules', index];
    for (const name of INTO_TOKEN)
      if (rule[name] !== undefined)
        findings.push({ path: [...path, name], message: 'needs accessTokens: tokens are not looked into', hint });
    if (rule.token === 'client' || rule.token === 'user-or-client')
      findings.push({
        path: [...path, 'token'],
        message: `${rule.token} needs accessTokens: callers cannot bring tokens`,
        hint,
      });
  }
  return findings;
}

function withValidation(config: Config, accessTokens: AccessTokensConfig, route: RouteConfig, at: Path): Finding[] {
  const findings: Finding[] = [];
  if (!route.rules.some(asks)) return findings;
  const audience = route.audience ?? accessTokens.audience;
  if (audience === undefined)
    findings.push({
      path: [...at, 'audience'],
      message: 'no audience: a token for any other API would be accepted here (RFC 9068 section 4)',
      hint: 'set it on the route, or accessTokens.audience for all',
    });
  if (audience?.includes(config.provider.clientId) && acceptsIdTokens(config))
    findings.push({
      path: route.audience === undefined ? ['accessTokens', 'audience'] : [...at, 'audience'],
      message: 'is the clientId, which ID tokens name as their audience, and this issuer does not mark access tokens',
      hint: 'name the API, or set accessTokens.provider.type: at+jwt',
    });
  if (route.introspect && accessTokens.provider.introspection === undefined)
    findings.push({
      path: [...at, 'introspect'],
      message: 'needs accessTokens.provider.introspection',
    });
  return findings;
}

/** Whether neither the header nor the payload distinguishes the provider's access tokens from its ID tokens. */
function acceptsIdTokens({ provider, accessTokens }: Config): boolean {
  const product = productOf(provider.issuer, provider.kind);
  return product.accessTokenMark !== 'payload' && (accessTokens?.provider.type ?? tokenTypeOf(product)) === 'any';
}

function issuerFindings(config: Config, { issuers, provider, resource }: AccessTokensConfig): Finding[] {
  const findings: Finding[] = [];
  const known = new Set(issuersOf(config.provider));
  for (const [index, { issuer, introspection }] of issuers.entries()) {
    const at: Path = ['accessTokens', 'issuers', index];
    if (known.has(issuer)) findings.push({ path: [...at, 'issuer'], message: 'this issuer is named twice' });
    known.add(issuer);
    if (issuer.startsWith('http:') && !config.development.allowInsecureHttp)
      findings.push({ path: [...at, 'issuer'], message: 'the issuer must be https://' });
    if (introspection && (introspection.clientId === undefined || introspection.clientSecret === undefined))
      findings.push({ path: [...at, 'introspection'], message: 'needs clientId and clientSecret of that issuer' });
  }
  const own = provider.introspection;
  if (own && (own.clientId === undefined) !== (own.clientSecret === undefined))
    findings.push({
      path: ['accessTokens', 'provider', 'introspection'],
      message: 'expected clientId and clientSecret, or neither: then the gateway asks as itself',
    });
  if (resource !== undefined && new URL(resource).origin !== config.publicUrl)
    findings.push({
      path: ['accessTokens', 'resource'],
      message: 'must lie on publicUrl, where its metadata is served (RFC 9728 section 3)',
    });
  return findings;
}

/** Tokens for upstreams that could not be had, or would never be used. */
function upstreamTokenFindings({ upstreamToken, rules }: RouteConfig, at: Path): Finding[] {
  const path = [...at, 'upstreamToken'];
  if (typeof upstreamToken === 'string') return [];
  const findings: Finding[] = [];
  if (!rules.some(asks))
    findings.push({ path, message: 'is never used: no rule of this route asks who calls', hint: 'remove it' });
  if ('exchange' in upstreamToken && Object.values(upstreamToken.exchange).every((value) => value === undefined))
    findings.push({ path: [...path, 'exchange'], message: 'expected audience, resource or scopes' });
  return findings;
}

/** A rule that only a stronger or newer sign-in meets, when no link may ask for one. */
function stepUpFindings({ provider }: Config, { rules }: RouteConfig, at: Path): Finding[] {
  const allowed = new Set<string>(provider.allowedLoginParams);
  return rules.flatMap((rule, index) => {
    const open = rule.token === 'none' || rule.token === 'client';
    return conditionEntries.flatMap(([name, condition]) => {
      if (rule[name] === undefined || condition.over === 'request' || !condition.stepUp) return [];
      const path = [...at, 'rules', index, name];
      const { param } = condition.stepUp;
      return [
        ...(allowed.has(param) ? [] : [{ path, message: `cannot be met: provider.allowedLoginParams lacks ${param}` }]),
        ...(open ? [{ path, message: `means nothing for token: ${rule.token}` }] : []),
      ];
    });
  });
}

/** Everything that is wrong with the validation of access tokens. */
export function accessTokenFindings(config: Config): Finding[] {
  const { accessTokens } = config;
  const perRoute = config.routes.flatMap((route, index) => {
    const at: Path = ['routes', index];
    return [
      ...(accessTokens ? withValidation(config, accessTokens, route, at) : withoutValidation(route, at)),
      ...upstreamTokenFindings(route, at),
      ...stepUpFindings(config, route, at),
    ];
  });
  return accessTokens ? [...issuerFindings(config, accessTokens), ...perRoute] : perRoute;
}

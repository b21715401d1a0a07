/** `bff-gateway explain`: the route and rule that decide on a request, and the decision, from the configuration alone. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { type ClientCertificate, clientCertificate } from '../certificate/client-certificate.ts';
import { hasUpstream } from '../config/schema/asked-routes.ts';
import { signInProviders } from '../config/schema/providers.ts';
import type { AccessTokensConfig, Config, RuleConfig } from '../config/schema/schema.ts';
import { limitNames, rulePrefix } from '../config/traffic/caller-limits.ts';
import { targetUrls } from '../config/traffic/upstream-targets.ts';
import { isRecord, stringOf } from '../oidc/products/base/claims.ts';
import type { TokenFacts } from '../oidc/products/base/facts.ts';
import { tokenBinding } from '../oidc/products/base/token-binding.ts';
import { accessTokenIssuersOf } from '../oidc/products/issuers.ts';
import { readFacts, rejectionReason } from '../oidc/products/read-facts.ts';
import { productOf } from '../oidc/products/registry.ts';
import { type CompiledRule, type Decision, decide, openRule, ruleForCaller } from '../policy/rules.ts';
import { ownPathTestOf } from '../routing/own-paths.ts';
import { type CompiledRoute, compileRoutes } from '../routing/routes.ts';
import { parseTarget } from '../routing/target.ts';
import { rewrittenLines, unservedResult } from './route-service.ts';

export interface ExplainedRequest {
  method: string;
  /** Path, optionally with a query. */
  path: string;
  /** Origin of the request; that of `publicUrl` by default. */
  origin?: string | undefined;
  /** JSON text with the claims of an access token; undefined for a client without credentials. */
  claims: string | undefined;
  /** Address of the client, for conditions on the request; undefined means the loopback address. */
  address: string | undefined;
  /** PEM of the verified certificate of the client; undefined for a client without one. */
  certificate?: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The providers at which users sign in and whose access tokens have the issuer. */
const providersWith = (config: Config, issuer: string) =>
  signInProviders(config).filter((provider) => accessTokenIssuersOf(provider).includes(issuer));

/** The settings that apply to tokens of an issuer; undefined for an issuer that is not trusted. */
function issuerSettings(config: Config, issuer: string): AccessTokensConfig['issuers'][number] | undefined {
  const { accessTokens, provider } = config;
  const [own] = providersWith(config, issuer);
  const further = accessTokens?.issuers.find((known) => known.issuer === issuer);
  // A further provider may have settings of its own.
  if (own && accessTokens && (own === provider || !further))
    return { ...accessTokens.provider, kind: own.kind, issuer };
  return further;
}

function parseClaims(text: string): Record<string, unknown> {
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch (error) {
    throw new Error(`--claims is not valid JSON: ${messageOf(error)}`);
  }
  if (!isRecord(claims)) throw new Error('--claims: expected a JSON object, such as {"sub":"u1"}');
  return claims;
}

/** The facts of the token, or the reason why the gateway would not accept it. */
function factsOf(config: Config, text: string): TokenFacts | string {
  const claims = parseClaims(text);
  const issuer = stringOf(claims.iss) ?? accessTokenIssuersOf(config.provider)[0] ?? config.provider.issuer;
  const users = providersWith(config, issuer);
  const providers = users.map(({ id }) => id);
  if (!config.accessTokens) {
    // Without accessTokens only the granted scope and the time of the sign-in of a session count.
    const product = productOf(issuer, (users[0] ?? config.provider).kind);
    return readFacts({ product, providers, subjects: 'users', rolesClaim: undefined }, issuer, claims);
  }
  const settings = issuerSettings(config, issuer);
  if (!settings) return `tokens of ${issuer} are not accepted`;
  const product = productOf(issuer, settings.kind);
  const other = rejectionReason(product, claims);
  if (other !== undefined) return `this is ${other}, not an access token`;
  const { subjects, rolesClaim } = settings;
  return readFacts({ product, providers, subjects, rolesClaim }, issuer, claims);
}

function certificateOf(pem: string): ClientCertificate {
  try {
    return clientCertificate(new X509Certificate(pem));
  } catch (error) {
    throw new Error(`--certificate is not a certificate: ${messageOf(error)}`);
  }
}

/** The limits that apply after a rule has decided. */
function formatLimits({ config }: CompiledRoute, rule: CompiledRule | undefined): string[] {
  const ofRule = rule?.config.limits ?? [];
  const prefix = rulePrefix(rule === undefined ? 0 : config.rules.indexOf(rule.config));
  const names = [...limitNames(config.limits ?? []), ...limitNames(ofRule, prefix)];
  return [...(config.limits ?? []), ...ofRule].map(
    ({ requests, concurrent }, index) => `limit   ${names[index]}: ${requests ?? concurrent} requests`,
  );
}

function formatConditions({ token, methods, limits: _limits, ...conditions }: RuleConfig): string {
  const parts = Object.entries(conditions).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [`token ${token}`, ...parts].join(', ');
}

function formatDecision(decision: Decision, allowed: string): string {
  switch (decision.kind) {
    case 'allowed':
      return allowed;
    case 'denied':
      return `403 access_denied (${decision.reason}): the rule requires ${decision.detail}`;
    case 'insufficient_scope':
      return `403 insufficient_scope: missing ${decision.scope}`;
    case 'step_up':
      return '401 step_up_required: the rule requires a stronger or more recent sign-in';
  }
}

/** The result for the client, and the rule that decides, if any. */
function evaluate(
  config: Config,
  route: CompiledRoute,
  { method, address = '127.0.0.1', certificate: pem, now }: ExplainedRequest,
  segments: readonly string[],
  facts: TokenFacts | string | undefined,
): { rule?: CompiledRule; result: string } {
  const certificate = pem === undefined ? undefined : certificateOf(pem);
  const decideWith = (rule: CompiledRule, token: TokenFacts | undefined, allowed: string) => {
    const request = {
      token,
      ownToken: true,
      certificate,
      clientIp: address,
      method,
      segments,
      now,
      tolerance: config.provider.clockTolerance,
    };
    return { rule, result: formatDecision(decide(rule, request), allowed) };
  };
  const unserved = unservedResult(route.config, method);
  if (unserved !== undefined) return { result: unserved };
  const rules = route.rulesForMethod(method);
  if (rules.length === 0) return { result: `403 access_denied (no_rule): no rule applies to ${method}` };
  const open = openRule(rules);
  if (open) return decideWith(open, undefined, 'allowed: the rule requires no credentials');
  if (typeof facts === 'string') return { result: `401 invalid_token: ${facts}` };
  const bound = facts && tokenBinding(facts)?.certificate;
  if (bound !== undefined && certificate?.thumbprint !== bound)
    return { result: '401 invalid_token: the token is bound to another certificate than the client has' };
  if (facts && route.audience.length > 0 && !route.audience.some((name) => facts.audience.includes(name)))
    return { result: `401 invalid_token: the token is not for ${route.audience.join(' or ')} (403 for a session)` };
  const rule = ruleForCaller(rules, facts?.subject ?? 'anonymous');
  if (!rule && !facts) return { result: '401 unauthenticated: every rule requires credentials' };
  if (!rule) return { result: `403 access_denied (subject): no rule applies to a ${facts?.subject}` };
  return decideWith(rule, facts, facts ? 'allowed' : 'allowed as a guest');
}

function formatClient(facts: TokenFacts | string | undefined): string {
  if (facts === undefined) return 'no credentials (no claims given)';
  if (typeof facts === 'string') return 'a token that is not accepted';
  const { subject, sub, issuer, audience, scopes } = facts;
  return `${subject} ${sub ?? '(no sub)'} of ${issuer}, audience ${audience.join(' ') || 'none'}, scopes ${scopes.join(' ') || 'none'}`;
}

/** The explanation as text. Throws for an invalid path or address and for claims that are not a JSON object. */
export function explainRequest(config: Config, request: ExplainedRequest): string {
  const { method, path, claims, address } = request;
  if (address !== undefined && isIP(address) === 0) throw new Error(`--address ${address} is not an IP address`);
  const target = parseTarget(path, config.publicUrl);
  const table = compileRoutes(config.routes, config.accessTokens?.audience, config.publicUrl);
  const isOwn = ownPathTestOf(config)?.(target) ?? false;
  const route = isOwn ? undefined : table.match(target, request.origin)?.route;
  const facts = claims === undefined ? undefined : factsOf(config, claims);
  const head = [
    `${method} ${path}`,
    `client  ${formatClient(facts)}${address === undefined ? '' : `, from ${address}`}`,
  ];
  if (!route) return [...head, 'route   none: the front end, or an endpoint of the gateway', ''].join('\n');
  const { rule, result } = evaluate(config, route, request, target.segments, facts);
  const rules = route.config.rules.map((candidate, index) => {
    const applies = route.rulesForMethod(method).some((compiled) => compiled.config === candidate);
    const mark = candidate === rule?.config ? 'decides' : applies ? '' : 'other methods';
    return `  rules[${index}]  ${formatConditions(candidate)}${mark === '' ? '' : `  <- ${mark}`}`;
  });
  return [
    ...head,
    `route   ${route.pattern} (routes[${route.index}]) ${hasUpstream(route.config) ? `to ${targetUrls(route.config.upstream).join(', ')}` : 'of the front proxy, which asks about it'}`,
    ...rewrittenLines(route.config, target),
    ...rules,
    ...formatLimits(route, rule),
    `result  ${result}`,
    '',
  ].join('\n');
}

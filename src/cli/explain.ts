/** Tells which route and which rule a call falls under and what becomes of it, from the configuration alone. */

import type { Config, RuleConfig, TokenIssuerConfig } from '../config/schema/schema.ts';
import { isRecord, textOf } from '../oidc/products/claims.ts';
import type { TokenFacts } from '../oidc/products/facts.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import { readFacts } from '../oidc/products/read-facts.ts';
import { productOf } from '../oidc/products/registry.ts';
import { type CompiledRule, type Decision, decide, openRule, ruleForCaller } from '../policy/rules.ts';
import { type CompiledRoute, compileRoutes } from '../routing/routes.ts';
import { parseTarget } from '../routing/target.ts';

export interface Question {
  method: string;
  /** Path, with a query if there is one. */
  path: string;
  /** Text of a JSON file with the claims of an access token; undefined for a caller who shows nothing. */
  claims: string | undefined;
  /** Address of the client, for conditions on the request; undefined for the loopback address. */
  address: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The issuer's settings as the gateway would apply them; undefined for one that is not trusted. */
function settingsOf(config: Config, issuer: string): (TokenIssuerConfig & { issuer: string }) | undefined {
  const { accessTokens, provider } = config;
  const own = issuersOf(provider).includes(issuer);
  if (own && accessTokens) return { ...accessTokens.provider, kind: provider.kind, issuer };
  return accessTokens?.issuers.find((known) => known.issuer === issuer);
}

function claimsIn(text: string): Record<string, unknown> {
  const claims: unknown = JSON.parse(text);
  if (!isRecord(claims)) throw new Error('the claims must be a JSON object');
  return claims;
}

/** The facts of the claims, or why the token would not be accepted at all. */
function factsOf(config: Config, text: string): TokenFacts | string {
  const claims = claimsIn(text);
  const issuer = textOf(claims.iss) ?? config.provider.issuer;
  if (!config.accessTokens) {
    // Of a session the granted scope and the sign-in are known all the same.
    return readFacts(
      { product: productOf(issuer, config.provider.kind), subjects: 'users', rolesClaim: undefined },
      issuer,
      claims,
    );
  }
  const settings = settingsOf(config, issuer);
  if (!settings) return `tokens of ${issuer} are not accepted`;
  const product = productOf(issuer, settings.kind);
  const other = product.rejectionReason(claims);
  if (other !== undefined) return `this is ${other}, no access token`;
  return readFacts({ product, subjects: settings.subjects, rolesClaim: settings.rolesClaim }, issuer, claims);
}

function conditions({ token, methods, ...asked }: RuleConfig): string {
  const parts = Object.entries(asked).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [`token ${token}`, ...parts].join(', ');
}

function verdict(decision: Decision, allowed: string): string {
  switch (decision.kind) {
    case 'allowed':
      return allowed;
    case 'denied':
      return `403 access_denied (${decision.reason}): the rule requires ${decision.detail}`;
    case 'insufficient_scope':
      return `403 insufficient_scope: missing ${decision.scope}`;
    case 'step_up':
      return '401 step_up_required: the rule asks for a stronger or more recent sign-in';
  }
}

/** The response to this caller, and the rule that decides on it. */
function judged(
  config: Config,
  route: CompiledRoute,
  { method, address = '127.0.0.1', now }: Question,
  segments: readonly string[],
  facts: TokenFacts | string | undefined,
): { rule?: CompiledRule; answer: string } {
  const decided = (rule: CompiledRule, token: TokenFacts | undefined, allowed: string) => {
    const request = { token, clientIp: address, method, segments, now, tolerance: config.provider.clockTolerance };
    return { rule, answer: verdict(decide(rule, request), allowed) };
  };
  const rules = route.rulesForMethod(method);
  if (rules.length === 0) return { answer: `403 access_denied (no_rule): no rule names ${method}` };
  const open = openRule(rules);
  if (open) return decided(open, undefined, 'allowed: the rule asks nobody');
  if (typeof facts === 'string') return { answer: `401 invalid_token: ${facts}` };
  if (facts && route.audience.length > 0 && !route.audience.some((name) => facts.audience.includes(name)))
    return { answer: `401 invalid_token: the token is not for ${route.audience.join(' or ')} (403 for a session)` };
  const rule = ruleForCaller(rules, facts?.subject ?? 'nobody');
  if (!rule && !facts) return { answer: '401 unauthenticated: every rule asks who calls' };
  if (!rule) return { answer: `403 access_denied (subject): no rule is about a ${facts?.subject}` };
  return decided(rule, facts, facts ? 'allowed' : 'allowed as a guest');
}

function callerLine(facts: TokenFacts | string | undefined): string {
  if (facts === undefined) return 'nobody (no claims given)';
  if (typeof facts === 'string') return 'a token that is not accepted';
  const { subject, sub, issuer, audience, scopes } = facts;
  return `${subject} ${sub ?? '(no sub)'} of ${issuer}, audience ${audience.join(' ') || 'none'}, scopes ${scopes.join(' ') || 'none'}`;
}

/** The explanation, a line each. Throws when path or claims cannot be read. */
export function explain(config: Config, question: Question): string {
  const { method, path, claims, address } = question;
  const target = parseTarget(path, config.publicUrl);
  const route = compileRoutes(config.routes, config.accessTokens?.audience).match(target)?.route;
  const facts = claims === undefined ? undefined : factsOf(config, claims);
  const head = [`${method} ${path}`, `caller  ${callerLine(facts)}${address === undefined ? '' : `, from ${address}`}`];
  if (!route) return [...head, 'route   none: the front end, or an endpoint of the gateway', ''].join('\n');
  const { rule, answer } = judged(config, route, question, target.segments, facts);
  const rules = route.config.rules.map((one, index) => {
    const applies = route.rulesForMethod(method).some((named) => named.config === one);
    const mark = one === rule?.config ? 'decides' : applies ? '' : 'not for this method';
    return `  rules[${index}]  ${conditions(one)}${mark === '' ? '' : `  <- ${mark}`}`;
  });
  return [
    ...head,
    `route   ${route.pattern} (routes[${route.index}]) to ${route.config.upstream}`,
    ...rules,
    `answer  ${answer}`,
    '',
  ].join('\n');
}

/** The rules of a route: compiles them, and selects the one that applies to a caller. */
import type { RuleConfig } from '../config/schema/schema.ts';
import type { TokenSubject } from '../oidc/products/base/facts.ts';
import { type CompiledConditions, type ConditionTable, compileConditions } from './conditions/compile.ts';
import type { Refusal, RequestFacts } from './conditions/condition.ts';

/** The caller: `anonymous` without credentials, else the subject of the session or of the bearer token. */
export type CallerKind = 'anonymous' | TokenSubject;

/** A rule with its conditions compiled. */
export interface CompiledRule extends Pick<RuleConfig, 'methods' | 'token'>, CompiledConditions {
  readonly config: RuleConfig;
}

export type Decision = { readonly kind: 'allowed' } | Refusal;

const ALLOWED: Decision = { kind: 'allowed' };

const ACCEPTED: Record<RuleConfig['token'], readonly CallerKind[]> = {
  none: ['anonymous', 'user', 'client', 'unknown'],
  user: ['user'],
  client: ['client'],
  'user-or-client': ['user', 'client'],
  'user-or-none': ['user', 'anonymous'],
};

/** Returns the callers that a rule applies to. */
export const callersOf = (rule: Pick<RuleConfig, 'token'>): readonly CallerKind[] => ACCEPTED[rule.token];

/** Compiles a rule, once per route. */
export function compileRule(config: RuleConfig, table?: ConditionTable): CompiledRule {
  return { config, methods: config.methods, token: config.token, ...compileConditions(config, table) };
}

/** Returns the rules that apply to a method, in their order. An empty list means denied (deny by default). */
export function rulesForMethod<Rule extends Pick<RuleConfig, 'methods' | 'token'>>(
  { rules }: { readonly rules: readonly Rule[] },
  method: string,
): readonly Rule[] {
  return rules.filter((rule) => rule.methods === undefined || rule.methods.some((name) => name === method));
}

/** Compiles the rules of a route and groups them by method; the result returns those that apply to a method, in their order. */
export function compileRules(configs: readonly RuleConfig[]): (method: string) => readonly CompiledRule[] {
  const rules = configs.map((rule) => compileRule(rule));
  const methods = rules.flatMap((rule): string[] => rule.methods ?? []);
  const byMethod = new Map(methods.map((method) => [method, rulesForMethod({ rules }, method)]));
  const forAllMethods = rules.filter((rule) => rule.methods === undefined);
  return (method) => byMethod.get(method) ?? forAllMethods;
}

/** Returns the first of these rules that applies to the caller. Undefined means denied, or 401 for an anonymous caller. */
export function ruleForCaller<Rule extends Pick<RuleConfig, 'token'>>(
  rules: readonly Rule[],
  caller: CallerKind,
): Rule | undefined {
  return rules.find((rule) => callersOf(rule).includes(caller));
}

/** Returns the first rule if it needs no credentials, so that none are read; else undefined. */
export function openRule<Rule extends Pick<RuleConfig, 'token'>>(rules: readonly Rule[]): Rule | undefined {
  const [first] = rules;
  return first?.token === 'none' ? first : undefined;
}

/** Decides whether the conditions of a rule hold. Decisions are never cached, because facts depend on the request. */
export function decide(rule: CompiledRule, request: RequestFacts): Decision {
  const check = request.token === undefined ? rule.checkWithoutToken : rule.check;
  return check?.(request) ?? ALLOWED;
}

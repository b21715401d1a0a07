/** Which rule of a route a call falls under: the first that names its method and whoever calls. */
import type { RouteConfig, RuleConfig } from '../config/schema/schema.ts';
import type { TokenSubject } from '../oidc/products/facts.ts';

/** Who calls: nobody, or what the session or the bearer token stands for. */
export type CallerKind = 'nobody' | TokenSubject;

const ACCEPTED: Record<RuleConfig['token'], readonly CallerKind[]> = {
  none: ['nobody', 'user', 'client', 'unknown'],
  user: ['user'],
  client: ['client'],
  'user-or-client': ['user', 'client'],
  'user-or-none': ['user', 'nobody'],
};

/** The callers that a rule is about. */
export const callersOf = (rule: Pick<RuleConfig, 'token'>): readonly CallerKind[] => ACCEPTED[rule.token];

/** The rules that name a method, in their order; an empty list is a denial (deny by default). */
export function rulesFor(route: Pick<RouteConfig, 'rules'>, method: string): readonly RuleConfig[] {
  return route.rules.filter((rule) => rule.methods === undefined || rule.methods.some((named) => named === method));
}

/** The first of these rules that is about such a caller; undefined is a denial, or for nobody a 401. */
export function ruleFor(rules: readonly RuleConfig[], caller: CallerKind): RuleConfig | undefined {
  return rules.find((rule) => callersOf(rule).includes(caller));
}

/** Whether the rules ask nobody who they are, so that credentials need not even be looked at. */
export function isOpen(rules: readonly RuleConfig[]): boolean {
  return rules[0]?.token === 'none';
}

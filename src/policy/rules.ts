/** Which rule of a route a call falls under, and whether the granted scope satisfies it. */
import type { RouteConfig, RuleConfig } from '../config/schema.ts';

export type ScopeOutcome = { readonly allowed: true } | { readonly allowed: false; readonly missing: string };

/** The first rule that names the method; undefined is a denial (deny by default). */
export function matchRule(route: Pick<RouteConfig, 'rules'>, method: string): RuleConfig | undefined {
  return route.rules.find((rule) => rule.methods === undefined || rule.methods.some((named) => named === method));
}

/**
 * Compares scopes as whole, case-sensitive tokens (RFC 6749 section 3.3): a list is AND, a nested list is OR.
 * `missing` is what a challenge may name (RFC 6750 section 3): of alternatives the first.
 */
export function checkScopes(rule: Pick<RuleConfig, 'scopes'>, grantedScope: unknown): ScopeOutcome {
  if (rule.scopes === undefined) return { allowed: true };
  // Anything but a string grants nothing.
  const granted = typeof grantedScope === 'string' ? grantedScope.split(' ') : [];
  const missing: string[] = [];
  for (const wanted of rule.scopes) {
    const alternatives = typeof wanted === 'string' ? [wanted] : wanted;
    if (!alternatives.some((scope) => granted.includes(scope))) missing.push(alternatives[0] ?? '');
  }
  return missing.length === 0 ? { allowed: true } : { allowed: false, missing: missing.join(' ') };
}

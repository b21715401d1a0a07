/** Whether a caller meets every condition of a rule, and the first one that is not met. */
import type { ClaimCondition, RoleName, RuleConfig } from '../config/schema/schema.ts';
import { claimAt, textOf } from '../oidc/products/claims.ts';
import type { TokenFacts } from '../oidc/products/facts.ts';

/** Why a rule refused: a stable word, for the log and for the caller. */
export type Denial = 'claim' | 'role' | 'group' | 'groups_overage';

export type Decision =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly reason: Denial; readonly detail: string }
  /** `scope` is what a challenge may name (RFC 6750 section 3): of alternatives the first. */
  | { readonly kind: 'insufficient_scope'; readonly scope: string }
  /** RFC 9470: the user has to prove more, or again. `maxAge` in seconds. */
  | { readonly kind: 'step_up'; readonly acrValues?: readonly string[]; readonly maxAge?: number };

const ALLOWED: Decision = { kind: 'allowed' };

/** `now` and `tolerance` in milliseconds. Facts are looked at on every call: only verification is remembered, never a decision. */
export function decide(rule: RuleConfig, facts: TokenFacts, now: number, tolerance: number): Decision {
  return (
    deniedByClaims(rule, facts) ??
    deniedByRoles(rule, facts) ??
    deniedByGroups(rule, facts) ??
    missingScopes(rule, facts.scopes) ??
    checkStepUp(rule, facts, now, tolerance) ??
    ALLOWED
  );
}

function deniedByClaims({ claims }: RuleConfig, facts: TokenFacts): Decision | undefined {
  for (const [path, condition] of Object.entries(claims ?? {}))
    if (!meetsCondition(condition, claimAt(facts.claims, path)))
      return { kind: 'denied', reason: 'claim', detail: `claim ${path}` };
  return undefined;
}

/** Types are compared as well: `1` is not `"1"`, and a missing claim meets no condition. */
function meetsCondition({ equals, anyOf, allOf, matches }: ClaimCondition, claim: unknown): boolean {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  if (equals !== undefined && claim !== equals) return false;
  if (anyOf !== undefined && !anyOf.some((wanted) => values.includes(wanted))) return false;
  if (allOf !== undefined && !allOf.every((wanted) => values.includes(wanted))) return false;
  return matches === undefined || values.some((value) => matchesPattern(matches, value));
}

/** Longest claim that an expression is tried on: it bounds what a bad expression can cost. */
const LONGEST_TEXT = 1_000;
const compiled = new Map<string, RegExp>();

function matchesPattern(pattern: string, value: unknown): boolean {
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) return false;
  const expression = compiled.get(pattern) ?? new RegExp(`^(?:${pattern})$`, 'u');
  // Patterns come from the configuration alone, so there are only so many.
  compiled.set(pattern, expression);
  return expression.test(value);
}

/** A list is AND, a nested list is OR. The first entry that nothing fits; undefined when all are there. */
function firstMissing<T>(wanted: readonly (T | readonly T[])[], has: (one: T) => boolean): T | undefined {
  for (const entry of wanted) {
    const alternatives: readonly T[] = isList(entry) ? entry : [entry];
    if (!alternatives.some(has)) return alternatives[0];
  }
  return undefined;
}

const isList = <T>(entry: T | readonly T[]): entry is readonly T[] => Array.isArray(entry);

function deniedByRoles({ roles }: RuleConfig, facts: TokenFacts): Decision | undefined {
  if (roles === undefined) return undefined;
  const missing = firstMissing<RoleName>(roles, (wanted) =>
    typeof wanted === 'string' ? facts.roles.includes(wanted) : facts.clientRoles(wanted.client).includes(wanted.role),
  );
  if (missing === undefined) return undefined;
  const name = typeof missing === 'string' ? missing : `${missing.role} of ${missing.client}`;
  return { kind: 'denied', reason: 'role', detail: `role ${name}` };
}

function deniedByGroups({ groups }: RuleConfig, facts: TokenFacts): Decision | undefined {
  if (groups === undefined) return undefined;
  const known = facts.groups;
  if (known === 'overage')
    return { kind: 'denied', reason: 'groups_overage', detail: 'the issuer left the groups out for their number' };
  const missing = firstMissing(groups, (wanted) => known.includes(wanted));
  return missing === undefined ? undefined : { kind: 'denied', reason: 'group', detail: `group ${missing}` };
}

/** Scopes are compared as whole, case-sensitive words (RFC 6749 section 3.3). */
function missingScopes({ scopes }: RuleConfig, granted: readonly string[]): Decision | undefined {
  if (scopes === undefined) return undefined;
  const missing = scopes.flatMap((entry) => firstMissing([entry], (scope) => granted.includes(scope)) ?? []);
  return missing.length === 0 ? undefined : { kind: 'insufficient_scope', scope: missing.join(' ') };
}

/** RFC 9470 section 3: what is not known to be good enough is not good enough. */
function checkStepUp(
  { acr, maxAge }: RuleConfig,
  facts: TokenFacts,
  now: number,
  tolerance: number,
): Decision | undefined {
  const known = textOf(facts.acr);
  const weak = acr !== undefined && (known === undefined || !acr.includes(known));
  const old =
    maxAge !== undefined && (facts.authTime === undefined || now - facts.authTime * 1000 > maxAge + tolerance);
  if (!weak && !old) return undefined;
  return {
    kind: 'step_up',
    ...(acr === undefined ? {} : { acrValues: acr }),
    ...(maxAge === undefined ? {} : { maxAge: Math.floor(maxAge / 1000) }),
  };
}

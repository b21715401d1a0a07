/** Access requirements of a route, in a form that allows two of them to be combined. */
import type { ClaimCondition, RoleName } from '../../config/schema/schema.ts';

/** Alternatives, of which one must match. */
export type Choice<T> = readonly T[];
export type Condition = { [Name in keyof ClaimCondition]?: NonNullable<ClaimCondition[Name]> };

export interface Access {
  token: 'none' | 'user' | 'user-or-client';
  /** The original accepts sessions of its own client only, not tokens sent by the client. */
  sessionsOnly: boolean;
  /** Every entry must match; for each entry one alternative is enough. */
  scopes: readonly Choice<string>[];
  roles: readonly Choice<RoleName>[];
  audiences: readonly Choice<string>[];
  /** Claim paths and conditions. All must match; a path may occur more than once. */
  claims: readonly (readonly [string, Condition])[];
  /** Accepted issuers; undefined when the source does not restrict them. */
  issuers?: Choice<string>;
}

/** No authentication. */
export const PUBLIC_ACCESS: Access = {
  token: 'none',
  sessionsOnly: false,
  scopes: [],
  roles: [],
  audiences: [],
  claims: [],
};

/** Requires a token and the given conditions. */
export const requireToken = (conditions: Partial<Access>): Access => ({
  ...PUBLIC_ACCESS,
  token: 'user-or-client',
  ...conditions,
});

const STRICTNESS = ['none', 'user-or-client', 'user'] as const;

/** Requires what both require; `denied` when no token can meet both. */
export function combineAccess(a: Access | 'denied', b: Access | 'denied'): Access | 'denied' {
  if (a === 'denied' || b === 'denied') return 'denied';
  if (a.token === 'none') return b;
  if (b.token === 'none') return a;
  const { issuers: first = b.issuers, issuers: _, ...rest } = a;
  const issuers = first?.filter((issuer) => b.issuers === undefined || b.issuers.includes(issuer));
  if (issuers?.length === 0) return 'denied';
  return {
    ...rest,
    token: STRICTNESS[Math.max(STRICTNESS.indexOf(a.token), STRICTNESS.indexOf(b.token))] ?? 'user',
    sessionsOnly: a.sessionsOnly || b.sessionsOnly,
    scopes: unique([...a.scopes, ...b.scopes]),
    roles: unique([...a.roles, ...b.roles]),
    audiences: unique([...a.audiences, ...b.audiences]),
    claims: unique([...a.claims, ...b.claims]),
    ...(issuers === undefined ? {} : { issuers }),
  };
}

/** The requirement of a part of the source; a string is the reason why its requests are denied. */
export type Requirement = Access | string;

/** Requires both, or returns the first reason for denial. */
export function combineRequirements(a: Requirement, b: Requirement): Requirement {
  if (typeof a === 'string') return a;
  if (typeof b === 'string') return b;
  const combined = combineAccess(a, b);
  return combined === 'denied' ? 'its requirements contradict each other' : combined;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** Merges the conditions of each claim; `never` when they contradict each other or cannot be expressed in one rule. */
export function mergeClaims(claims: Access['claims']): Record<string, Condition> | 'never' {
  const merged = new Map<string, Condition>();
  for (const [path, condition] of claims) {
    const previous = merged.get(path);
    const next = previous === undefined ? condition : mergeConditions(previous, condition);
    if (next === 'never') return 'never';
    merged.set(path, next);
  }
  return Object.fromEntries(merged);
}

/** Maximum number of patterns of one claim, which the schema of rules enforces. */
export const MAX_PATTERNS = 20;

/** `anyOf` needs one matching element only, so two different lists become their intersection, which is stricter. */
function mergeConditions(a: Condition, b: Condition): Condition | 'never' {
  if (a.equals !== undefined && b.equals !== undefined && a.equals !== b.equals) return 'never';
  const anyOf = a.anyOf && b.anyOf ? a.anyOf.filter((value) => b.anyOf?.includes(value)) : (a.anyOf ?? b.anyOf);
  if (anyOf?.length === 0) return 'never';
  const allOf = a.allOf && b.allOf ? [...new Set([...a.allOf, ...b.allOf])] : (a.allOf ?? b.allOf);
  const patterns = unique([a.matches ?? [], b.matches ?? []].flat());
  if (patterns.length > MAX_PATTERNS) return 'never';
  return {
    ...a,
    ...b,
    ...(anyOf === undefined ? {} : { anyOf }),
    ...(allOf === undefined ? {} : { allOf }),
    ...(patterns.length === 0 ? {} : { matches: patterns.length === 1 ? patterns[0] : patterns }),
  };
}

/** Maximum number of entries that `toConjunction` returns. */
const MAX_CHOICES = 16;

/**
 * Converts "one of these groups, with all its words" to "all of these choices, with one word each", the form of rules.
 * Undefined when the result would have too many entries.
 */
export function toConjunction(alternatives: readonly (readonly string[])[]): Choice<string>[] | undefined {
  let choices: string[][] = [[]];
  for (const group of alternatives) {
    choices = choices.flatMap((choice) => group.map((word) => [...new Set([...choice, word])]));
    if (choices.length > MAX_CHOICES) return undefined;
  }
  const minimal = choices.filter(
    (choice, at) =>
      !choices.some(
        (other, index) =>
          index !== at && other.every((word) => choice.includes(word)) && (other.length < choice.length || index < at),
      ),
  );
  return minimal;
}

/** Escapes a text for a regular expression with the `u` flag. */
export const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** What a route asks of a caller, in a form in which two demands can be put together. */
import type { ClaimCondition, RoleName } from '../../config/schema/schema.ts';

/** One of these. */
export type Choice<T> = readonly T[];
export type Condition = { [Name in keyof ClaimCondition]?: NonNullable<ClaimCondition[Name]> };

export interface Access {
  token: 'none' | 'user' | 'user-or-client';
  /** The original takes sessions of its own client only, no tokens that callers bring. */
  sessionsOnly: boolean;
  /** All of them; of each, one. */
  scopes: readonly Choice<string>[];
  roles: readonly Choice<RoleName>[];
  audiences: readonly Choice<string>[];
  /** Claim path and condition; all of them, and one path may come up twice. */
  claims: readonly (readonly [string, Condition])[];
  /** Tokens of one of these; undefined where nothing was said about it. */
  issuers?: Choice<string>;
}

/** Asks nobody. */
export const PUBLIC_ACCESS: Access = {
  token: 'none',
  sessionsOnly: false,
  scopes: [],
  roles: [],
  audiences: [],
  claims: [],
};

/** Asks for a token, and for whatever is given. */
export const requireToken = (given: Partial<Access>): Access => ({
  ...PUBLIC_ACCESS,
  token: 'user-or-client',
  ...given,
});

const STRICTNESS = ['none', 'user-or-client', 'user'] as const;

/** Asks for what either asks for; `denied` when no token could meet both. */
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

/** The demand of a part of the source; a text says why nobody is let through. */
export type Requirement = Access | string;

/** Both demands, or the first reason why nobody gets through. */
export function combineRequirements(a: Requirement, b: Requirement): Requirement {
  if (typeof a === 'string') return a;
  if (typeof b === 'string') return b;
  const sum = combineAccess(a, b);
  return sum === 'denied' ? 'its demands contradict each other' : sum;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** One condition for each claim; `never` when they contradict each other, or together cannot be said. */
export function mergeClaims(claims: Access['claims']): Record<string, Condition> | 'never' {
  const merged = new Map<string, Condition>();
  for (const [path, condition] of claims) {
    const before = merged.get(path);
    const next = before === undefined ? condition : mergeConditions(before, condition);
    if (next === 'never') return 'never';
    merged.set(path, next);
  }
  return Object.fromEntries(merged);
}

/** Of a list only one element need fit, so two choices that differ become the stricter one: what is in both. */
function mergeConditions(a: Condition, b: Condition): Condition | 'never' {
  if (a.equals !== undefined && b.equals !== undefined && a.equals !== b.equals) return 'never';
  const anyOf = a.anyOf && b.anyOf ? a.anyOf.filter((value) => b.anyOf?.includes(value)) : (a.anyOf ?? b.anyOf);
  if (anyOf?.length === 0) return 'never';
  const allOf = a.allOf && b.allOf ? [...new Set([...a.allOf, ...b.allOf])] : (a.allOf ?? b.allOf);
  const matches =
    a.matches !== undefined && b.matches !== undefined && a.matches !== b.matches
      ? `(?=(?:${a.matches})$)(?:${b.matches})`
      : (a.matches ?? b.matches);
  return {
    ...a,
    ...b,
    ...(anyOf === undefined ? {} : { anyOf }),
    ...(allOf === undefined ? {} : { allOf }),
    ...(matches === undefined ? {} : { matches }),
  };
}

/** Most entries of a list of demands that came of turning alternatives around. */
const MAX_CHOICES = 16;

/**
 * From "one of these groups, each of it whole" to "all of these, of each one", which is how rules say it. Undefined when
 * that would be too long to read.
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

/** A text that a regular expression (with the `u` flag) takes letter by letter. */
export const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

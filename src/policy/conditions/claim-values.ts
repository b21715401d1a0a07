/** Conditions on the values of claims, which several conditions of a rule share: schema and check. */
import { z } from 'zod';
import { claimAt } from '../../oidc/products/base/claims.ts';
import type { Claims, TokenFacts } from '../../oidc/products/base/facts.ts';
import {
  compilePattern,
  faultOfPatterns,
  type PatternBudget,
  patternBudget,
  patternSchema,
} from '../values/pattern.ts';
import type { Denied } from './condition.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const claimCondition = z
  .strictObject({
    equals: scalar.optional().describe('The claim is exactly this, type included.'),
    anyOf: z.array(scalar).min(1).optional().describe('The claim, or one element of a list, is one of these.'),
    allOf: z.array(scalar).min(1).optional().describe('The claim is a list with all of these.'),
    matches: z
      .union([patternSchema(), z.array(patternSchema()).min(1).max(20)])
      .optional()
      .describe(
        'The claim is a string, or a list with a string, that this regular expression matches as a whole. Of a list, all expressions must match. Lookaheads, lookbehinds and backreferences are not supported.',
      ),
  })
  .refine(
    (options) => Object.values(options).some((value) => value !== undefined),
    'expected at least one of equals, anyOf, allOf, matches',
  );

export type ClaimCondition = z.output<typeof claimCondition>;

/** Types are compared as well: `1` is not `"1"`, and a missing claim meets no condition. */
function compileClaim({
  equals,
  anyOf,
  allOf,
  matches,
}: ClaimCondition): (claim: unknown, budget: PatternBudget) => boolean {
  const patterns = [matches ?? []].flat().map(compilePattern);
  return (claim, budget) => {
    const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
    if (equals !== undefined && claim !== equals) return false;
    if (anyOf !== undefined && !anyOf.some((accepted) => values.includes(accepted))) return false;
    if (allOf !== undefined && !allOf.every((required) => values.includes(required))) return false;
    return patterns.every((matchesOne) => matchesOne(values, budget));
  };
}

/** Maps claim paths to conditions. */
export const claimConditions = () =>
  z.record(z.string().min(1), claimCondition).superRefine((conditions, context) => {
    const fault = faultOfPatterns(Object.values(conditions).flatMap(({ matches }) => matches ?? []));
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

/** Compiles conditions on the claims that `claimsOf` returns. The check denies with `reason` and the path of the first one that is not met. */
export function compileClaimConditions<const Reason extends string>(
  value: Readonly<Record<string, ClaimCondition>>,
  reason: Reason,
  claimsOf: (token: TokenFacts) => Claims,
): (token: TokenFacts) => Denied<Reason> | undefined {
  const checks = Object.entries(value).map(([path, condition]) => ({ path, isMet: compileClaim(condition) }));
  return (token) => {
    const claims = claimsOf(token);
    const budget = patternBudget();
    const failed = checks.find(({ path, isMet }) => !isMet(claimAt(claims, path), budget));
    return failed && { kind: 'denied', reason, detail: `${reason} ${failed.path}` };
  };
}

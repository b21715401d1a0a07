/** Compiles the conditions of a rule into one check, once per route. */
import type { CheckResult, Condition, Refusal, RequestFacts, StepUp, StepUpParam } from './condition.ts';
import { CONDITIONS } from './conditions.ts';

/** Returns undefined when every condition is met. */
export type ConditionCheck = (request: RequestFacts) => Refusal | undefined;

export interface CompiledConditions {
  /** Checks all conditions, for a caller with an access token; undefined when the rule has none. */
  readonly check: ConditionCheck | undefined;
  /** Checks the conditions on the request alone, for a caller without an access token; undefined when there are none. */
  readonly checkWithoutToken: ConditionCheck | undefined;
}

export type ConditionTable = Readonly<Record<string, Condition>>;

/** A condition of the table with its value in one rule. */
interface Stated {
  readonly condition: Condition;
  readonly value: unknown;
}

type SingleCheck = (request: RequestFacts) => CheckResult;

function compileOne({ condition, value }: Stated): SingleCheck {
  if (condition.over === 'request') return condition.compile(value);
  const check = condition.compile(value);
  return (request) => (request.token === undefined ? undefined : check(request.token, request));
}

/** One sign-in must meet every step-up condition of the rule, so a step-up names the parameters of all of them. */
function stepUpOf(stated: readonly Stated[]): StepUp {
  const params: Partial<Record<StepUpParam, string>> = {};
  for (const { condition, value } of stated)
    if (condition.over === 'token' && condition.stepUp) params[condition.stepUp.param] = condition.stepUp.format(value);
  return { kind: 'step_up', params };
}

function compileAll(stated: readonly Stated[]): ConditionCheck | undefined {
  if (stated.length === 0) return undefined;
  const checks = stated.map(compileOne);
  const stepUp = stepUpOf(stated);
  return (request) => {
    for (const check of checks) {
      const result = check(request);
      if (result !== undefined) return result.kind === 'step_up' ? stepUp : result;
    }
    return undefined;
  };
}

/** Compiles the conditions that a rule states, in the order of the table. */
export function compileConditions(values: object, table: ConditionTable = CONDITIONS): CompiledConditions {
  const stated = Object.entries(table)
    .map(([name, condition]): Stated => ({ condition, value: Reflect.get(values, name) }))
    .filter(({ value }) => value !== undefined);
  return {
    check: compileAll(stated),
    checkWithoutToken: compileAll(stated.filter(({ condition }) => condition.over === 'request')),
  };
}

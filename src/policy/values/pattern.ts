/** Patterns of the configuration: regular expressions whose work is bounded, whatever the pattern and the text are. */
import { RE2JS } from 're2js';
import { z } from 'zod';

/** Longest text that a pattern is run on. */
const MAX_TEXT_LENGTH = 1_000;
/** Characters that a pattern reads in one claim; the elements of a list after that count as not matching. */
const MAX_TOTAL_LENGTH = 8_000;
const MAX_PATTERN_LENGTH = 500;
/** Instructions of a compiled pattern. Nested repetitions multiply: 16 characters can become thousands of instructions. */
const MAX_PROGRAM_SIZE = 500;
/** Instructions of all patterns of a rule. */
const MAX_RULE_SIZE = 1_000;

/** The work that one evaluation of a rule may still do, in steps: one instruction at one character. */
export interface PatternBudget {
  steps: number;
}

/** A new budget. It suffices for one text of full length in every claim, since `MAX_RULE_SIZE` holds. */
export const patternBudget = (): PatternBudget => ({ steps: MAX_RULE_SIZE * (MAX_TEXT_LENGTH + 1) });

const compile = (pattern: string) => RE2JS.compile(RE2JS.translateRegExp(pattern));

/** The number of instructions of a pattern, or why it cannot be used. */
function inspect(pattern: string): number | string {
  try {
    // Only parsed, never run: the translation would read an escape that JavaScript does not know as the letter itself.
    RegExp(pattern, 'u');
    if (/(?<!\\)(?:\\\\)*\\k</.test(pattern)) throw new Error('backreferences are not supported');
    const size = compile(pattern).programSize();
    return size <= MAX_PROGRAM_SIZE
      ? size
      : `expected a regular expression of at most ${MAX_PROGRAM_SIZE} instructions, not ${size}: shorten counted repetitions such as {1,64}, or write + or *`;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return `expected a regular expression without lookaheads, lookbehinds and backreferences: ${reason}`;
  }
}

/** Schema of a pattern. One that the engine cannot run in linear time, or that is too large, is refused. */
export const patternSchema = () =>
  z
    .string()
    .min(1)
    .max(MAX_PATTERN_LENGTH)
    .superRefine((text, context) => {
      const fault = inspect(text);
      if (typeof fault === 'string') context.addIssue({ code: 'custom', message: fault });
    });

/** Returns why these patterns cannot be used in one rule; undefined if they can. */
export function faultOfPatterns(patterns: readonly string[]): string | undefined {
  // Each pattern that cannot be used has an issue of its own.
  const size = patterns.map(inspect).reduce<number>((sum, one) => (typeof one === 'number' ? sum + one : sum), 0);
  return size > MAX_RULE_SIZE
    ? `expected regular expressions of together at most ${MAX_RULE_SIZE} instructions, not ${size}: shorten counted repetitions such as {1,64}`
    : undefined;
}

/** Returns whether one of the values is a string that the pattern matches from start to end. Nothing matches without budget. */
export function compilePattern(pattern: string): (values: readonly unknown[], budget: PatternBudget) => boolean {
  const expression = compile(pattern);
  const size = expression.programSize();
  return (values, budget) => {
    let total = 0;
    return values.some((value) => {
      if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH) return false;
      total += value.length;
      budget.steps -= size * (value.length + 1);
      return total <= MAX_TOTAL_LENGTH && budget.steps >= 0 && expression.testExact(value);
    });
  };
}

/** Patterns of the configuration: regular expressions that run in time linear to the text, whatever the text is. */
import { RE2JS } from 're2js';
import { z } from 'zod';

/** Longest text that a pattern is run on. */
const MAX_TEXT_LENGTH = 1_000;
/** Characters that a pattern reads in one claim; the elements of a list after that count as not matching. */
const MAX_TOTAL_LENGTH = 8_000;
const MAX_PATTERN_LENGTH = 500;

const compile = (pattern: string) => RE2JS.compile(RE2JS.translateRegExp(pattern));

/** Returns why a pattern cannot be used; undefined if it can. */
function faultOf(pattern: string): string | undefined {
  try {
    // Only parsed, never run: the translation would read an escape that JavaScript does not know as the letter itself.
    RegExp(pattern, 'u');
    if (/(?<!\\)(?:\\\\)*\\k</.test(pattern)) throw new Error('backreferences are not supported');
    compile(pattern);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return `expected a regular expression without lookaheads, lookbehinds and backreferences: ${reason}`;
  }
}

/** Schema of a pattern. One that the engine cannot run in linear time is refused. */
export const patternSchema = () =>
  z
    .string()
    .min(1)
    .max(MAX_PATTERN_LENGTH)
    .superRefine((text, context) => {
      const fault = faultOf(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });

/** Returns whether one of the values is a string that the pattern matches from start to end. */
export function compilePattern(pattern: string): (values: readonly unknown[]) => boolean {
  const expression = compile(pattern);
  return (values) => {
    let total = 0;
    return values.some((value) => {
      if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH) return false;
      total += value.length;
      return total <= MAX_TOTAL_LENGTH && expression.testExact(value);
    });
  };
}

/** Lists of required values: a list is AND, a nested list is OR. */

/** An entry of a list: one value, or alternatives of which one suffices. */
export type Entry<T> = T | readonly T[];

/** Returns the entries as lists of alternatives. */
export function alternativesOf<T>(entries: readonly Entry<T>[]): readonly (readonly T[])[] {
  return entries.map((entry) => (isList(entry) ? entry : [entry]));
}

const isList = <T>(entry: Entry<T>): entry is readonly T[] => Array.isArray(entry);

const NONE: readonly never[] = [];

/** Returns the first alternative of every entry of which `facts` have none. */
export function missingValues<T, Facts>(
  required: readonly (readonly T[])[],
  facts: Facts,
  has: (facts: Facts, value: T) => boolean,
): readonly T[] {
  let missing: T[] | undefined;
  for (const alternatives of required) {
    if (alternatives.some((value) => has(facts, value))) continue;
    missing ??= [];
    missing.push(...alternatives.slice(0, 1));
  }
  return missing ?? NONE;
}

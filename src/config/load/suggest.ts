/** Suggestions for misspelled options and variables. */
import { jsonSchema, nodesAt } from '../schema/options.ts';
import type { Path } from '../validate/faults.ts';

/** Levenshtein distance: the number of single-character edits between two names. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longer names cannot be a misspelled option, and the distance takes quadratic time. */
const MAX_NAME_LENGTH = 100;

/** The most similar of the names; undefined when none is similar enough. */
export function closestMatch(name: string, names: readonly string[]): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const [best] = names
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(2, name.length / 4) ? best.candidate : undefined;
}

/** A hint that names the most similar option that is valid at this path, or all of them. */
export function didYouMean(key: string, path: Path): { hint?: string } {
  const valid = nodesAt(jsonSchema(), path)
    .flatMap(({ anyOf, ...node }) => anyOf ?? [node])
    .flatMap(({ properties }) => Object.keys(properties ?? {}));
  const match = closestMatch(key, valid);
  if (match !== undefined) return { hint: `did you mean ${match}?` };
  return valid.length > 0 ? { hint: `valid options: ${valid.join(', ')}` } : {};
}

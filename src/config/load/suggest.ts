/** Finds the option that a misspelt one was meant to be. */

import { jsonSchema, type SchemaNode } from '../schema/options.ts';
import type { Path } from '../validate/faults.ts';

/** Levenshtein distance: how many letters have to change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The most similar of the names, if one is similar enough to be meant. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  // Nobody means an option by a text much longer than any: no need to measure it.
  if (name.length > 100) return undefined;
  const [best] = names
    .map((known) => ({ known, far: distance(name.toLowerCase(), known.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  return best && best.far <= Math.max(2, name.length / 4) ? best.known : undefined;
}

function at(node: SchemaNode, [first, ...rest]: Path): SchemaNode[] {
  const branches = node.anyOf ?? [node];
  if (first === undefined) return branches;
  return branches.flatMap((branch) => {
    const next = typeof first === 'number' ? branch.items : branch.properties?.[first];
    return next ? at(next, rest) : [];
  });
}

/** A hint with the most similar option that is valid at this place, or with all of them. */
export function didYouMean(key: string, path: Path): { hint?: string } {
  const valid = at(jsonSchema(), path).flatMap(({ properties }) => Object.keys(properties ?? {}));
  const best = nearest(key, valid);
  if (best !== undefined) return { hint: `did you mean ${best}?` };
  return valid.length > 0 ? { hint: `options here: ${valid.join(', ')}` } : {};
}

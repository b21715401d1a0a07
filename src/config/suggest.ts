/** Finds the option that a misspelt one was meant to be. */
import { z } from 'zod';
import type { Path } from './faults.ts';
import { configSchema } from './schema.ts';

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

interface Node {
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
}

function at(node: Node, path: Path): Node[] {
  const [first, ...rest] = path;
  const branches = node.anyOf ?? [node];
  if (first === undefined) return branches;
  return branches.flatMap((branch) => {
    const next = typeof first === 'number' ? branch.items : branch.properties?.[first];
    return next ? at(next, rest) : [];
  });
}

/** A hint with the most similar option that is valid at this place, or with all of them. */
export function didYouMean(key: string, path: Path): { hint?: string } {
  const schema = z.toJSONSchema(
    configSchema(() => ''),
    { io: 'input' },
  ) as Node;
  const valid = at(schema, path).flatMap((node) => Object.keys(node.properties ?? {}));
  const [best] = valid
    .map((name) => ({ name, far: distance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  if (best && best.far <= Math.max(2, key.length / 3)) return { hint: `did you mean ${best.name}?` };
  return valid.length > 0 ? { hint: `options here: ${valid.join(', ')}` } : {};
}

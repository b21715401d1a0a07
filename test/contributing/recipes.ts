/** Reads the recipes of CONTRIBUTING.md: new files, and lines changed in existing ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Recipe {
  readonly title: string;
  /** Text by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly edits: readonly Edit[];
}

/** A change in unified form, without a header: lines start with a space, `-` or `+`. */
export interface Edit {
  readonly path: string;
  readonly lines: readonly string[];
}

export const ROOT = join(import.meta.dirname, '../..');
const FENCE = /^```(ts|diff) (src\/\S+)\n(.*?)^```$/gms;

/** Returns the recipes: the sections of level 3 below "Recipes". */
export function readRecipes(): Recipe[] {
  const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const [, rest = ''] = text.split(/^## Recipes$/m);
  const [recipes = ''] = rest.split(/^## /m);
  return recipes
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [title = ''] = section.split('\n', 1);
      const blocks = [...section.matchAll(FENCE)].map(([, type, path = '', body = '']) => ({ type, path, body }));
      const edits = blocks.filter(({ type }) => type === 'diff');
      return {
        title,
        files: new Map(blocks.filter(({ type }) => type === 'ts').map(({ path, body }) => [path, body])),
        edits: edits.map(({ path, body }) => ({ path, lines: body.replace(/\n$/, '').split('\n') })),
      };
    });
}

/** Returns how many lines the edit adds or changes. */
export const addedLines = ({ lines }: Edit): number => lines.filter((line) => line.startsWith('+')).length;

const withoutMark = (lines: readonly string[], mark: string) =>
  lines
    .filter((line) => !line.startsWith(mark))
    .map((line) => line.slice(1))
    .join('\n');

/** Applies the edit. Throws if the lines that it expects do not occur exactly once. */
export function applyEdit(text: string, { path, lines }: Edit): string {
  const before = withoutMark(lines, '+');
  const places = text.split(before).length - 1;
  if (before === '' || places !== 1) throw new Error(`${path}: the lines of the edit occur ${places} times`);
  return text.replace(before, () => withoutMark(lines, '-'));
}

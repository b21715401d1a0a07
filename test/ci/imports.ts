/** Reads the import graph of the test files: which files a file loads, and which values it takes from packages. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Import {
  /** What stands between the quotes. */
  from: string;
  /** Names of the values; `*` where the whole module is taken. Types are left out. */
  names: readonly string[];
}

const STATEMENT = /^(?:import|export)\s+(?!type\s)(?:([^'";]*?)\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

function namesOf(clause: string | undefined): string[] {
  // A default or namespace import gives the whole module, and so does an import without names.
  if (clause === undefined || !clause.startsWith('{')) return ['*'];
  const names = clause.replaceAll(/[{}]/g, '').split(',');
  return names.map((name) => name.trim().replace(/\s+as\s.*/s, '')).filter((name) => name && !name.startsWith('type '));
}

/** The imports of a TypeScript text that still exist when it runs. */
export function importsIn(text: string): Import[] {
  return [...text.matchAll(STATEMENT)]
    .map(([, clause, fixed, dynamic]) => ({ from: fixed ?? dynamic ?? '', names: namesOf(clause) }))
    .filter(({ names }) => names.length > 0);
}

/** A reader of the import graph below a folder, which reads each file once. */
export function createGraph(root: string) {
  const read = new Map<string, Import[]>();
  const importsOf = (file: string): Import[] => {
    let imports = read.get(file);
    if (imports === undefined) {
      const path = join(root, file);
      imports = file.endsWith('.ts') && existsSync(path) ? importsIn(readFileSync(path, 'utf8')) : [];
      read.set(file, imports);
    }
    return imports;
  };
  return {
    importsOf,
    /** The file itself and all that it loads, directly or through others. */
    reachedFrom(file: string): Set<string> {
      const reached = new Set([file]);
      for (const each of reached)
        for (const { from } of importsOf(each))
          if (from.startsWith('.')) reached.add(normalize(join(dirname(each), from)));
      return reached;
    },
  };
}

/** Reads the import graph of the test files: which files a file loads, and which values it imports from packages. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Import {
  /** The module specifier. */
  specifier: string;
  /** Names of imported values; `*` for the whole module. Types are omitted. */
  names: readonly string[];
}

const STATEMENT = /^(?:import|export)\s+(?!type\s)(?:([^'";]*?)\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

function namesOf(clause: string | undefined): string[] {
  // A default or namespace import loads the whole module, and so does an import without names.
  if (clause === undefined || !clause.startsWith('{')) return ['*'];
  const names = clause.replaceAll(/[{}]/g, '').split(',');
  return names.map((name) => name.trim().replace(/\s+as\s.*/s, '')).filter((name) => name && !name.startsWith('type '));
}

/** The imports of a TypeScript text that exist at run time. */
export function importsIn(text: string): Import[] {
  return [...text.matchAll(STATEMENT)]
    .map(([, clause, fixed, dynamic]) => ({ specifier: fixed ?? dynamic ?? '', names: namesOf(clause) }))
    .filter(({ names }) => names.length > 0);
}

/** Creates the import graph of a folder; each file is read once. */
export function createImportGraph(root: string) {
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
    /** The file and all files that it loads, directly or indirectly. */
    reachedFrom(file: string): Set<string> {
      const reached = new Set([file]);
      for (const each of reached)
        for (const { specifier } of importsOf(each))
          if (specifier.startsWith('.')) reached.add(normalize(join(dirname(each), specifier)));
      return reached;
    },
  };
}

/** Finds the test files near a path: those of the folder of `test/` that mirrors its folder of `src/`. */
import { globSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';

export interface Near {
  /** The folder or file where the tests were found. */
  at: string;
  files: string[];
}

const OTHERWISE = 'run `npm run test:fast` (all tests that start no server), `npm run test:unit` or `npm run test:e2e`';

function testsBelow(root: string, folder: string): Near | undefined {
  const files = globSync(`${folder}/**/*.test.ts`, { cwd: root }).sort();
  return files.length > 0 ? { at: folder, files } : undefined;
}

/** The tests of a room such as `oidc/refresh`, or of its nearest parent that has any; those of all rooms are no answer. */
function testsOfRoom(root: string, room: string): Near | undefined {
  if (room === '' || room === '.') return undefined;
  return testsBelow(root, join('test', room)) ?? testsOfRoom(root, dirname(room));
}

/**
 * The test files near a path of the repository: a test file is itself, a folder of tests is all below it, and a file or
 * folder of `src/` has the tests of its room. Throws, with what to do, where there are none.
 */
export function nearTests(root: string, given: string): Near {
  const path = relative(root, resolve(root, given));
  const isFile = (file: string) => statSync(join(root, file), { throwIfNoEntry: false })?.isFile() ?? false;
  const folder = isFile(path) || extname(path) !== '' ? dirname(path) : path;
  const [top = ''] = path.split('/');
  if (/^(test|e2e)\/.*\.test\.ts$/.test(path) && isFile(path)) return { at: path, files: [path] };
  if (top === 'src') {
    const found = testsOfRoom(root, relative('src', folder));
    const own = `test/${basename(path, '.ts')}.test.ts`;
    if (found !== undefined) return found;
    if (folder === 'src' && isFile(own)) return { at: own, files: [own] };
  } else if ((top === 'test' || top === 'e2e') && folder !== top) {
    const found = testsBelow(root, folder);
    if (found !== undefined) return found;
  }
  throw new Error(`no tests near ${given}: give a file or folder of src/ or test/ that has tests, or ${OTHERWISE}`);
}

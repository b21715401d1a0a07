/** Finds the test files near a path: those in the folder of `test/` that mirrors its folder of `src/`. */
import { globSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';

export interface NearTests {
  /** The folder or file that contains the tests. */
  at: string;
  files: string[];
}

const ALTERNATIVES =
  'run `npm run test:fast` (all tests that start no server), `npm run test:unit` or `npm run test:e2e`';

function testsBelow(root: string, folder: string): NearTests | undefined {
  const files = globSync(`${folder}/**/*.test.ts`, { cwd: root }).sort();
  return files.length > 0 ? { at: folder, files } : undefined;
}

/** The tests of a room such as `oidc/refresh`, or of its nearest parent with tests; never those of all rooms. */
function testsOfRoom(root: string, room: string): NearTests | undefined {
  if (room === '' || room === '.') return undefined;
  return testsBelow(root, join('test', room)) ?? testsOfRoom(root, dirname(room));
}

/**
 * The test files near a path of the repository: a test file itself, all tests below a folder of tests, or the tests of the
 * room of a file or folder of `src/`. Throws an error that says what to run if there are none.
 */
export function nearTests(root: string, argument: string): NearTests {
  const path = relative(root, resolve(root, argument));
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
  throw new Error(
    `no tests near ${argument}: give a file or folder of src/ or test/ that has tests, or ${ALTERNATIVES}`,
  );
}

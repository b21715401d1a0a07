/** Finds the test files near a path: those in the folder of `test/` that mirrors its room, or in the suite of its room. */
import { globSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export interface NearTests {
  /** The folders, separated by commas, or the file that contain the tests. */
  at: string;
  files: string[];
}

/** Rooms and entry points without a mirror folder of tests, and the folder that contains their tests. */
export const SUITE_OF: Readonly<Record<string, string>> = {
  'packages/client/src': 'test/client',
  'src/client/base': 'test/client',
  'src/client/window': 'test/client',
  'src/config/changes': 'test/config',
  'src/config/fields': 'test/config',
  'src/config/messages': 'test/config/faults',
  'src/config/sections': 'test/config',
  'src/config/traffic': 'test/config',
  'src/explain': 'test/cli',
  'src/import/draft': 'test/import',
  'src/index.ts': 'test/package',
  'src/main.ts': 'test/tuning',
  'src/observe/format': 'test/observe',
  'src/oidc/dpop': 'test/sender',
  'src/oidc/products/base': 'test/oidc/products',
  'src/oidc/products/catalog': 'test/oidc/products',
  'src/oidc/sign-in': 'test/providers',
  'src/oidc/tokens': 'test/bearer',
  'src/policy/conditions': 'test/policy',
  'src/policy/values': 'test/policy',
  'src/responses/messages': 'test/responses',
  'src/proxy/hooks': 'test/hooks',
  'src/server/listeners': 'test/server',
  'src/store/processes': 'test/store/port',
  'src/store/sqlite': 'test/store/port',
  'src/tracing': 'test/observe/tracing',
  'src/upstream/undici': 'test/proxy/forwarding',
};

const ALTERNATIVES =
  'run `npm run test:fast` (all tests that start no server), `npm run test:unit` or `npm run test:e2e`';

const testsBelow = (root: string, folder: string) => globSync(`${folder}/**/*.test.ts`, { cwd: root }).sort();

/** The folders that contain the tests of a file or folder of `src/`, and of the rooms below it; never those of all rooms. */
function testFolders(path: string, folder: string): string[] {
  const own = SUITE_OF[path] ?? SUITE_OF[folder];
  if (own !== undefined) return [own];
  if (folder === 'src') return [];
  const mirror = join('test', relative('src', folder));
  const below = Object.keys(SUITE_OF).filter((room) => room.startsWith(`${folder}/`));
  const suites = new Set(below.map((room) => SUITE_OF[room] ?? ''));
  return [mirror, ...[...suites].filter((suite) => !`${suite}/`.startsWith(`${mirror}/`))];
}

/**
 * The test files near a path of the repository: a test file itself, all tests below a folder of tests, or the tests of the
 * room of a file or folder of `src/`. Throws an error that says what to run if the path does not exist or has no tests.
 */
export function nearTests(root: string, argument: string): NearTests {
  const path = relative(root, resolve(root, argument));
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`no such file or folder: ${argument}`);
  const folder = found.isFile() ? dirname(path) : path;
  const [top = ''] = path.split('/');
  if (/^(test|e2e)\/.*\.test\.ts$/.test(path) && found.isFile()) return { at: path, files: [path] };
  const isTests = (top === 'test' || top === 'e2e') && folder !== top;
  const candidates = top === 'src' || top === 'packages' ? testFolders(path, folder) : isTests ? [folder] : [];
  const folders = candidates.filter((each) => testsBelow(root, each).length > 0);
  if (folders.length > 0) return { at: folders.join(', '), files: folders.flatMap((each) => testsBelow(root, each)) };
  throw new Error(
    `no tests near ${argument}: give a file or folder of src/ or test/ that has tests, or ${ALTERNATIVES}`,
  );
}

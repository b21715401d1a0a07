/** The suites of the tests: which files each has, what it needs, and which of them run side by side. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { startServers, stopServers } from '../../e2e/servers.ts';
import { fastFiles } from './fast.ts';
import { nearTests } from './near.ts';

export interface Suite {
  /** Paths from the root of the repository. */
  files: string[];
  /** How many files run at the same time. */
  concurrency: number;
  /** Arguments of Node for each test file. */
  execArgv?: string[];
  before?: () => Promise<void>;
  after?: () => Promise<void>;
}

/** Suites that run one after the other. */
export type Lane = Suite[];

/** Tests that start nothing; a module that is preloaded into each file holds them to it. */
function fastSuite(files: string[]): Suite {
  return { files, concurrency: 2, execArgv: ['--import', join(import.meta.dirname, 'start-nothing.ts')] };
}

/** One Keycloak for all files, and one file at a time: they change its clients. */
function e2eSuite(files: string[]): Suite {
  return { files, concurrency: 1, before: startServers, after: stopServers };
}

/** All tests without a browser, the fast ones first. */
function unitLane(root: string, files: string[]): Lane {
  const fast = new Set(fastFiles(root));
  return [
    fastSuite(files.filter((file) => fast.has(file))),
    { files: files.filter((file) => !fast.has(file)), concurrency: 2 },
  ];
}

function nearLanes(root: string, paths: string[]): Lane[] {
  if (paths.length === 0) throw new Error('which tests? npm run test:near -- src/oidc/refresh');
  const found = paths.map((path) => nearTests(root, path));
  for (const { at, files } of found)
    console.log(`${at}: ${files.length} test ${files.length === 1 ? 'file' : 'files'}`);
  const files = [...new Set(found.flatMap((near) => near.files))];
  const isE2e = (file: string) => file.startsWith('e2e/');
  return [
    unitLane(
      root,
      files.filter((file) => !isE2e(file)),
    ),
    [e2eSuite(files.filter(isE2e))],
  ];
}

/**
 * The lanes for the arguments of a command line: names of suites, `near` and paths, or nothing for all tests. Lanes run at
 * the same time: servers and browsers of one start and wait while the tests of the other compute.
 */
export function lanesFor(root: string, [first = '', ...rest]: string[]): Lane[] {
  const unit = () => unitLane(root, globSync('test/**/*.test.ts', { cwd: root }).sort());
  const e2e = () => [e2eSuite(globSync('e2e/**/*.test.ts', { cwd: root }).sort())];
  const named: Record<string, () => Lane> = { fast: () => [fastSuite(fastFiles(root))], unit, e2e };
  if (first === 'near') return nearLanes(root, rest);
  return (first === '' ? ['unit', 'e2e'] : [first, ...rest]).map((name) => {
    const lane = named[name];
    if (lane === undefined)
      throw new Error(`no suite ${name}; there are ${Object.keys(named).join(', ')} and near PATH`);
    return lane();
  });
}

/** Defines the test suites: their files, their settings, and which of them run concurrently. */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { startServers } from '../../e2e/servers.ts';
import { slotEnvironment } from '../../e2e/support/run.ts';
import { fastFiles, processesFirst } from './fast.ts';
import { nearTests } from './near.ts';

export interface Suite {
  /** Paths from the root of the repository. */
  files: string[];
  /** Number of files that run concurrently. */
  concurrency: number;
  /** Arguments of Node for each test file. */
  execArgv?: string[];
  /** Added to the environment of each test file. */
  env?: Record<string, string>;
  before?: () => Promise<void>;
}

/** Suites that run sequentially. */
export type Lane = Iterable<Suite>;

/** Unit test files at the same time: more than there are cores, as they wait for timers and processes half of the time. */
const UNIT_FILES = Math.min(Math.ceil(1.5 * availableParallelism()), 8);
/** Number of concurrent browser test files. */
const E2E_FILES = 2;

const preloading = (module: string) => ['--import', join(import.meta.dirname, module)];

/** Tests that start nothing; a module that is preloaded into each file enforces it. */
function fastSuite(files: string[]): Suite {
  return { files, concurrency: UNIT_FILES, execArgv: preloading('start-nothing.ts') };
}

/** Browser tests, sequential in each lane. Each lane has its own Keycloak, because the files change its clients. */
function e2eLanes(files: string[]): Lane[] {
  const next = files.values();
  const slots = Math.min(E2E_FILES, files.length);
  const before = () => startServers(slots);
  function* lane(slot: number): Generator<Suite> {
    for (const file of next) yield { files: [file], concurrency: 1, env: slotEnvironment(slot), before };
  }
  return Array.from({ length: slots }, (_, slot) => lane(slot));
}

/** The proxy with undici as its client: the same tests, with the same expectations but for those that say so. */
function undiciSuite(root: string): Suite {
  const files = globSync('test/{proxy/{admission,forwarding,headers},upstream}/**/*.test.ts', { cwd: root }).sort();
  return { files, concurrency: UNIT_FILES, env: { TEST_UPSTREAM_CLIENT: 'undici' } };
}

/** All tests without a browser: the fast ones first, because they fail first, then the slowest. */
function unitLane(root: string, files: string[]): Lane {
  const fast = new Set(fastFiles(root));
  const others = files.filter((file) => !fast.has(file));
  return [
    fastSuite(files.filter((file) => fast.has(file))),
    { files: processesFirst(root, others), concurrency: UNIT_FILES, execArgv: preloading('exit-on-signals.ts') },
  ];
}

function nearLanes(root: string, paths: string[]): Lane[] {
  if (paths.every((path) => path === '')) throw new Error('which tests? npm run test:near -- src/oidc/refresh');
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
    ...e2eLanes(files.filter(isE2e)),
  ];
}

/**
 * The lanes for the command line arguments: names of suites, `near` and paths, or none for all tests. Lanes run
 * concurrently, so that one uses the processor while the servers and browsers of the other start and wait.
 */
export function lanesFor(root: string, [first = '', ...rest]: string[]): Lane[] {
  const named: Record<string, () => Lane[]> = {
    fast: () => [[fastSuite(fastFiles(root))]],
    unit: () => [[...unitLane(root, globSync('test/**/*.test.ts', { cwd: root }).sort()), undiciSuite(root)]],
    undici: () => [[undiciSuite(root)]],
    e2e: () => e2eLanes(globSync('e2e/**/*.test.ts', { cwd: root }).sort()),
  };
  if (first === 'near') return nearLanes(root, rest);
  return (first === '' ? ['unit', 'e2e'] : [first, ...rest]).flatMap((name) => {
    const lanes = named[name];
    if (lanes === undefined)
      throw new Error(`no suite ${name}; there are ${Object.keys(named).join(', ')} and near PATH`);
    return lanes();
  });
}

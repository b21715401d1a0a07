/**
 * Runs the suites named on the command line (all by default), or `near PATH...`, one after the other and closes with one
 * summary over all of them.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { startServers, stopServers } from '../../e2e/servers.ts';
import { fastFiles } from './fast.ts';
import { nearTests } from './near.ts';

interface Suite {
  /** Paths from the root of the repository. */
  files: string[];
  concurrency: number;
  /** Arguments of Node for each test file. */
  execArgv?: string[];
  before?: () => Promise<void>;
  after?: () => Promise<void>;
}

interface TestEvent {
  type: string;
  data: { nesting?: number; message?: string; level?: string };
}

/** The closing lines of a run, such as `pass 12`. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Milliseconds after which one test has failed: many times what the slowest needs. */
const TEST_TIMEOUT = 180_000;
/** Milliseconds without a word from any test file, such as one that does not end, after which all are stopped. */
const SILENCE = 300_000;

const root = join(import.meta.dirname, '../..');

/** Tests that start nothing, which a module preloaded into each of their files holds. */
function fastSuite(files: string[]): Suite {
  return { files, concurrency: 2, execArgv: ['--import', join(import.meta.dirname, 'start-nothing.ts')] };
}

/** One Keycloak for all files, and one file at a time: they change its clients, and a browser wants a core for itself. */
function e2eSuite(files: string[]): Suite {
  return { files, concurrency: 1, before: startServers, after: stopServers };
}

/** All tests without a browser, the fast ones first. */
function unitSuites(files: string[]): Suite[] {
  const fast = new Set(fastFiles(root));
  const [quick, others] = [files.filter((file) => fast.has(file)), files.filter((file) => !fast.has(file))];
  return [fastSuite(quick), { files: others, concurrency: 2 }];
}

const filesOf = (pattern: string) => globSync(pattern, { cwd: root }).sort();

const suites: Record<string, () => Suite[]> = {
  fast: () => [fastSuite(fastFiles(root))],
  unit: () => unitSuites(filesOf('test/**/*.test.ts')),
  e2e: () => [e2eSuite(filesOf('e2e/**/*.test.ts'))],
};

/** The suites of the command line. */
function choose([first = '', ...rest]: string[]): Suite[] {
  if (first === '') return [...unitSuites(filesOf('test/**/*.test.ts')), ...(suites.e2e?.() ?? [])];
  if (first !== 'near') return [first, ...rest].flatMap((name) => suites[name]?.() ?? unknownSuite(name));
  if (rest.length === 0) throw new Error('which tests? npm run test:near -- src/oidc/refresh');
  const found = rest.map((path) => nearTests(root, path));
  for (const { at, files } of found)
    console.log(`${at}: ${files.length} test ${files.length === 1 ? 'file' : 'files'}`);
  const files = [...new Set(found.flatMap((near) => near.files))];
  const isBrowser = (file: string) => file.startsWith('e2e/');
  return [...unitSuites(files.filter((file) => !isBrowser(file))), e2eSuite(files.filter(isBrowser))];
}

function unknownSuite(name: string): never {
  throw new Error(`no suite ${name}; the suites are ${Object.keys(suites).join(', ')}, and near PATH`);
}

// A signal ends the test processes first, then the servers, then this process.
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());

async function* eventsOf({ files, concurrency, execArgv = [], before, after }: Suite): AsyncGenerator<TestEvent> {
  const silent = new AbortController();
  let watchdog: NodeJS.Timeout | undefined;
  try {
    await before?.();
    watchdog = setTimeout(() => silent.abort(), SILENCE);
    const options = {
      files: files.map((file) => join(root, file)),
      concurrency,
      execArgv,
      timeout: TEST_TIMEOUT,
      cwd: root,
      signal: AbortSignal.any([interrupted.signal, silent.signal]),
    };
    for await (const event of run(options) as AsyncIterable<TestEvent>) {
      watchdog.refresh();
      yield event;
    }
  } finally {
    clearTimeout(watchdog);
    await after?.();
  }
}

async function* inOrder(chosen: Suite[]): AsyncGenerator<TestEvent> {
  const totals = new Map<string, number>();
  for (const suite of chosen) {
    if (interrupted.signal.aborted) break;
    for await (const event of eventsOf(suite)) {
      if (event.type === 'test:fail') process.exitCode = 1;
      const total = event.type === 'test:diagnostic' ? TOTAL.exec(event.data.message ?? '') : null;
      if (total === null) yield event;
      else totals.set(total[1] ?? '', (totals.get(total[1] ?? '') ?? 0) + Number(total[2]));
    }
  }
  for (const [name, value] of totals) {
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${value}`, level: 'info' } };
  }
}

let chosen: Suite[] = [];
try {
  chosen = choose(process.argv.slice(2)).filter(({ files }) => files.length > 0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
Readable.from(inOrder(chosen)).compose(spec).pipe(process.stdout);

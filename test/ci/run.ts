/** Runs the suites named on the command line, `near PATH...`, or all suites, and prints one summary. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { inspect } from 'node:util';
import { stopServers } from '../../e2e/servers.ts';
import { readAhead } from './ahead.ts';
import { type Lane, lanesFor, type Suite } from './suites.ts';

interface TestEvent {
  type: string;
  data: { nesting?: number; message?: string; level?: string };
}

/** The summary lines of a run, such as `pass 12`. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Milliseconds after which a test fails; many times the duration of the slowest test. */
const TEST_TIMEOUT = 180_000;
/** Milliseconds without output of any test file after which the run is stopped. */
const SILENCE = 300_000;

const root = join(import.meta.dirname, '../..');

// Each test file and gateway loads some 300 modules; compiled once, they take a third of the time.
process.env.NODE_COMPILE_CACHE ??= join(root, '.cache/node');

// A signal ends the test processes first, then the servers, then this process.
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());

async function* eventsOf({ files, concurrency, execArgv = [], env = {}, before }: Suite): AsyncGenerator<TestEvent> {
  const silent = new AbortController();
  let watchdog: NodeJS.Timeout | undefined;
  try {
    await before?.();
    watchdog = setTimeout(() => silent.abort(), SILENCE);
    const options = {
      files: files.map((file) => join(root, file)),
      concurrency,
      execArgv,
      env: { ...process.env, ...env },
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
  }
}

async function* eventsIn(lane: Lane): AsyncGenerator<TestEvent> {
  for (const suite of lane) if (suite.files.length > 0 && !interrupted.signal.aborted) yield* eventsOf(suite);
}

/** The events of all concurrent lanes, lane by lane, and then the sums of their summary lines. */
async function* eventsOfAll(lanes: Lane[]): AsyncGenerator<TestEvent> {
  const totals = new Map<string, number>();
  const failures = new Set<string>();
  const started = performance.now();
  for (const events of lanes.map((lane) => readAhead(eventsIn(lane)))) {
    try {
      for await (const event of events) {
        if (event.type === 'test:fail') process.exitCode = 1;
        const total = event.type === 'test:diagnostic' ? TOTAL.exec(event.data.message ?? '') : null;
        if (total === null) yield event;
        else totals.set(total[1] ?? '', (totals.get(total[1] ?? '') ?? 0) + Number(total[2]));
      }
    } catch (error) {
      // For example, Keycloak does not start; the other lanes continue, and the error is reported at the end.
      failures.add(inspect(error));
      process.exitCode = 1;
    }
  }
  await stopServers();
  totals.set('duration_ms', performance.now() - started);
  const line = (message: string, level = 'info') => ({ type: 'test:diagnostic', data: { nesting: 0, message, level } });
  for (const [name, value] of totals) yield line(`${name} ${value}`);
  for (const failure of failures) yield line(`a suite was not run to its end: ${failure}`, 'error');
}

let lanes: Lane[] = [];
try {
  lanes = lanesFor(root, process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
Readable.from(eventsOfAll(lanes)).compose(spec).pipe(process.stdout);

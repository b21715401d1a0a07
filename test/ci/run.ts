/** Runs the suites named on the command line (all by default) one after the other and closes with one summary over all of them. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { startServers, stopServers } from '../../e2e/servers.ts';

interface Suite {
  pattern: string;
  concurrency: number;
  before?: () => Promise<void>;
  after?: () => Promise<void>;
}

interface TestEvent {
  type: string;
  data: { nesting?: number; message?: string; level?: string };
}

const suites: Record<string, Suite> = {
  unit: { pattern: 'test/**/*.test.ts', concurrency: 2 },
  // One Keycloak for all files, and one file at a time: they change its clients, and a browser wants a core for itself.
  e2e: { pattern: 'e2e/**/*.test.ts', concurrency: 1, before: startServers, after: stopServers },
};

/** The closing lines of a run, such as `pass 12`. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Milliseconds after which one test has failed: many times what the slowest needs. */
const TEST_TIMEOUT = 180_000;
/** Milliseconds without a word from any test file, such as one that does not end, after which all are stopped. */
const SILENCE = 300_000;

const root = join(import.meta.dirname, '../..');

// A signal ends the test processes first, then the servers, then this process.
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());

async function* eventsOf({ pattern, concurrency, before, after }: Suite): AsyncGenerator<TestEvent> {
  const files = globSync(pattern, { cwd: root }).sort();
  if (files.length === 0) throw new Error(`no test file matches ${pattern}`);
  const silent = new AbortController();
  let watchdog: NodeJS.Timeout | undefined;
  try {
    await before?.();
    watchdog = setTimeout(() => silent.abort(), SILENCE);
    const options = {
      files: files.map((file) => join(root, file)),
      concurrency,
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

const names = process.argv.slice(2);
const chosen = names.length === 0 ? Object.values(suites) : names.map((name) => suites[name]);
if (chosen.some((suite) => suite === undefined)) throw new Error(`suites are: ${Object.keys(suites).join(', ')}`);
Readable.from(inOrder(chosen.filter((suite) => suite !== undefined)))
  .compose(spec)
  .pipe(process.stdout);

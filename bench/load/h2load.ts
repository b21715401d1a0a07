/** HTTP/2 load with h2load: requests, latency, errors. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HEADERS } from './browser.ts';
import type { LoadOptions, LoadResult } from './wrk.ts';

/** Latencies in microseconds, sorted: h2load logs each request as start time, status and duration. */
function latenciesOf(log: string): number[] {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  return lines.map((line) => Number(line.split('\t')[2])).sort((a, b) => a - b);
}

/** Runs h2load with a number of concurrent streams on each connection. Throws if the server does not choose HTTP/2. */
export async function runH2load(options: LoadOptions & { streams: number }): Promise<LoadResult> {
  const { url, headers, connections, streams, seconds, core } = options;
  const lines = Object.entries({ ...HEADERS, ...headers }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const folder = mkdtempSync(join(tmpdir(), 'bff-h2load-'));
  try {
    const log = join(folder, 'log');
    const h2load = ['h2load', '-t1', `-c${connections}`, `-m${streams}`, '-D', String(seconds), '--log-file', log];
    const { stdout } = await promisify(execFile)('taskset', ['-c', core, ...h2load, ...lines, url]);
    const found = /^requests: .* (\d+) done, (\d+) succeeded, \d+ failed, (\d+) errored/m.exec(stdout);
    if (!found || !stdout.includes('Application protocol: h2\n')) throw new Error(stdout);
    const [requests = 0, succeeded = 0, errored = 0] = found.slice(1).map(Number);
    const latencies = latenciesOf(log);
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
    return { requests, seconds, p50: at(0.5), p99: at(0.99), errors: requests - succeeded + errored };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

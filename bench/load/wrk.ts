/** HTTP load with wrk: requests, latency, errors. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { HEADERS } from './browser.ts';

export interface LoadOptions {
  url: string;
  headers: Readonly<Record<string, string>>;
  connections: number;
  seconds: number;
  /** CPU core for the load generator. */
  core: string;
}

export interface LoadResult {
  requests: number;
  seconds: number;
  /** Microseconds. */
  p50: number;
  p99: number;
  /** Failed connections, and responses other than 2xx. */
  errors: number;
}

/** Runs wrk and returns its results. */
export function runWrk({ url, headers, connections, seconds, core }: LoadOptions): Promise<LoadResult> {
  const lines = Object.entries({ ...HEADERS, ...headers }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s'];
  const script = ['-s', join(import.meta.dirname, 'report.lua')];
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', ['-c', core, ...wrk, ...script, ...lines, url]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', () => {
      const found = /JSON(\{.*\})/.exec(output)?.[1];
      if (found) resolve(JSON.parse(found) as LoadResult);
      else reject(new Error(output));
    });
  });
}

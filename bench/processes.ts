/** Processes of a comparison: start, pin to a core, measure CPU and memory, kill. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const children: ChildProcess[] = [];

/** Starts a process whose output goes to a log file in the folder; returns its id. */
export function start(
  folder: string,
  name: string,
  [command = '', ...args]: readonly string[],
  env: Record<string, string> = {},
): number {
  const out = openSync(join(folder, `${name}.log`), 'w');
  const child = spawn(command, args, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', out, out],
  });
  child.once('error', (error) => console.error(`${name}: ${error.message}`));
  children.push(child);
  return child.pid ?? 0;
}

interface Stat {
  parent: number;
  /** Clock ticks in user and system mode. */
  ticks: number;
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}

/** A process and its descendants. */
function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    const parent = readStat(pid)?.parent ?? 0;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(childrenOf.get(pid) ?? []));
  return found;
}

const MICROSECONDS_PER_TICK = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU time of a process and its descendants since they started, in microseconds. */
export const cpuOf = (root: number) =>
  processTree(root).reduce((sum, pid) => sum + (readStat(pid)?.ticks ?? 0), 0) * MICROSECONDS_PER_TICK;

/** Memory of a process and its descendants in megabytes: shared pages in proportion (Pss), or in full per process (Rss). */
export function memoryOf(root: number, kind: 'Pss' | 'Rss' = 'Pss'): number {
  const line = new RegExp(`^${kind}:\\s+(\\d+)`, 'm');
  const kilobytes = processTree(root).map((pid) => {
    try {
      return Number(line.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** Pins a process and its descendants to these cores. */
export function pin(root: number, cores: string): void {
  for (const pid of processTree(root)) {
    try {
      execFileSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' });
    } catch {
      // The process has already exited.
    }
  }
}

/** Kills all started processes and their descendants. */
export function stopAll(): void {
  for (const child of children.splice(0).reverse()) {
    // Parents first: nginx replaces a worker that ended.
    for (const pid of processTree(child.pid ?? 0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has already exited.
      }
    }
  }
}

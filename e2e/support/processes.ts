/** Child processes of the suite: started with a log file, and always ended with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export { freePort } from '../../test/support/ports.ts';

export interface Running {
  pid: number;
  /** Stops the process; resolves when it has exited. */
  stop(): Promise<void>;
  /** Undefined while the process runs. */
  exited(): string | undefined;
  /** The last lines of its output. */
  tail(): string;
}

export interface LaunchOptions {
  command: string;
  args: string[];
  log: string;
  env?: Record<string, string>;
  cwd?: string;
}

const alive = new Set<ChildProcess>();

// However this process ends, its children end with it.
process.on('exit', () => {
  for (const child of alive) signal(child, 'SIGKILL');
});

/** Exits on signals, so that the children end with this process. */
export function exitOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
}

/** Starts a process in its own process group; its output goes to a file. */
export function launch({ command, args, log, env = {}, cwd }: LaunchOptions): Running {
  const out = openSync(log, 'a');
  const child = spawn(command, args, {
    stdio: ['ignore', out, out],
    env: { ...process.env, ...env },
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  closeSync(out);
  alive.add(child);
  let ended: string | undefined;
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => finish(error.message));
    child.once('exit', (code, by) => finish(`${command} ended with ${by ?? code}`));
    function finish(how: string) {
      ended ??= how;
      alive.delete(child);
      resolve();
    }
  });
  return {
    pid: child.pid ?? -1,
    exited: () => ended,
    tail: () => tail(log),
    async stop() {
      if (ended === undefined) signal(child, 'SIGTERM');
      const timer = setTimeout(() => signal(child, 'SIGKILL'), 15_000);
      await end;
      clearTimeout(timer);
    },
  };
}

/** Runs a command to its end; its output goes to a file. Fails with the last lines if the command does. */
export async function runToEnd(command: string, args: string[], log: string, cwd = process.cwd()): Promise<void> {
  const out = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', out, out], cwd });
  closeSync(out);
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}:\n${tail(log)}`)),
    );
  });
}

const tail = (log: string) => readFileSync(log, 'utf8').split('\n').slice(-30).join('\n');

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The process has already exited.
  }
}

/** Waits until `check` returns a value; fails with the output of the process after the time limit. */
export async function waitUntilReady<T>(
  what: string,
  process: Running,
  seconds: number,
  check: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline && process.exited() === undefined) {
    const result = await check().catch(() => undefined);
    if (result !== undefined) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} is not ready: ${process.exited() ?? `no success within ${seconds} s`}\n${process.tail()}`);
}

/** Child processes of the suite: started with a log file, ended for certain. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export { freePort } from '../../test/support/ports.ts';

export interface Running {
  pid: number;
  /** Asks the process to end and resolves when it has. */
  stop(): Promise<void>;
  /** Undefined while the process runs. */
  exited(): string | undefined;
  /** The end of what it printed. */
  tail(): string;
}

export interface Launch {
  command: string;
  args: string[];
  log: string;
  env?: Record<string, string>;
  cwd?: string;
}

const alive = new Set<ChildProcess>();

// Whatever ends this process, its children do not outlive it.
process.on('exit', () => {
  for (const child of alive) signal(child, 'SIGKILL');
});

/** Makes a signal an ordinary end of this process, so that its children end with it. */
export function exitOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
}

/** Starts a process in a group of its own; what it prints goes to a file. */
export function launch({ command, args, log, env = {}, cwd }: Launch): Running {
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
    tail: () => readFileSync(log, 'utf8').split('\n').slice(-30).join('\n'),
    async stop() {
      if (ended === undefined) signal(child, 'SIGTERM');
      const late = setTimeout(() => signal(child, 'SIGKILL'), 15_000);
      await end;
      clearTimeout(late);
    },
  };
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // Gone already.
  }
}

/** Waits until `check` gives something, and fails with what the process printed if that takes too long. */
export async function ready<T>(
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
  throw new Error(`${what} is not ready: ${process.exited() ?? `${seconds} s are over`}\n${process.tail()}`);
}

/** Runs `bff-gateway dev` as a developer does, and waits until it has printed its addresses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from '../../support/wait.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

export interface RunningDev {
  url: string;
  issuer: string;
  printed(): string;
  /** Sends a signal; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A started process with what it prints; it may end by itself. */
export function spawnCli(args: readonly string[], cwd?: string): { child: ChildProcess; printed(): string } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd && { cwd }) });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  process.once('exit', () => child.kill('SIGKILL'));
  return { child, printed: () => printed };
}

/** Starts the command. Rejects with its output if it ends. */
export async function startDev(args: readonly string[], cwd?: string): Promise<RunningDev> {
  const { child, printed } = spawnCli(['dev', ...args], cwd);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await until(() => printed().includes('Ctrl+C') || hasEnded(), { what: 'dev runs' });
  if (hasEnded()) throw new Error(`dev has ended:\n${printed()}`);
  const address = (name: string) => new RegExp(`^  ${name} +(\\S+)`, 'm').exec(printed())?.[1] ?? '';
  return {
    url: address('app'),
    issuer: address('provider'),
    printed,
    async stop(signal = 'SIGINT') {
      if (hasEnded()) return child.exitCode;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
      return child.exitCode;
    },
  };
}

/** Runs the demo as a new user does, with its command, and opens the system's Chromium. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { until } from '../support/wait.ts';

const ROOT = join(import.meta.dirname, '../..');
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export interface RunningDemo {
  process: ChildProcess;
  /** What the command has printed. */
  printed(): string;
  isRunning(): boolean;
  stop(): void;
}

/** Starts the command with further arguments; resolves when it has printed that it can be stopped. */
export async function startDemo(port: number, args: readonly string[] = []): Promise<RunningDemo> {
  const demo = spawn('npm', ['run', '-s', 'demo', ...args], {
    cwd: ROOT,
    env: { ...process.env, DEMO_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let printed = '';
  demo.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const isRunning = () => demo.exitCode === null && demo.signalCode === null;
  const stop = () => {
    if (demo.pid && isRunning()) process.kill(-demo.pid, 'SIGTERM');
  };
  try {
    await until(() => printed.includes('Ctrl+C') || !isRunning(), { timeout: 60_000, what: 'the demo runs' });
  } catch (error) {
    stop();
    throw error;
  }
  return { process: demo, printed: () => printed, isRunning, stop };
}

export const startChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS.split(' ') });

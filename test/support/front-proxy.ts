/** Runs a front proxy as a separate process on a loopback port, with a temporary folder for its files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './wait.ts';

export interface FrontProxy {
  readonly port: number;
  stop(): Promise<void>;
}

export interface FrontProxyOptions {
  command: string;
  /** Writes the configuration to the folder and returns the arguments. */
  prepare: (folder: string) => string[];
  port: number;
  /** The signal that stops it. */
  signal: NodeJS.Signals;
  /** Whether it has its whole configuration, where it listens earlier. */
  isReady?: () => Promise<boolean>;
}

/** Whether a process listens on a port. */
function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

const ended = (child: ChildProcess) =>
  child.exitCode === null && child.signalCode === null
    ? new Promise<void>((resolve) => child.once('exit', () => resolve()))
    : Promise.resolve();

/** Starts the proxy and waits until it listens. */
export async function startFrontProxy(options: FrontProxyOptions): Promise<FrontProxy> {
  const { command, prepare, port, signal, isReady = async () => true } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bff-front-'));
  // Caddy stores its state in these folders.
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = spawn(command, prepare(folder), { stdio: ['ignore', 'ignore', 'pipe'], env });
  let output = '';
  child.once('error', (error) => {
    output = String(error);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await until(async () => {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${command} ended: ${output}`);
    return (await isListening(port)) && (await isReady());
  });
  return {
    port,
    async stop() {
      child.kill(signal);
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

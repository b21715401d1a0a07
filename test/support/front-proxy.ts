/** Runs a front proxy of its own process on a port of loopback, with a folder for its files, until it is stopped. */
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
  /** Its arguments, once its files are written into the folder. */
  prepare: (folder: string) => string[];
  port: number;
  /** What makes it stop. */
  signal: NodeJS.Signals;
}

/** Whether something listens there. */
function listens(port: number): Promise<boolean> {
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

/** Starts it and waits until it listens. */
export async function startFrontProxy({ command, prepare, port, signal }: FrontProxyOptions): Promise<FrontProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-front-'));
  // Caddy keeps its state where these point to.
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = spawn(command, prepare(folder), { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  child.once('error', (error) => {
    said = String(error);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(async () => {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${command} ended: ${said}`);
    return await listens(port);
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

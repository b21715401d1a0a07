/** Runs the gateway as a separate process with a configuration file, which can be stopped and killed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { type Browser, createBrowser } from './browser.ts';
import { newKey } from './gateway.ts';
import { freePort } from './ports.ts';
import type { Provider } from './provider.ts';
import type { CertificateFiles } from './tls-files.ts';
import { until } from './wait.ts';

export interface GatewayProcess {
  /** The public URL. */
  readonly url: string;
  /** The URL of this process. */
  readonly ownUrl: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly key: string;
  /** Path of its configuration file. */
  readonly file: string;
  /** Process ID. */
  pid(): number;
  /** Resident memory in bytes. */
  memory(): number;
  /** The last part of its standard output and standard error. */
  output(): string;
  /** Stops reading its output, as a log collector that stands still; nothing reads it again. */
  stopReading(): void;
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void;
  /** Replaces its configuration file: by other options, or by a text. */
  configure(config: Partial<ConfigInput> | string): void;
  /** Starts or restarts it, and waits until it is ready. */
  start(): Promise<void>;
  /** Kills it with SIGKILL. */
  kill(): Promise<void>;
  /** Stops it with SIGTERM; resolves with its exit code. */
  terminate(): Promise<number | null>;
  browser(): Browser;
}

export interface GatewayProcessOptions {
  provider: Provider;
  config: Partial<ConfigInput>;
  /** Replicas share the public URL and the key. */
  publicUrl?: string;
  key?: string;
  /** Certificate of the public port, which speaks TLS with it. */
  tls?: CertificateFiles;
  /** Added to the environment of the tests. */
  env?: Readonly<Record<string, string>>;
  /** Maximum number of open files of the process. */
  openFiles?: number;
  /** Returns the command that runs it in place of this one, for example on a terminal. */
  wrap?: (command: readonly string[]) => readonly string[];
  /** Arguments of Node itself. */
  nodeArgs?: readonly string[];
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');

type ResolvedOptions = GatewayProcessOptions & { publicUrl: string; key: string };

function configFor({ provider, config, publicUrl, key, tls }: ResolvedOptions, port: number, admin: number) {
  return {
    publicUrl,
    allowedHosts: [`localhost:${port}`],
    listen: { host: '127.0.0.1', port, ...(tls ? { tls } : {}) },
    admin: { port: admin },
    secrets: { keys: [{ id: 'k1', value: key }] },
    provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
    // No load balancer has to notice the stop first.
    limits: { loginsPerMinute: 0, drainDelay: '0s' },
    development: { allowInsecureHttp: true },
    log: { level: 'warn' },
    ...config,
  } satisfies ConfigInput;
}

/** Resident memory of a process in bytes. */
function residentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
}

/** Starts the process; the process and its folder are removed after the test. */
export async function startProcess(
  t: { after(end: () => Promise<void>): void },
  options: GatewayProcessOptions,
): Promise<GatewayProcess> {
  const [port, admin] = [await freePort(), await freePort()];
  const ownUrl = `${options.tls ? 'https' : 'http'}://localhost:${port}`;
  const { publicUrl: url = ownUrl, key = newKey() } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bff-process-'));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, stringify(configFor({ ...options, publicUrl: url, key }, port, admin)));
  const browsers: Browser[] = [];
  let child: ChildProcess | undefined;
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  // A test run that is interrupted leaves none behind.
  process.once('exit', () => child?.kill('SIGKILL'));
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
    return ending.exitCode;
  };
  const running: GatewayProcess = {
    url,
    ownUrl,
    port,
    adminUrl: `http://127.0.0.1:${admin}`,
    key,
    file,
    pid: () => child?.pid ?? 0,
    memory: () => residentOf(child?.pid ?? 0),
    output: () => output,
    stopReading() {
      for (const stream of [child?.stdout, child?.stderr]) stream?.removeAllListeners('data').pause();
    },
    signal: (name) => void child?.kill(name),
    configure(config) {
      const resolved = { ...options, publicUrl: url, key };
      const text = typeof config === 'string' ? config : stringify(configFor({ ...resolved, config }, port, admin));
      writeFileSync(file, text);
    },
    async start() {
      const command = [process.execPath, ...(options.nodeArgs ?? []), MAIN, 'start', '--config', file];
      const limited = options.openFiles === undefined ? [] : ['prlimit', `--nofile=${options.openFiles}`];
      const [program = '', ...args] = options.wrap?.(command) ?? [...limited, ...command];
      child = spawn(program, args, {
        // The default session store is a file there: two gateways cannot share it.
        cwd: folder,
        env: { ...process.env, ...options.env },
      });
      child.stdout?.on('data', keep);
      child.stderr?.on('data', keep);
      let closed = false;
      child.once('close', () => {
        closed = true;
      });
      const ready = async () => (await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => undefined))?.ok;
      await until(async () => closed || (await ready()), { timeout: 60_000, what: 'the gateway to become ready' });
      if (closed) {
        const cause = new Error(`the gateway ended with ${child.exitCode}: ${output}`);
        throw new Error('the gateway did not become ready', { cause });
      }
    },
    kill: async () => void (await end('SIGKILL')),
    terminate: () => end('SIGTERM'),
    browser() {
      const browser = createBrowser({ baseUrl: url });
      browsers.push(browser);
      return browser;
    },
  };
  t.after(async () => {
    for (const browser of browsers) browser.close();
    await running.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await running.start();
  return running;
}

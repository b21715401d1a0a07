/** What both demos need: free ports, and a gateway that runs until Ctrl+C. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../..');

/** The first port of the demo, from which its others follow. */
export const firstPort = (): number => Number(process.env.DEMO_PORT ?? 3000);

/** A new random secret. */
export const newSecret = (): string => randomBytes(48).toString('base64url');

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** The first free port from `first` on. */
export async function findPort(first: number, what: string): Promise<number> {
  for (let port = first; port < first + 50; port++) {
    if (!(await isFree(port))) continue;
    if (port !== first) console.log(`Port ${first} is in use; ${what} uses ${port}.`);
    return port;
  }
  throw new Error(`no free port for ${what} between ${first} and ${first + 49}`);
}

async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    if (child.exitCode !== null) throw new Error('the gateway did not start; see its message above');
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error('the gateway is not ready after 30 s');
}

/** Starts the gateway with a file of this folder, waits until it is ready, and ends this process with it. */
export async function startGateway(file: string, port: number, variables: Record<string, string>): Promise<void> {
  const adminPort = await findPort(firstPort() + 6400, 'the admin listener');
  const folder = join(ROOT, '.cache', 'demo', String(port));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const env = {
    ...process.env,
    ...variables,
    BFF_LISTEN_PORT: String(port),
    BFF_ADMIN_PORT: String(adminPort),
    DEMO_KEY: newSecret(),
    DEMO_DATABASE: join(folder, 'sessions.db'),
  };
  const args = ['src/main.ts', 'start', '--config', join('deploy/demo', file)];
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  let stopping = false;
  // For each signal: with Ctrl+C, the terminal and npm send one each, and the API must outlive the gateway.
  const stop = () => {
    if (stopping) return;
    stopping = true;
    child.once('exit', () => process.exit(0));
    child.kill('SIGTERM');
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await waitUntilReady(child, `http://127.0.0.1:${adminPort}/readyz`);
  child.once('exit', (code) => process.exit(code ?? 1));
}

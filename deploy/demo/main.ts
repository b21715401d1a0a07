/** Starts the demo: an OpenID provider, an orders API, and the gateway in front of a small shop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrdersApi } from './orders-api.ts';
import { startProvider } from './provider.ts';
import { USERS } from './users.ts';

const ROOT = join(import.meta.dirname, '../..');
const secret = () => randomBytes(48).toString('base64url');

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** The first free port from `first` on. */
async function findPort(first: number, what: string): Promise<number> {
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

async function start(): Promise<{ url: string; child: ChildProcess }> {
  const firstPort = Number(process.env.DEMO_PORT ?? 3000);
  const port = await findPort(firstPort, 'the shop');
  const providerPort = await findPort(firstPort + 100, 'the provider');
  const apiPort = await findPort(firstPort + 200, 'the orders API');
  const adminPort = await findPort(firstPort + 6400, 'the admin listener');
  const url = `http://localhost:${port}`;
  // To a browser 127.0.0.1 and localhost are two sites, like provider and shop in production.
  const issuer = `http://127.0.0.1:${providerPort}`;
  const resource = 'https://orders-api.demo.test';
  const clientSecret = secret();
  await startProvider({ issuer, port: providerPort, gatewayUrl: url, clientSecret, resource, cookieKey: secret() });
  await startOrdersApi({ port: apiPort, issuer, audience: resource });

  const folder = join(ROOT, '.cache', 'demo', String(port));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const env = {
    ...process.env,
    BFF_LISTEN_PORT: String(port),
    BFF_ADMIN_PORT: String(adminPort),
    DEMO_URL: url,
    DEMO_ISSUER: issuer,
    DEMO_RESOURCE: resource,
    DEMO_API: `http://127.0.0.1:${apiPort}`,
    DEMO_KEY: secret(),
    DEMO_CLIENT_SECRET: clientSecret,
    DEMO_DATABASE: join(folder, 'sessions.db'),
  };
  const args = ['src/main.ts', 'start', '--config', 'deploy/demo/gateway.yaml'];
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
  return { url, child };
}

try {
  const { url } = await start();
  const users = USERS.map(({ name, about }) => `    ${name.padEnd(6)} ${about}`).join('\n');
  console.log(`\n  The demo runs at ${url}\n\n  Users (no passwords):\n${users}\n\n  Ctrl+C stops it.\n`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

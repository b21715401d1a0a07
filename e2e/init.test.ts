/** `bff-gateway init` and `start` with Keycloak, in an empty folder: an app on a port is behind a sign-in within two minutes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { cli } from '../test/cli/init/run-init.ts';
import { keycloakAdmin } from './support/admin.ts';
import { startBrowser } from './support/browser.ts';
import { freePort, launch, type Running, waitUntilReady } from './support/processes.ts';
import { sharedServers } from './support/run.ts';
import { apiRequest, signIn } from './support/steps.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const LIMIT_MS = 120_000;

const { folder: results, keycloakOrigin } = sharedServers();
const folder = join(results, 'init');
const publicUrl = `http://localhost:${await freePort()}`;
const adminPort = await freePort();
const open: (Running | Server)[] = [];
const browser = await startBrowser();
after(async () => {
  await browser.close();
  await Promise.all(open.map((part) => ('stop' in part ? part.stop() : part.close())));
});

/** An app on a port, and an API on another that returns who the token is for. */
async function listen(server: Server): Promise<string> {
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const startApp = () =>
  listen(createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>The app</h1>')));

const startApi = () =>
  listen(
    createServer((req, res) => {
      const [, payload = ''] = (req.headers.authorization ?? '').split('.');
      const { azp } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}');
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ azp }));
    }),
  );

browser.test('an empty folder becomes a gateway with a sign-in', async (page) => {
  const started = performance.now();
  await mkdir(folder, { recursive: true });
  await keycloakAdmin(keycloakOrigin).setUpClient('bff-gateway', publicUrl);
  await writeFile(join(folder, 'oidc-secret'), 'bff-gateway-secret\n', { mode: 0o600 });
  const issuer = `${keycloakOrigin}/realms/bff`;
  const written = await cli(folder, [
    ...['init', '--yes', '--provider', 'keycloak', '--issuer', issuer, '--client-id', 'bff-gateway'],
    ...['--client-secret-file', 'oidc-secret', '--public-url', publicUrl],
    ...['--frontend', await startApp(), '--api', `/api=${await startApi()}`],
  ]);
  assert.equal(written.code, 0, written.err);
  assert.ok(written.err.includes(`found ${issuer}`), written.err);
  assert.ok(written.out.includes(`${publicUrl}/callback`), written.out);
  const log = join(results, 'init.log');
  const env = { BFF_ADMIN_PORT: `${adminPort}` };
  const gateway = launch({ command: process.execPath, args: [MAIN, 'start'], cwd: folder, log, env });
  open.push(gateway);
  await waitUntilReady('the gateway', gateway, 60, async () => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    await response.body?.cancel();
    return response.ok || undefined;
  });
  await page.goto(publicUrl);
  await page.getByRole('heading', { name: 'The app' }).waitFor();
  await signIn(page, { publicUrl });
  assert.deepEqual(await apiRequest(page, '/api/hello'), { status: 200, body: { azp: 'bff-gateway' } });
  assert.ok(performance.now() - started < LIMIT_MS);
  const files = ['.gitignore', 'docker-compose.yml', 'gateway.yaml', 'oidc-secret', 'session-key'];
  assert.deepEqual((await readdir(folder)).filter((name) => !name.startsWith('bff-sessions.db')).sort(), files);
});

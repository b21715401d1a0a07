/** docs/get-started.md as a reader follows it: its commands, its configuration, a sign-in at Keycloak, two replicas with one Redis. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keycloakAdmin } from './support/admin.ts';
import { assertAccessible } from './support/axe.ts';
import { type Page, startBrowser } from './support/browser.ts';
import { freePort, type Running, waitUntilReady } from './support/processes.ts';
import { blocksOf, createReader } from './support/reader.ts';
import { sharedServers } from './support/run.ts';
import { submitCredentials, until } from './support/steps.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGE = readFileSync(join(ROOT, 'docs/get-started.md'), 'utf8');
const FIRST = [
  '1. Build the gateway and start Keycloak',
  '2. Write the configuration',
  '3. Start the gateway and sign in',
].flatMap((heading) => blocksOf(PAGE, heading));
const SECOND = blocksOf(PAGE, '4. Run two replicas');
const SOURCES = ['src', 'views', 'deploy', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

const { folder: results, keycloakOrigin, redisUrl } = sharedServers();
const folder = join(results, 'get-started');
const ports = {
  public: await freePort(),
  admin: await freePort(),
  api: await freePort(),
  listen: [await freePort(), await freePort()],
  admins: [await freePort(), await freePort()],
};
const publicUrl = `http://localhost:${ports.public}`;
/** The two services that a reader starts with Docker already run here; the ports of the page may be in use. */
const replacements = new Map([
  ['npm ci && ', ''],
  ['docker compose up --wait keycloak\n', ''],
  ['docker run --rm -d --name bff-redis -p 127.0.0.1:6379:6379 redis:7-alpine\n', ''],
  ['redis://127.0.0.1:6379', redisUrl],
  ['http://127.0.0.1:8080', keycloakOrigin],
  ['localhost:3000', `localhost:${ports.public}`],
  ['127.0.0.1:8081', `127.0.0.1:${ports.api}`],
  ['PORT=8081', `PORT=${ports.api}`],
  ['BFF_LISTEN_PORT=3001 BFF_ADMIN_PORT=9401', `BFF_LISTEN_PORT=${ports.listen[0]} BFF_ADMIN_PORT=${ports.admins[0]}`],
  ['BFF_LISTEN_PORT=3002 BFF_ADMIN_PORT=9402', `BFF_LISTEN_PORT=${ports.listen[1]} BFF_ADMIN_PORT=${ports.admins[1]}`],
]);
const env = {
  BFF_LISTEN_PORT: `${ports.public}`,
  BFF_ADMIN_PORT: `${ports.admin}`,
  BFF_SESSION_STORE_REDIS_PREFIX: 'e2e:get-started:',
};
const { BFF_SESSION_STORE_REDIS_PREFIX: _later, ...first } = env;
const reader = createReader({ folder, replacements, env: first });
const open: Running[] = [];
after(() => Promise.all(open.map((process) => process.stop())));
const browser = await startBrowser();
after(() => browser.close());

/** A checkout with its packages installed, as after `npm ci`. */
async function checkout(): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of SOURCES) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'deploy/nginx/two-replicas.conf');
  const text = readFileSync(file, 'utf8')
    .replace('127.0.0.1:3000', `127.0.0.1:${ports.public}`)
    .replace('127.0.0.1:3001', `127.0.0.1:${ports.listen[0]}`)
    .replace('127.0.0.1:3002', `127.0.0.1:${ports.listen[1]}`);
  await writeFile(file, text);
  await keycloakAdmin(keycloakOrigin).setUpClient('bff-gateway', publicUrl);
}

const untilReady = (what: string, process: Running, url: string) =>
  waitUntilReady(what, process, 30, async () => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok || undefined;
  });

async function signIn(page: Page): Promise<void> {
  await page.goto(publicUrl);
  await page.click('#sign-in');
  await submitCredentials(page, 'alice');
  await page.getByText('Signed in as Alice Liddell').waitFor();
}

test('every address and command that is replaced here is on the page', () => {
  const text = [...FIRST, ...SECOND].map((block) => block.text).join('');
  assert.deepEqual(
    [...replacements.keys()].filter((part) => !text.includes(part)),
    [],
  );
});

test('every command of the page is run here', () => {
  const elsewhere = blocksOf(PAGE, 'In one command'); // e2e/dev.test.ts
  const typed = new Set([...FIRST, ...SECOND, ...elsewhere].map((block) => block.text));
  const shown = [...PAGE.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  assert.deepEqual(
    shown.filter((text) => !typed.has(text)),
    [],
  );
  assert.deepEqual([FIRST.length, SECOND.length], [3, 1]);
});

browser.test('from a checkout to a sign-in and an API request', async (page) => {
  await checkout();
  const [install, config, start] = FIRST;
  assert.ok(install && config?.language === 'yaml' && start);
  await reader.run(install, 'all end');
  await writeFile(join(folder, 'gateway.yaml'), reader.adapt(config.text));
  const [api, gateway] = await reader.run(start, 'last stays');
  assert.ok(api && gateway);
  open.push(api, gateway);
  await untilReady('the gateway', gateway, `http://127.0.0.1:${ports.admin}/readyz`);
  await untilReady('the orders API', api, `http://127.0.0.1:${ports.api}/healthz`);
  await page.goto(publicUrl);
  await page.getByText('You are not signed in').waitFor();
  await assertAccessible(page, 'orders-signed-out');
  await signIn(page);
  await page.getByText('coffee, ordered by bob').waitFor();
  await assertAccessible(page, 'orders-signed-in');
  await page.fill('#item', 'A box of envelopes');
  await page.click('#order button');
  await page.getByText('A box of envelopes, ordered by alice').waitFor();
  assert.deepEqual(await page.evaluate('[document.cookie, localStorage.length, sessionStorage.length]'), ['', 0, 0]);
  await gateway.stop();
});

browser.test('two replicas with one Redis: either may stop', async (page) => {
  const [block] = SECOND;
  assert.ok(block);
  const replicas = createReader({ folder, replacements, env });
  const [one, two, nginx] = await replicas.run(block, 'last stays');
  assert.ok(one && two && nginx);
  open.push(one, two, nginx);
  for (const [index, process] of [one, two].entries())
    await untilReady('a replica', process, `http://127.0.0.1:${ports.admins[index]}/readyz`);
  await untilReady('nginx', nginx, `${publicUrl}/session`);
  await signIn(page);
  await one.stop();
  // nginx skips a replica that refuses connections.
  for (let visit = 0; visit < 4; visit += 1) {
    await page.goto(publicUrl);
    await page.getByText('Signed in as Alice Liddell').waitFor();
  }
  await page.click('#sign-out');
  await page.waitForURL(`${publicUrl}/signed-out`);
  await until('nobody is signed in', async () => {
    await page.goto(publicUrl);
    return page.getByText('You are not signed in').isVisible();
  });
});

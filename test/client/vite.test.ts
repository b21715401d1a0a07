/** The package in a real Vite project, in Chromium: built and served by the gateway, with Vite behind the gateway, and before it. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Packed, pack } from '../package/packed.ts';
import { freePort } from '../support/ports.ts';
import { type Page, startRealWorld } from '../support/real-browser.ts';
import { until } from '../support/wait.ts';
import { setUpSso } from './sso.ts';

const DOCS = readFileSync(join(import.meta.dirname, '../../docs/front-end.md'), 'utf8');
const INDEX = '<!doctype html><title>vite</title><div id="app"></div><script type="module" src="/main.js"></script>';
/** React with the hooks, beside a module that hot reload replaces; `served` is the module of the gateway. */
const MAIN = `
import { createClient } from 'bff-gateway-client';
import { BffProvider, useBffFetch, useSession, useUser } from 'bff-gateway-client/react';
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { text } from './text.js';

const client = createClient({ base: '/bff' });
const show = (value) => { document.body.dataset.text = value; };
show(text);
import.meta.hot?.accept('./text.js', (module) => show(module.text));

const { createClient: served } = await import(/* @vite-ignore */ new URL('/bff/client.js', location.href).href);
document.body.dataset.served = String((await served().session()).authenticated);

function Account() {
  const { status, login } = useSession();
  const user = useUser();
  const fetch = useBffFetch();
  const [answer, setAnswer] = useState('');
  const ask = async () => setAnswer(String((await fetch('/api/orders')).status));
  return h('main', null,
    h('p', { id: 'status' }, status, ' ', user?.name),
    h('button', { id: 'sign-in', onClick: () => login() }, 'Sign in'),
    h('button', { id: 'ask', onClick: ask }, 'Ask'),
    h('p', { id: 'answer' }, answer));
}
createRoot(document.getElementById('app')).render(h(BffProvider, { client }, h(Account)));
`;

let packed: Packed;
before(async () => {
  packed = await pack('bff-gateway-client');
  const files = { 'index.html': INDEX, 'main.js': MAIN, 'text.js': "export const text = 'first';\n" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(packed.app, name), text);
  writeFileSync(join(packed.app, 'package.json'), '{ "type": "module" }');
});
after(() => packed?.remove());

const vite = (...args: string[]): [string, string[]] => ['node', ['node_modules/vite/bin/vite.js', ...args]];

/** Starts the development server of the project and waits until it serves a page. */
async function startVite(t: TestContext, port: number, config: string): Promise<void> {
  writeFileSync(join(packed.app, 'vite.config.js'), config);
  writeFileSync(join(packed.app, 'text.js'), "export const text = 'first';\n");
  const [command, args] = vite('--host', 'localhost', '--port', String(port), '--strictPort');
  const child = spawn(command, args, { cwd: packed.app, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  const serves = async () => (await fetch(`http://localhost:${port}/`)).ok;
  await until(() => (child.exitCode === null ? serves() : assert.fail(log)), { what: 'the development server serves' });
}

/** Signs in with the button of the app, then sends a request to the API. */
async function useApp(page: Page, url: string): Promise<void> {
  const errors: string[] = [];
  page.on('pageerror', (error) => void errors.push(error.message));
  await page.goto(`${url}/`);
  await page.locator('#status', { hasText: 'signed-out' }).waitFor();
  assert.equal(await page.locator('body').getAttribute('data-served'), 'false');
  await page.click('#sign-in', { noWaitAfter: true });
  await page.click('#go', { noWaitAfter: true });
  await page.waitForURL(`${url}/`);
  await page.locator('#status', { hasText: 'signed-in Alice Example' }).waitFor();
  assert.equal(await page.locator('body').getAttribute('data-served'), 'true');
  await page.click('#ask');
  await page.locator('#answer', { hasText: '200' }).waitFor();
  assert.deepEqual(errors, []);
}

/** Edits a module: the page shows the new text without being loaded again. */
async function editModule(page: Page): Promise<void> {
  await page.evaluate("document.body.dataset.stays = 'yes'");
  writeFileSync(join(packed.app, 'text.js'), "export const text = 'second';\n");
  await page.locator('body[data-text=second][data-stays=yes]').waitFor();
}

const BASE = { endpoints: { prefix: '/bff' } };

test('a build contains the package, leaves the module of the gateway alone, and runs with the policy of the gateway', async (t) => {
  writeFileSync(join(packed.app, 'vite.config.js'), "export default { build: { target: 'es2022' } };");
  const [command, args] = vite('build');
  const { stderr } = await promisify(execFile)(command, args, { cwd: packed.app });
  assert.doesNotMatch(stderr, /warn|could not|unresolved/i);
  const [script = ''] = globSync('dist/assets/*.js', { cwd: packed.app });
  const text = readFileSync(join(packed.app, script), 'utf8');
  assert.match(text, /X-Bff-Gateway/i);
  assert.match(text, /\/bff\/client\.js/);
  const frontend = { directory: join(packed.app, 'dist') };
  const world = await startRealWorld(t, { gateway: { config: { ...BASE, frontend } } });
  setUpSso(world.provider);
  await useApp(await world.open(), world.gateway.url);
});

test('a static import of the module of the gateway is refused by the development server, as the documentation says', async (t) => {
  const port = await freePort();
  await startVite(t, port, 'export default {};');
  writeFileSync(join(packed.app, 'static.js'), "import '/bff/client.js';");
  const response = await fetch(`http://localhost:${port}/static.js`);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /Failed to resolve import/);
});

test('Vite behind the gateway: sign-in, requests, and hot reload', async (t) => {
  const port = await freePort();
  await startVite(t, port, 'export default {};');
  const frontend = { devServer: `http://localhost:${port}` };
  const world = await startRealWorld(t, { gateway: { config: { ...BASE, frontend } } });
  setUpSso(world.provider);
  const page = await world.open();
  await useApp(page, world.gateway.url);
  await editModule(page);
});

test('Vite before the gateway, with the configuration of the documentation: sign-in, requests, and hot reload', async (t) => {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const world = await startRealWorld(t, { gateway: { publicUrl, config: { ...BASE, allowedHosts: [] } } });
  const [, documented = ''] = /```js\n(\/\/ vite\.config\.js\n[\s\S]*?)```/.exec(DOCS) ?? [];
  const config = documented
    .replace('http://localhost:3000', world.gateway.ownUrl)
    .replace('port: 5173', `port: ${port}`);
  await startVite(t, port, config);
  setUpSso(world.provider);
  const page = await world.open();
  await useApp(page, publicUrl);
  await editModule(page);
});

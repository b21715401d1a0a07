/** `bff-gateway dev` in a browser: an app on a port, with its API and its development server, behind a sign-in with one command. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { WebSocketServer } from 'ws';
import { type RunningDev, startDev } from '../test/cli/dev/start-dev.ts';
import { startBrowser } from './support/browser.ts';
import { freePort } from './support/processes.ts';
import { blocksOf } from './support/reader.ts';

const GET_STARTED = join(import.meta.dirname, '../docs/get-started.md');

const PAGE = `<!doctype html><title>App</title><p id="who"></p><p id="api"></p><p id="hmr"></p>
<p><a id="sign-in" href="/login">Sign in</a> <a id="sign-out" hidden>Sign out</a></p>
<script type="module" src="/main.js"></script>`;

/** What an app does: asks who is signed in, calls its API, and listens to its development server. */
const SCRIPT = `
const headers = { 'X-CSRF': '1' };
const show = (id, text) => { document.getElementById(id).textContent = text; };
new WebSocket('ws://' + location.host + '/hmr', 'vite-hmr').onmessage = ({ data }) => show('hmr', data);
const session = await (await fetch('/session', { headers })).json();
if (session.authenticated) {
  const profile = await (await fetch('/profile', { headers })).json();
  show('who', profile.name + ' ' + JSON.stringify(profile.roles));
  show('api', await (await fetch('/api/hello', { headers })).text());
  const out = document.getElementById('sign-out');
  out.href = session.logoutUrl;
  out.hidden = false;
} else show('who', 'nobody');
`;

const servers: Server[] = [];
const browser = await startBrowser();
let dev: RunningDev | undefined;
after(async () => {
  await dev?.stop('SIGKILL');
  await browser.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A development server as Vite is one: modules, and a WebSocket that reports changes. */
async function startFrontend(): Promise<string> {
  const server = createServer((req, res) => {
    const isScript = req.url === '/main.js';
    res.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' }).end(isScript ? SCRIPT : PAGE);
  });
  const sockets = new WebSocketServer({ server, path: '/hmr', handleProtocols: () => 'vite-hmr' });
  sockets.on('connection', (socket) => socket.send('changes are reported'));
  return listen(server);
}

/** An API that returns the path it got, and claims of the access token. */
const startApi = () =>
  listen(
    createServer((req, res) => {
      const [, payload = ''] = (req.headers.authorization ?? '').split('.');
      const { sub, aud, iss } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}');
      res.end(JSON.stringify({ path: req.url, sub, aud, iss }));
    }),
  );

/** The arguments of the command in docs/get-started.md, with other addresses. */
function documentedArgs(replacements: readonly (readonly [string, string])[]): string[] {
  const [block, ...others] = blocksOf(readFileSync(GET_STARTED, 'utf8'), 'In one command');
  assert.ok(block && others.length === 0);
  const command = replacements.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  }, block.text.trim());
  const [args = ''] = command.split('node dist/main.js dev ').slice(1);
  return args.split(' ');
}

browser.test('one command puts an app and its API behind a sign-in', async (page) => {
  const [frontend, api] = await Promise.all([startFrontend(), startApi()]);
  const port = await freePort();
  const args = documentedArgs([
    ['--port 3000', `--port ${port}`],
    ['http://localhost:5173', frontend],
    ['http://localhost:8080', api],
  ]);
  dev = await startDev([...args, '--prefix', 'strip', '--audience', 'orders-api']);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));

  await page.goto(dev.url);
  await page.getByText('nobody').waitFor();
  await page.getByText('changes are reported').waitFor();
  await page.click('#sign-in');
  await page.getByRole('heading', { name: 'Choose a user' }).waitFor();
  await page.getByRole('button', { name: 'Ada Lovelace' }).click();
  await page.waitForURL(`${dev.url}/`);
  await page.getByText('Ada Lovelace ["admin","user"]').waitFor();
  const call = JSON.parse((await page.locator('#api:not(:empty)').textContent()) ?? '') as Record<string, unknown>;
  assert.deepEqual(call, { path: '/hello', sub: 'ada', aud: 'orders-api', iss: dev.issuer });

  await page.click('#sign-out');
  await page.waitForURL(`${dev.url}/signed-out`);
  await page.goto(dev.url);
  await page.getByText('nobody').waitFor();
  assert.deepEqual(problems, []);
  assert.equal(await dev.stop(), 0, dev.printed());
});

/** The apps of docs/embedding.md with the packed package: sign-in, API, WebSocket, pages of the app, shutdown. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { stringify } from 'yaml';
import { createBrowser } from '../support/browser.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';
import { type Packed, pack } from './packed.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/embedding.md'), 'utf8');
const example = (file: string) => {
  const [, text] = new RegExp(`\`\`\`\\w+\\n(// ${file.replace('.', '\\.')}\\n[\\s\\S]*?)\`\`\``).exec(PAGE) ?? [];
  assert.ok(text, `docs/embedding.md shows ${file}`);
  return text;
};

let packed: Packed;
let provider: Provider;
let upstream: Upstream;
before(async () => {
  packed = await pack();
  provider = await startProvider();
  upstream = await startUpstream({ websocket: true });
});
after(async () => {
  await upstream?.close();
  await provider?.stop();
  await packed?.remove();
});

interface Running {
  port: number;
  url: string;
  child: ChildProcess;
  log(): string;
}

/** Starts one of the two apps and waits until it responds. */
async function start(
  t: TestContext,
  file: 'server.js' | 'server.ts' | 'handlers.js',
  env: Record<string, string> = {},
): Promise<Running> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  writeFileSync(join(packed.app, file), example(file));
  writeFileSync(join(packed.app, 'package.json'), '{ "type": "module" }');
  const config = {
    publicUrl: url,
    listen: { port },
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
    session: { store: { sqlite: { file: ':memory:' } }, cookie: { sameSite: 'lax' } },
    routes: [{ path: '/api/**', upstream: upstream.origin, websocket: true }],
  };
  writeFileSync(join(packed.app, 'gateway.yaml'), stringify(config));
  const child = spawn('node', [file], {
    cwd: packed.app,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: `${port}`,
      PUBLIC_URL: url,
      ISSUER: provider.issuer,
      ORDERS_API: upstream.origin,
      SESSION_KEY: newKey(),
      CLIENT_SECRET: provider.client.secret,
      ADMIN_PORT: '0',
      ...env,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  t.after(() => child.kill('SIGKILL'));
  const responds = () => fetch(`${url}/hello`).then((response) => response.ok);
  await until(() => (child.exitCode === null ? responds() : assert.fail(log)), { what: `${file} responds: ${log}` });
  return { port, url, child, log: () => log };
}

async function signIn({ url }: Running, t: TestContext) {
  const browser = createBrowser({ baseUrl: url });
  t.after(() => browser.close());
  const page = await browser.navigate('/login?returnTo=/hello');
  assert.equal(page.url.pathname, '/hello', page.body);
  assert.match(page.body, /A page of your own/);
  return browser;
}

async function echoed(url: string, path: string, cookie: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws') + path, { origin: url, headers: { cookie } });
  await once(socket, 'open');
  socket.send('over the gateway');
  const [message] = await once(socket, 'message');
  socket.close();
  return String(message);
}

for (const file of ['server.js', 'server.ts'] as const) {
  test(`${file}: sign-in, API, WebSocket and pages of the app work, and it exits on SIGTERM`, async (t) => {
    const running = await start(t, file);
    const { url, child } = running;
    const anonymous = await fetch(`${url}/api/orders`, { headers: CSRF });
    assert.equal(anonymous.status, 401);
    const browser = await signIn(running, t);
    const response = await browser.fetch('/api/orders?x=1', { method: 'POST', headers: CSRF, body: 'streamed' });
    assert.equal(response.status, 200, response.body);
    assert.equal(response.json().target, '/api/orders?x=1');
    assert.equal(upstream.requests.at(-1)?.body.toString(), 'streamed');
    assert.match(upstream.requests.at(-1)?.header('authorization') ?? '', /^Bearer /);
    assert.equal((await browser.fetch('/profile', { headers: CSRF })).status, 200);
    assert.equal(await echoed(url, '/api/live', browser.cookieHeader('/')), 'over the gateway');
    child.kill('SIGTERM');
    await until(() => child.exitCode !== null, { what: 'the app exits' });
    assert.equal(child.exitCode, 0, running.log());
    assert.doesNotMatch(running.log(), /canary/, 'no secret in the log');
  });
}

describe('between the gateway and the app', () => {
  test('an unknown path gets the 404 of the app, and responses of the app have only its own headers', async (t) => {
    const { url } = await start(t, 'server.js');
    const absent = await fetch(`${url}/absent`);
    assert.equal(absent.status, 404);
    assert.match(await absent.text(), /Cannot GET/);
    const own = await fetch(`${url}/hello`);
    assert.equal(own.headers.get('strict-transport-security'), null);
    assert.equal(own.headers.get('x-request-id'), null);
    const body = JSON.stringify({ a: 1 });
    const json = await fetch(`${url}/echo`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    assert.deepEqual(await json.json(), { a: 1 });
  });

  test('an ambiguous path or an unknown Host never reaches the app', async (t) => {
    const { port } = await start(t, 'server.js');
    const statusOf = (path: string, host = `localhost:${port}`) =>
      new Promise<number>((resolve, reject) => {
        request({ port, path, host: '127.0.0.1', headers: { host } }, (res) => resolve(res.resume().statusCode ?? 0))
          .once('error', reject)
          .end();
      });
    assert.equal(await statusOf('/hello'), 200);
    assert.equal(await statusOf('/x/../hello'), 400);
    assert.equal(await statusOf('/hello', 'elsewhere.example'), 421);
    assert.equal(await statusOf('/healthz', 'elsewhere.example'), 200, 'mounted before the gateway');
  });

  test('an upgrade outside of the routes is refused, or passed to the app', async (t) => {
    for (const [file, message] of [
      ['server.js', /400/],
      ['server.ts', /socket hang up/],
    ] as const) {
      const { url } = await start(t, file);
      const socket = new WebSocket(`${url.replace('http', 'ws')}/elsewhere`, { origin: url });
      const [error] = (await once(socket, 'error')) as [Error];
      assert.match(error.message, message, file);
    }
  });
});

test('handlers.js: own handlers get the session, and requireUser protects them', async (t) => {
  const { url } = await start(t, 'handlers.js');
  const browser = createBrowser({ baseUrl: url });
  t.after(() => browser.close());
  assert.equal((await browser.fetch('/hello')).json().hello, 'guest');
  assert.equal((await browser.fetch('/orders')).status, 401);
  const page = await browser.navigate('/orders');
  assert.equal(page.json().page, 'orders');
  assert.notEqual((await browser.fetch('/hello')).json().hello, 'guest');
  const order = (headers: Record<string, string>) =>
    browser.fetch('/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ item: 'ink' }),
    });
  assert.equal((await order({})).status, 403);
  assert.deepEqual((await order(CSRF)).json(), { ordered: 'ink', token: true });
  assert.equal((await browser.fetch('/admin')).status, 403);
});

test('the TypeScript example compiles in strict mode against the declarations of the package', async () => {
  writeFileSync(join(packed.app, 'server.ts'), example('server.ts'));
  const options = ['--strict', '--noEmit', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2024'];
  const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  const { stdout } = await promisify(execFile)(tsc, [...options, '--types', 'node', 'server.ts'], {
    cwd: packed.app,
  }).catch((error: { stdout: string }) => error);
  const own = stdout.split('\n').filter((line) => line.includes('bff-gateway/') || line.startsWith('server.ts'));
  assert.deepEqual(own, []);
});

test('the log names a body parser before the gateway as the cause', async (t) => {
  const text = example('server.js').replace(
    'app.use(gateway.handler);',
    'app.use(express.text({ type: () => true }), gateway.handler);',
  );
  writeFileSync(join(packed.app, 'parsed.js'), text);
  const running = await start(t, 'server.js');
  running.child.kill('SIGKILL');
  await once(running.child, 'exit');
  const child = spawn('node', ['parsed.js'], { cwd: packed.app, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (log += part));
  const post = () => fetch(`${running.url}/api/orders`, { method: 'POST', body: 'x', headers: CSRF });
  const response = await until(() => post().catch(() => undefined), { what: 'a response' });
  assert.equal(response.status, 500);
  await until(() => /mount the gateway before any body parser/.test(log), { what: 'the cause in the log' });
});

/** A mounted gateway reloads its configuration: on demand, when its file changes, and without an interruption. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { ConfigError, type ConfigInput, createGateway, type Gateway, loadConfig } from '../../src/index.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

let provider: Provider;
let upstream: Upstream;
before(async () => {
  provider = await startProvider();
  upstream = await startUpstream();
});
after(async () => {
  await upstream?.close();
  await provider?.stop();
});

interface Setup {
  config: ConfigInput;
  file: string;
  url: string;
  write(changes: Partial<ConfigInput>): void;
  mount(gateway: Gateway): Promise<void>;
}

const open = (path: string) => ({ path, upstream: upstream.origin, rules: [{ token: 'none' as const }] });

async function prepare(t: TestContext): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-embed-'));
  const port = await freePort();
  const config: ConfigInput = {
    publicUrl: `http://localhost:${port}`,
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
    session: { store: { sqlite: { file: ':memory:' } } },
    development: { allowInsecureHttp: true },
    routes: [open('/old/**')],
  };
  const file = join(folder, 'gateway.yaml');
  const setup: Setup = {
    config,
    file,
    url: config.publicUrl ?? '',
    write: (changes) => writeFileSync(file, stringify({ ...config, ...changes })),
    async mount(gateway) {
      const server = createServer((req, res) => gateway.handler(req, res, () => res.writeHead(404).end()));
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      await gateway.start();
      t.after(async () => {
        server.closeAllConnections();
        server.close();
        await gateway.close();
        rmSync(folder, { recursive: true });
      });
    },
  };
  setup.write({});
  return setup;
}

const quiet = { logTo: { write: () => {} } };
const statusOf = async (url: string) => (await fetch(url, { headers: CSRF })).status;

test('reload() reads the file again and applies it', async (t) => {
  const { file, url, write, mount } = await prepare(t);
  const gateway = createGateway(file, quiet);
  await mount(gateway);
  assert.deepEqual([await statusOf(`${url}/old/x`), await statusOf(`${url}/new/x`)], [200, 404]);
  write({ routes: [open('/new/**')] });
  assert.deepEqual(await gateway.reload(), { applied: ['main'], refused: [], needRestart: [] });
  assert.deepEqual([await statusOf(`${url}/old/x`), await statusOf(`${url}/new/x`)], [404, 200]);
});

test('the file that loadConfig has read is read again too', async (t) => {
  const { file, url, write, mount } = await prepare(t);
  const gateway = createGateway(loadConfig(file), quiet);
  await mount(gateway);
  write({ routes: [open('/new/**')] });
  await gateway.reload();
  assert.equal(await statusOf(`${url}/new/x`), 200);
});

test('an object is applied as well, and options that cannot change are named', async (t) => {
  const { config, url, mount } = await prepare(t);
  const gateway = createGateway(config, quiet);
  await mount(gateway);
  const result = await gateway.reload({
    ...config,
    routes: [open('/new/**')],
    session: { ...config.session, cookie: { name: 'other' } },
  });
  assert.deepEqual(result, { applied: ['main'], refused: [], needRestart: ['session.cookie.name'] });
  assert.equal(await statusOf(`${url}/new/x`), 200);
});

test('a faulty configuration changes nothing, and the result has its faults', async (t) => {
  const { file, url, write, mount } = await prepare(t);
  const gateway = createGateway(file, quiet);
  await mount(gateway);
  write({ routes: [{ path: 'relative', upstream: 'x' }] });
  const { applied, refused } = await gateway.reload();
  assert.deepEqual([applied, refused.map(({ app }) => app)], [[], ['main']]);
  const error = refused[0]?.error;
  assert.ok(error instanceof ConfigError);
  assert.deepEqual([...new Set(error.faults.map(({ path }) => path))].sort(), ['routes[0].path', 'routes[0].upstream']);
  assert.equal(await statusOf(`${url}/old/x`), 200);
  rmSync(file);
  assert.match(String((await gateway.reload()).refused[0]?.error), /cannot be read/);
  assert.equal(await statusOf(`${url}/old/x`), 200);
});

test('a request in progress ends under the configuration that it began under', async (t) => {
  const { file, url, write, mount } = await prepare(t);
  const gateway = createGateway(file, quiet);
  await mount(gateway);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const before = upstream.requests.length;
  upstream.respondWith(async (_req, res) => {
    res.write('first ');
    await released;
    res.end('last');
  });
  t.after(() => upstream.respondWith((_req, res) => res.end('plain')));
  const response = fetch(`${url}/old/x`, { headers: CSRF }).then((received) => received.text());
  await upstream.request(before);
  write({ routes: [open('/new/**')] });
  await gateway.reload();
  assert.equal(await statusOf(`${url}/old/x`), 404);
  release();
  assert.equal(await response, 'first last');
});

test('with reload.watch a changed file is applied without a call', async (t) => {
  const { file, url, write, mount } = await prepare(t);
  write({ reload: { watch: true } });
  const lines: string[] = [];
  const gateway = createGateway(file, { logTo: { write: (line) => lines.push(line) } });
  await mount(gateway);
  write({ reload: { watch: true }, routes: [open('/watched/**')] });
  await until(async () => (await statusOf(`${url}/watched/x`)) === 200, { what: 'the changed file is applied' });
  assert.match(lines.join(''), /configuration reloaded/);
});

test('an object cannot be watched: the error says what to do', async (t) => {
  const { config } = await prepare(t);
  assert.throws(() => createGateway({ ...config, reload: { watch: true } }, quiet), /gateway\.reload\(config\)/);
});

test('a closed gateway refuses a reload', async (t) => {
  const { file, mount } = await prepare(t);
  const gateway = createGateway(file, quiet);
  await mount(gateway);
  await gateway.close();
  const { refused } = await gateway.reload();
  assert.match(String(refused[0]?.error), /the gateway is closed/);
});

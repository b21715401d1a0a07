/** B09: the client where parts of a browser are missing: on a server, without channels, without storage, under another base. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { build } from 'esbuild';
import { createClient } from '../../src/client/client.ts';
import { startWorld } from '../support/world.ts';
import { openTab } from './page.ts';

const ROOT = join(import.meta.dirname, '../..');

async function start(t: TestContext) {
  const world = await startWorld(t);
  const tab = openTab(world.browser, world.gateway.url);
  t.after(() => tab.client.close());
  /** A client of the same page with other properties. */
  const withPage = (changes: object) => {
    const client = createClient(
      {},
      Object.defineProperties({ ...tab.page }, Object.getOwnPropertyDescriptors(changes)),
    );
    t.after(() => client.close());
    return client;
  };
  return { world, tab, withPage };
}

test('B09 on a server the client does nothing, fails nowhere, and the process ends', () => {
  const script = `
    import { createClient } from ${JSON.stringify(join(ROOT, 'src/client/client.ts'))};
    const client = createClient({ onUnauthenticated: 'login' });
    const off = client.on('signedin', () => {});
    const results = [
      (await client.session()).authenticated, await client.user(), await client.login(), await client.login({ popup: true }),
      await client.silentLogin(), await client.logout(), (await client.keepAlive()).authenticated,
      (await client.fetch('data:text/plain,x')).status,
    ];
    off();
    process.stdout.write(JSON.stringify(results));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual(JSON.parse(output), [false, null, false, false, false, null, false, 200]);
});

test('B09 in a sandboxed frame, whose origin is null, the client does nothing', async (t) => {
  const { tab, withPage } = await start(t);
  const client = withPage({ location: { ...tab.page.location, origin: 'null' } });
  assert.equal((await client.session()).authenticated, false);
  assert.equal(await client.login({ popup: true }), false);
  assert.deepEqual([tab.calls, tab.windows], [[], []]);
});

test('B09 without BroadcastChannel everything works except the notification of other tabs', async (t) => {
  const { world, withPage } = await start(t);
  await world.signIn();
  const client = withPage({ BroadcastChannel: undefined });
  assert.equal((await client.user())?.sub, 'user-alice');
  assert.equal((await client.fetch('/api/x')).status, 200);
});

test('B09 a sessionStorage that throws: no error, and no silent sign-in, which could not remember that it tried', async (t) => {
  const { tab, withPage } = await start(t);
  const refuse = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  const client = withPage({
    get sessionStorage() {
      return refuse();
    },
  });
  assert.equal(await client.silentLogin(), false);
  const other = withPage({ sessionStorage: { getItem: refuse, setItem: refuse, removeItem: refuse } });
  assert.equal(await other.silentLogin(), false);
  assert.deepEqual(tab.visits, []);
  await client.session();
});

test('B09 a base element applies to the addresses of the application, not to those of the gateway', async (t) => {
  const { world, tab, withPage } = await start(t);
  await world.signIn();
  const at = (baseURI: string) =>
    withPage({
      document: Object.assign(new EventTarget(), { visibilityState: 'visible', baseURI, hasFocus: () => true }),
    });
  const client = at(`${world.gateway.url}/api/v2/`);
  assert.equal((await client.fetch('orders')).status, 200);
  assert.equal(world.upstream.requests.at(-1)?.target, '/api/v2/orders');
  const elsewhere = at('https://cdn.example/assets/');
  assert.equal((await elsewhere.session()).authenticated, true);
  void elsewhere.login({ returnTo: '/' });
  assert.deepEqual(tab.visits, ['/login?returnTo=%2F']);
});

test('B09 a bundler drops the client from an app that imports but does not use it', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "import { createClient } from 'bff-gateway/client'; export const x = 1;", resolveDir: ROOT },
    bundle: true,
    write: false,
    format: 'esm',
    plugins: [
      {
        name: 'sources',
        setup({ onResolve }) {
          onResolve({ filter: /^bff-gateway\/client$/ }, ({ resolveDir }) => ({
            path: join(resolveDir, 'src/client/client.ts'),
          }));
        },
      },
    ],
  });
  assert.doesNotMatch(outputFiles[0]?.text ?? '', /EventTarget|BroadcastChannel/);
  const { sideEffects } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.equal(sideEffects, false);
});

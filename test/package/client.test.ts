/** The package `bff-gateway-client` as a front end installs it: its files, its entry points, and types that need only a browser. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { type Packed, pack } from './packed.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
let packed: Packed;
before(async () => {
  packed = await pack('bff-gateway-client');
});
after(() => packed?.remove());

/** Runs a module in the app; returns what it prints. */
async function evaluate(code: string): Promise<string> {
  writeFileSync(join(packed.app, 'script.mjs'), code);
  const { stdout } = await run('node', ['script.mjs'], { cwd: packed.app });
  return stdout.trim();
}

/** The output of the compiler for a module of the app; empty when it compiles. */
async function compile(file: string, code: string): Promise<string> {
  writeFileSync(join(packed.app, file), code);
  const options = { target: 'es2022', module: 'esnext', moduleResolution: 'bundler', strict: true, noEmit: true };
  const compilerOptions = { ...options, jsx: 'react-jsx', lib: ['es2022', 'dom'], types: [] };
  writeFileSync(join(packed.app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: [file] }));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  return run(tsc, ['-p', packed.app]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

test('contains the compiled client, the hooks, the licence and its README, and nothing else', () => {
  const kinds = new Set(packed.files.map((file) => file.replace(/^dist\/.*?(\.d\.ts|\.\w+)$/, 'dist/*$1')));
  assert.deepEqual([...kinds].toSorted(), ['LICENSE', 'README.md', 'dist/*.d.ts', 'dist/*.js', 'package.json']);
  assert.ok(!packed.files.some((file) => file.includes('served')), 'the entry point of /client.js is for the gateway');
});

test('has the version and the licence of the gateway, no dependency, and frameworks as optional peers', () => {
  const own = JSON.parse(read('packages/client/package.json'));
  const gateway = JSON.parse(read('package.json'));
  for (const field of ['version', 'license']) assert.equal(own[field], gateway[field], field);
  assert.equal(own.dependencies, undefined);
  assert.deepEqual(Object.keys(own.peerDependencies), ['react', 'vue']);
  for (const name of ['react', 'vue']) assert.equal(own.peerDependenciesMeta[name].optional, true, name);
  assert.equal(read('packages/client/LICENSE'), read('LICENSE'));
});

test('exports these names; a change is a decision', async () => {
  const names = async (entry: string) =>
    evaluate(`import * as all from 'bff-gateway-client${entry}'; console.log(Object.keys(all).join());`);
  assert.equal(await names(''), 'createClient');
  const shared = 'useBffFetch,useClient,useSession,useUser';
  assert.equal(await names('/react'), `BffProvider,${shared}`);
  assert.equal(await names('/vue'), `createBff,${shared}`);
  const deep = "import('bff-gateway-client/dist/src/client/client.js').catch(({ code }) => console.log(code));";
  assert.equal(await evaluate(deep), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

test('the hooks add about 1 KB to a bundle, as the README says', async () => {
  for (const entry of ['react', 'vue']) {
    const { outputFiles } = await build({
      stdin: { contents: `export * from 'bff-gateway-client/${entry}';`, resolveDir: packed.app },
      bundle: true,
      minify: true,
      format: 'esm',
      external: [entry],
      write: false,
    });
    const size = gzipSync(outputFiles[0]?.contents ?? '').length;
    assert.ok(size > 600 && size < 1_300, `${entry}: ${size} bytes`);
  }
});

const REACT = `
import { createClient } from 'bff-gateway-client';
import { BffProvider, useBffFetch, useSession, useUser } from 'bff-gateway-client/react';
const client = createClient({ base: '/bff' });
function Greeting() {
  const { status, session, user, expiring, error, login, logout, keepAlive, reload } = useSession();
  const name: string | undefined = useUser()?.name;
  const fetch = useBffFetch();
  const load = async (): Promise<Response> => fetch('/api/orders');
  if (status === 'loading') return null;
  const end: string | undefined = session?.authenticated ? session.idleExpiresAt : undefined;
  return <button onClick={() => login({ popup: true })}>{name}{end}{user?.sub}{expiring?.at.getTime()}{String(error)}{[logout, keepAlive, reload, load].length}</button>;
}
export const app = <BffProvider client={client}><Greeting /></BffProvider>;
`;
/** The example of the README. */
const [, NARROWED = ''] = /```jsx\n([\s\S]*?)```/.exec(read('packages/client/README.md')) ?? [];
const VUE = `
import { createClient, type User } from 'bff-gateway-client';
import { createBff, useBffFetch, useSession, useUser } from 'bff-gateway-client/vue';
import { createApp, type Ref } from 'vue';
createApp({
  setup() {
    const { status, login, expiring } = useSession();
    const user: Readonly<Ref<User | undefined>> = useUser();
    const fetch = useBffFetch();
    return { name: user.value?.name, ended: status.value === 'ended', at: expiring.value?.at.getTime(), login, fetch };
  },
}).use(createBff(createClient())).mount('#app');
`;

test('has types for both frameworks that need only a browser, and reject wrong use', async () => {
  assert.equal(await compile('use.tsx', REACT), '');
  assert.equal(await compile('use.ts', VUE), '');
  assert.equal(await compile('use.tsx', NARROWED), '', 'with the status signed-in there is a user');
  assert.match(await compile('use.tsx', NARROWED.replace("'signed-in'", "'loading'")), /error TS18048/);
  assert.match(await compile('use.tsx', REACT.replace("'loading'", "'busy'")), /error TS2367/);
  assert.match(await compile('use.ts', VUE.replace("'ended'", "'over'")), /error TS2367/);
  assert.match(await compile('use.tsx', REACT.replace('client={client}', '')), /error TS2741/);
});

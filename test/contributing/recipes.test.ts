/** Applies the recipes of CONTRIBUTING.md to a copy of the source tree, compiles it and uses what they add. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { addedLines, applyEdit, type Recipe, ROOT, readRecipes } from './recipes.ts';

const KEY = randomBytes(48).toString('base64url');
const recipes = readRecipes();
const copy = mkdtempSync(join(tmpdir(), 'bff-recipes-'));
after(() => rmSync(copy, { recursive: true }));

function apply({ files, edits }: Recipe): void {
  for (const [path, text] of files) writeFileSync(join(copy, path), text, { flag: 'wx' });
  for (const edit of edits) {
    const path = join(copy, edit.path);
    writeFileSync(path, applyEdit(readFileSync(path, 'utf8'), edit));
  }
}

/** Runs a module in the copy and returns the value that it prints after `RESULT`; the audit log prints other lines. */
function run(source: string): unknown {
  writeFileSync(join(copy, 'use.ts'), source);
  const output = execFileSync(process.execPath, ['use.ts'], { cwd: copy, encoding: 'utf8' });
  const [, result = ''] = /^RESULT (.*)$/m.exec(output) ?? [];
  return JSON.parse(result);
}

before(() => {
  for (const name of ['src', 'views', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const recipe of recipes) apply(recipe);
});

test('there are four recipes, each with one new file and at most two lines elsewhere', () => {
  assert.deepEqual(
    recipes.map(({ title }) => title),
    ['A provider product', 'An endpoint', 'A rule condition', 'A session store'],
  );
  for (const { title, files, edits } of recipes) {
    assert.equal(files.size, 1, title);
    const lines = edits.map(addedLines).reduce((sum, count) => sum + count, 0);
    assert.ok(lines >= 1 && lines <= 2, `${title}: ${lines} lines`);
  }
});

test('the source tree compiles with all four', () => {
  const require = createRequire(join(ROOT, 'package.json'));
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const config = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ ...config, include: ['src'] }));
  execFileSync(process.execPath, [tsc, '--noEmit', '-p', '.'], { cwd: copy, stdio: 'inherit' });
});

test('the linter accepts what they add', () => {
  const changed = recipes.flatMap(({ files, edits }) => [...files.keys(), ...edits.map(({ path }) => path)]);
  cpSync(join(ROOT, 'biome.json'), join(copy, 'biome.json'));
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  execFileSync(process.execPath, [biome, 'check', ...new Set(changed)], { cwd: copy, stdio: 'pipe' });
});

test('the product has a kind, owns its issuers and reads its tokens', () => {
  const used = run(`
    import { jsonSchema } from './src/config/schema/options.ts';
    import { productOf } from './src/oidc/products/registry.ts';
    const product = productOf('https://shop.acme-id.example/oauth2');
    const kinds = jsonSchema().properties?.provider?.properties?.kind?.enum;
    const claims = { sub: 'u1', cid: 'shop', scp: ['read'] };
    console.log('RESULT ' + JSON.stringify({ kind: product.kind, listed: kinds?.includes('acme'), scopes: product.scopesOf(claims), subject: product.subjectOf(claims) }));
  `);
  assert.deepEqual(used, { kind: 'acme', listed: true, scopes: ['read'], subject: 'user' });
});

const GATEWAY = `
  import { createServer } from 'node:http';
  import { createGateway } from './src/index.ts';
  const upstream = createServer((_req, res) => res.end('orders')).listen(0, '127.0.0.1');
  await new Promise((resolve) => upstream.once('listening', resolve));
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = 'http://127.0.0.1:' + server.address().port;
  const api = 'http://127.0.0.1:' + upstream.address().port;
  const gateway = createGateway({
    publicUrl: url,
    development: { allowInsecureHttp: true },
    log: { level: 'silent' },
    secrets: { keys: [{ id: 'k1', value: '${KEY}' }] },
    provider: { issuer: 'http://127.0.0.1:9', clientId: 'shop', clientSecret: 'secret' },
    session: { store: { scratch: {} } },
    routes: [
      { path: '/open/**', upstream: api, rules: [{ token: 'none', pathDepth: 2 }] },
      { path: '/guest/**', upstream: api, rules: [{ token: 'user-or-none', pathDepth: 2 }] },
    ],
  });
  server.on('request', gateway.handler);
  const get = async (path, options) => {
    const response = await fetch(url + path, options);
    const body = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const { code, reason } = type.includes('json') ? JSON.parse(body) : {};
    return [response.status, code ?? body, reason, response.headers.get('allow')].filter((part) => part != null).join(' ');
  };
`;

test('the endpoint responds, and refuses other methods', () => {
  const used = run(`${GATEWAY}
    console.log('RESULT ' + JSON.stringify([await get('/hello'), await get('/hello', { method: 'POST' })]));
    process.exit();
  `);
  assert.deepEqual(used, ['401 unauthenticated', '405 method_not_allowed GET']);
});

test('the condition is met or refuses, without a token too', () => {
  const used = run(`${GATEWAY}
    console.log('RESULT ' + JSON.stringify([await get('/open/x'), await get('/open/x/y'), await get('/guest/x/y')]));
    process.exit();
  `);
  assert.deepEqual(used, ['200 orders', '403 access_denied path_depth', '403 access_denied path_depth']);
});

test('the store is an option and opens', () => {
  const used = run(`
    import { parseConfig } from './src/config/load/load.ts';
    import { createLogger } from './src/observe/log.ts';
    import { openStore } from './src/store/open.ts';
    const { session } = parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k1', value: '${KEY}' }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'secret' },
      session: { store: { scratch: {} } },
    });
    const store = openStore(session.store, { log: createLogger('silent') });
    await store.createTokens('key', 'sealed', 60_000);
    await store.ping();
    await store.close();
    console.log('RESULT ' + JSON.stringify({ kind: store.kind, shared: store.shared }));
  `);
  assert.deepEqual(used, { kind: 'scratch', shared: false });
});

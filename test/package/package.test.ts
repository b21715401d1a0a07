/** The npm package: its files, its command and its public surface. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ERRORS } from '../../src/base/error-table.ts';
import { type Packed, pack } from './packed.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

let packed: Packed;
before(async () => {
  packed = await pack();
});
after(() => packed?.remove());

describe('the content', () => {
  test('contains the compiled code, the pages, the documentation and the licence, and nothing else', () => {
    const patterns = new Set(
      packed.files.map((file) => file.replace(/^(dist|views|docs)\/.*?(\.d\.ts|\.\w+)$/, '$1/*$2')),
    );
    assert.deepEqual(
      [...patterns].toSorted(),
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'SECURITY.md',
        'dist/*.d.ts',
        'dist/*.js',
        'docs/*.json',
        'docs/*.md',
        'docs/*.yaml',
        'package.json',
        'views/*.css',
        'views/*.eta',
        'views/*.js',
      ].sort(),
    );
  });

  test('contains the files of the entry points', () => {
    for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/main.js', 'views/style.css'])
      assert.ok(packed.files.includes(file), file);
  });

  test('runs as a command', async () => {
    const { stdout } = await run('node', [join(packed.app, 'node_modules/bff-gateway/dist/main.js'), 'keys', 'new']);
    assert.match(stdout, /^[\w-]{64}\n$/);
  });
});

/** The entry point, and the files whose types it exports, but for those of the configuration. */
const DECLARED = [
  'index.d.ts',
  'embed/gateway.d.ts',
  'embed/gateway-types.d.ts',
  'embed/load.d.ts',
  'embed/caller-types.d.ts',
  'embed/hooks.d.ts',
  'hooks/hooks.d.ts',
  'hooks/events.d.ts',
];

describe('the public surface', () => {
  const evaluate = async (code: string) => {
    writeFileSync(join(packed.app, 'script.mjs'), code);
    const { stdout } = await run('node', ['script.mjs'], { cwd: packed.app });
    return JSON.parse(stdout) as unknown;
  };

  test('exports these names; a change is a decision', async () => {
    const code = "import * as all from 'bff-gateway'; console.log(JSON.stringify(Object.keys(all)));";
    assert.deepEqual(await evaluate(code), ['ConfigError', 'createGateway', 'defineConfig', 'loadConfig']);
  });

  test('has these types; a change is a decision', () => {
    const declarations = DECLARED.map((file) =>
      readFileSync(join(packed.app, 'node_modules/bff-gateway/dist', file), 'utf8'),
    );
    const withoutComments = declarations.join('\n').replaceAll(/ *\/\*\*[\s\S]*?\*\/\n/g, '');
    assert.equal(withoutComments, read('test/package/index.d.txt'));
  });

  test('has no other entry point', async () => {
    const code =
      "import('bff-gateway/dist/gateway/gateway.js').then(() => console.log('null'), (e) => console.log(JSON.stringify(e.code)));";
    assert.equal(await evaluate(code), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('is documented', () => {
    const page = read('docs/embedding.md');
    const lists = [...read('src/index.ts').matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, list = '']) =>
      list.split(','),
    );
    const types = lists.map((name) => name.replace('type ', '').trim()).filter((name) => name !== '');
    assert.ok(types.includes('Gateway'));
    for (const name of ['createGateway', 'loadConfig', 'defineConfig', 'ConfigError', ...types])
      assert.ok(page.includes(`\`${name}`), name);
  });

  test('an invalid configuration throws an error with every fault', async () => {
    const code = `import { ConfigError, createGateway } from 'bff-gateway';
      const faults = (config) => { try { createGateway(config); } catch (e) { return e instanceof ConfigError && [...new Set(e.faults.map(({ path }) => path))]; } };
      const good = { publicUrl: 'https://a.example', secrets: { keys: [{ id: 'k1', value: crypto.randomUUID() + crypto.randomUUID() }] }, provider: { issuer: 'https://b.example', clientId: 'c', clientSecret: 'd' } };
      console.log(JSON.stringify([faults({ ...good, publicUrl: 'a', rootes: [] }), faults({ ...good, forwardAuth: {}, reload: { watch: true } }), faults('absent.yaml')]));`;
    const [object, listener, file] = (await evaluate(code)) as string[][];
    assert.deepEqual(object?.sort(), ['publicUrl', 'rootes']);
    assert.deepEqual(listener, ['forwardAuth', 'reload.watch']);
    assert.deepEqual(file, ['']);
  });
});

test('the error table contains the errors that docs/embedding.md mentions', () => {
  assert.equal(ERRORS.misdirected.status, 421);
  assert.equal(ERRORS.ambiguous_path.status, 400);
  assert.equal(ERRORS.internal.status, 500);
});

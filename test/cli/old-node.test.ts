/** An old Node gets a sentence and exit code 1: the real one of this machine, if it has one, and a simulated one anywhere. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
const NEEDED = engines.node.replace('>=', '');

/** A module that changes the version that the process reports. */
const pretend = (version: string) =>
  `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`)}`;

function run(node: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8', cwd: tmpdir() });
  return { status, stdout, stderr };
}

let folder: string;
/** The entry point as the compiler writes it, next to modules that no old Node can read. */
let compiled: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bff-old-node-'));
  compiled = join(folder, 'main.js');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(compiled, stripTypeScriptTypes(readFileSync(join(ROOT, 'src/main.ts'), 'utf8')));
});
after(() => rmSync(folder, { recursive: true }));

/** Any Node on the path that is older than needed. */
function oldNode(): { path: string; version: string } | undefined {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']) {
    const path = join(directory, 'node');
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const version = stdout?.trim().replace('v', '') ?? '';
    if (version !== '' && Number.parseInt(version, 10) < Number.parseInt(NEEDED, 10)) return { path, version };
  }
  return undefined;
}

const sentence = (version: string) => `bff-gateway needs Node ${NEEDED} or later; this is ${version} (`;

describe('an old Node', () => {
  for (const version of ['24.11.9', '22.20.0', '18.0.0'])
    test(`${version} is refused with a sentence`, () => {
      const { status, stdout, stderr } = run(process.execPath, '--import', pretend(version), compiled, 'check');
      assert.deepEqual([status, stdout], [1, '']);
      assert.ok(stderr.startsWith(sentence(version)), stderr);
      assert.match(stderr, /^[^\n]* Install: https:\/\/nodejs\.org\/\S+, or `nvm install 24`\.\n$/);
    });

  test('of this machine is refused with the same sentence', (t) => {
    const old = oldNode();
    if (old === undefined) return t.diagnostic('this machine has no old Node; the tests above simulate one');
    const { status, stdout, stderr } = run(old.path, compiled, 'check');
    assert.deepEqual([status, stdout], [1, '']);
    assert.ok(stderr.startsWith(`${sentence(old.version)}${old.path}`), stderr);
  });

  test('the needed version and later ones run', () => {
    for (const version of [`${NEEDED}.0`, '25.0.0', '26.1.0']) {
      const { status, stdout } = run(process.execPath, '--import', pretend(version), join(ROOT, 'src/main.ts'), '-V');
      assert.equal(status, 0, version);
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    }
  });
});

describe('the npm scripts of a checkout', () => {
  let checkout: string;
  before(() => {
    checkout = mkdtempSync(join(tmpdir(), 'bff-checkout-'));
    mkdirSync(join(checkout, 'deploy'));
    for (const file of ['deploy/launch.cjs', 'package.json']) copyFileSync(join(ROOT, file), join(checkout, file));
    writeFileSync(
      join(checkout, 'script.ts'),
      'const args: string[] = process.argv.slice(2); console.log(process.execPath, ...args);',
    );
  });
  after(() => rmSync(checkout, { recursive: true }));

  const launch = (node: string, before: readonly string[] = []) =>
    run(node, ...before, join(checkout, 'deploy/launch.cjs'), 'script.ts', '--a', 'b');
  /** An old Node, real or simulated. */
  const olds = () => {
    const old = oldNode();
    const simulated = { node: process.execPath, before: ['--import', pretend('20.1.0')], version: '20.1.0' };
    return [simulated, ...(old === undefined ? [] : [{ node: old.path, before: [], version: old.version }])];
  };

  test('start and demo need no shell', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of ['start', 'demo'])
      assert.match(scripts[name], /^node deploy\/launch\.cjs (--install )?[\w/]+\.ts( start)?$/);
  });

  test('run a file with this Node if it is recent, with its arguments', () => {
    const { status, stdout } = launch(process.execPath);
    assert.deepEqual([status, stdout], [0, `${process.execPath} --a b\n`]);
  });

  test('refuse an old Node with the sentence of the command line', () => {
    for (const { node, before, version } of olds()) {
      const { status, stdout, stderr } = launch(node, before);
      assert.deepEqual([status, stdout], [1, ''], version);
      assert.ok(stderr.startsWith(sentence(version)), stderr);
      assert.equal(stderr, run(node, ...before, compiled).stderr);
    }
  });

  test('use the Node of the npm package where this one is old, and exit with its code', (t) => {
    const packaged = join(checkout, 'node_modules/node/bin');
    mkdirSync(packaged, { recursive: true });
    t.after(() => rmSync(join(checkout, 'node_modules'), { recursive: true }));
    symlinkSync(process.execPath, join(packaged, 'node'));
    for (const { node, before, version } of olds()) {
      const { status, stdout, stderr } = launch(node, before);
      assert.deepEqual([status, stderr], [0, ''], version);
      assert.match(stdout, / --a b\n$/);
    }
    writeFileSync(join(checkout, 'exit.ts'), 'process.exit(7);');
    const [{ node, before } = { node: '', before: [] }] = olds();
    assert.equal(run(node, ...before, join(checkout, 'deploy/launch.cjs'), 'exit.ts').status, 7);
  });
});

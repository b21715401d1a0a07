/** `bff-gateway/testing` of the packed package: the examples of docs/testing.md run, and the main entry does not contain it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Packed, pack } from './packed.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/testing.md'), 'utf8');

/** What the Vitest example uses of Vitest, on the test runner of Node: the example is about the gateway. */
const VITEST = `
import assert from 'node:assert/strict';
import { after, before, test as nodeTest } from 'node:test';
export { after as afterAll, before as beforeAll };
export const expect = (actual) => ({ toBe: (expected) => assert.equal(actual, expected) });
export const test = (name, run) => nodeTest(name, run);
test.for = (cases) => (name, run) => { for (const each of cases) nodeTest(name, () => run(each)); };
`;

let packed: Packed;
before(async () => {
  packed = await pack();
});
after(() => packed?.remove());

test('the examples of docs/testing.md pass', async () => {
  writeFileSync(join(packed.app, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(packed.app, 'node_modules/vitest'), { recursive: true });
  writeFileSync(join(packed.app, 'node_modules/vitest/package.json'), '{ "type": "module", "exports": "./index.js" }');
  writeFileSync(join(packed.app, 'node_modules/vitest/index.js'), VITEST);
  const files = [...PAGE.matchAll(/```js\n(\/\/ ([\w.-]+)\n[\s\S]*?)```/g)];
  for (const [, text = '', file = ''] of files) writeFileSync(join(packed.app, file), text);
  const names = files.map(([, , file = '']) => file);
  assert.deepEqual(names, ['app.js', 'app.test.js', 'app.spec.js', 'rules.test.js', 'sign-in.test.js']);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    'node',
    ['--test', '--test-reporter=tap', ...names.filter((name) => name !== 'app.js')],
    { cwd: packed.app, env },
  ).catch((error: { stdout: string }) => error);
  assert.match(stdout, /^# pass 6$/m, stdout);
  assert.match(stdout, /^# fail 0$/m, stdout);
});

test('exports these names; a change is a decision', async () => {
  const code = "import * as all from 'bff-gateway/testing'; console.log(JSON.stringify(Object.keys(all)));";
  writeFileSync(join(packed.app, 'script.mjs'), code);
  const { stdout } = await promisify(execFile)('node', ['script.mjs'], { cwd: packed.app });
  assert.deepEqual(JSON.parse(stdout), ['TEST_USERS', 'createTestGateway', 'signedInCookie', 'startTestProvider']);
});

test('every export is documented', () => {
  const text = readFileSync(join(import.meta.dirname, '../../src/testing/index.ts'), 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, list = '']) => list.split(','));
  const names = lists.map((name) => name.replace('type ', '').trim()).filter((name) => name !== '');
  assert.equal(names.length, 12);
  for (const name of names) assert.ok(PAGE.includes(`\`${name}`), name);
});

test('the declarations compile in strict mode', async () => {
  const code = `import { createTestGateway, signedInCookie, startTestProvider, type TestUser } from 'bff-gateway/testing';
    const user: TestUser = { claims: { sub: 'ada' }, expiresIn: 60 };
    const provider = await startTestProvider();
    const gateway = await createTestGateway({ provider, user, app: ({ handler }) => handler });
    const cookie: string = await signedInCookie(gateway, user);
    console.log(cookie, gateway.url);`;
  writeFileSync(join(packed.app, 'uses.ts'), code);
  writeFileSync(join(packed.app, 'package.json'), '{ "type": "module" }');
  const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  const options = ['--strict', '--noEmit', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2024'];
  const { stdout } = await promisify(execFile)(tsc, [...options, '--types', 'node', 'uses.ts'], {
    cwd: packed.app,
  }).catch((error: { stdout: string }) => error);
  const own = stdout.split('\n').filter((line) => line.includes('bff-gateway/') || line.startsWith('uses.ts'));
  assert.deepEqual(own, []);
});

test('the main entry reaches no file of it', () => {
  const dist = join(packed.app, 'node_modules/bff-gateway/dist');
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g))
      visit(normalize(join(dirname(file), path)));
  };
  visit('index.js');
  assert.ok(reached.size > 100, `${reached.size} files`);
  assert.ok(readdirSync(join(dist, 'testing')).length > 3);
  assert.deepEqual(
    [...reached].filter((file) => file.startsWith('testing')),
    [],
  );
});

/** The tests that `npm run test:near` runs for a path. */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { nearTests, SUITE_OF } from './near.ts';

const root = mkdtempSync(join(tmpdir(), 'bff-near-'));
after(() => rmSync(root, { recursive: true, force: true }));
const FILES = [
  'src/main.ts',
  'src/alone.ts',
  'src/oidc/refresh/lease.ts',
  'src/oidc/dpop/key.ts',
  'src/oidc/dpop-like/file.ts',
  'src/store/sqlite/file.ts',
  'src/empty/file.ts',
  'docs/index.md',
  'packages/client/src/react.ts',
];
const TESTS = [
  'test/client/session.test.ts',
  'test/tuning/reexec.test.ts',
  'test/sender/dpop.test.ts',
  'test/store/port/contract.test.ts',
  'test/oidc/flow.test.ts',
  'test/oidc/refresh/lease.test.ts',
  'e2e/login.test.ts',
];
for (const file of [...FILES, ...TESTS, 'test/oidc/refresh/fixtures.ts']) {
  mkdirSync(join(root, dirname(file)), { recursive: true });
  writeFileSync(join(root, file), '');
}

const NEAR: [path: string, at: string, files: string[]][] = [
  ['src/oidc/refresh', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['src/oidc/refresh/', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['./src/oidc/refresh/lease.ts', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  [join(root, 'src/oidc/refresh/lease.ts'), 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['src/oidc/dpop/key.ts', 'test/sender', ['test/sender/dpop.test.ts']],
  ['src/oidc/dpop', 'test/sender', ['test/sender/dpop.test.ts']],
  [
    'src/oidc',
    'test/oidc, test/sender',
    ['test/oidc/flow.test.ts', 'test/oidc/refresh/lease.test.ts', 'test/sender/dpop.test.ts'],
  ],
  ['src/store/sqlite/file.ts', 'test/store/port', ['test/store/port/contract.test.ts']],
  ['src/store', 'test/store', ['test/store/port/contract.test.ts']],
  ['packages/client/src/react.ts', 'test/client', ['test/client/session.test.ts']],
  ['src/main.ts', 'test/tuning', ['test/tuning/reexec.test.ts']],
  ['test/oidc/flow.test.ts', 'test/oidc/flow.test.ts', ['test/oidc/flow.test.ts']],
  ['test/oidc/refresh/fixtures.ts', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['e2e/login.test.ts', 'e2e/login.test.ts', ['e2e/login.test.ts']],
];
for (const [path, at, files] of NEAR) {
  test(`near ${path.replace(root, '<root>')} are the tests at ${at}`, () => {
    assert.deepEqual(nearTests(root, path), { at, files });
  });
}

for (const path of [
  'src/alone.ts',
  'src',
  'src/empty',
  'src/empty/file.ts',
  'src/oidc/dpop-like/file.ts',
  'test',
  'e2e',
  'docs/index.md',
  '..',
  '',
]) {
  test(`near ${path === '' ? 'nothing' : path} there are no tests, and the error names the commands to run`, () => {
    assert.throws(() => nearTests(root, path), /no tests near .*npm run test:fast/);
  });
}

for (const path of [
  'src/oidc/nope',
  'src/oidc/refresh/typo.ts',
  'src/oidc/dpop/typo.ts',
  'test/none',
  'test/oidc/typo.test.ts',
  '../x/y',
]) {
  test(`near ${path}, which does not exist, is an error`, () => {
    assert.throws(() => nearTests(root, path), { message: `no such file or folder: ${path}` });
  });
}

const repository = join(import.meta.dirname, '../..');

test('every room and entry point of src has a mirror folder with tests, or else a suite with tests', () => {
  const sources = globSync('{src,packages/*/src}/**/*.ts', { cwd: repository });
  const rooms = new Set(sources.map((file) => (dirname(file) === 'src' ? file : dirname(file))));
  const hasTests = (folder: string) => globSync(`${folder}/**/*.test.ts`, { cwd: repository }).length > 0;
  const unmirrored = [...rooms].filter((room) => !hasTests(room.replace(/^src/, 'test'))).sort();
  assert.deepEqual(Object.keys(SUITE_OF).sort(), unmirrored);
  assert.deepEqual(
    Object.values(SUITE_OF).filter((suite) => !hasTests(suite)),
    [],
  );
});

test('test/README.md lists the suites of rooms without a mirror folder', () => {
  const text = readFileSync(join(repository, 'test/README.md'), 'utf8');
  const listed = [...text.matchAll(/^\| `((?:src|packages)\/[^`]+)` +\| `(test\/[^`]+)` +\|$/gm)].map(
    ([, room, suite]) => [room, suite],
  );
  assert.deepEqual(listed, Object.entries(SUITE_OF));
});

/** The tests that `npm run test:near` runs for a path. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { nearTests } from './near.ts';

const root = mkdtempSync(join(tmpdir(), 'bff-near-'));
after(() => rmSync(root, { recursive: true, force: true }));
const FILES = ['src/main.ts', 'src/alone.ts', 'src/oidc/refresh/lease.ts', 'src/oidc/dpop/key.ts', 'src/empty/file.ts'];
const TESTS = ['test/alone.test.ts', 'test/oidc/flow.test.ts', 'test/oidc/refresh/lease.test.ts', 'e2e/login.test.ts'];
for (const file of [...FILES, ...TESTS, 'test/oidc/refresh/fixtures.ts']) {
  mkdirSync(join(root, dirname(file)), { recursive: true });
  writeFileSync(join(root, file), '');
}

const NEAR: [path: string, at: string, files: string[]][] = [
  ['src/oidc/refresh', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['src/oidc/refresh/', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['./src/oidc/refresh/lease.ts', 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  [join(root, 'src/oidc/refresh/lease.ts'), 'test/oidc/refresh', ['test/oidc/refresh/lease.test.ts']],
  ['src/oidc/dpop/key.ts', 'test/oidc', ['test/oidc/flow.test.ts', 'test/oidc/refresh/lease.test.ts']],
  ['src/oidc', 'test/oidc', ['test/oidc/flow.test.ts', 'test/oidc/refresh/lease.test.ts']],
  ['src/alone.ts', 'test/alone.test.ts', ['test/alone.test.ts']],
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
  'src/main.ts',
  'src',
  'src/empty/file.ts',
  'test',
  'e2e',
  'test/none',
  'docs/index.md',
  '../x',
  '',
]) {
  test(`near ${path === '' ? 'nothing' : path} there are no tests, and the error names the commands to run`, () => {
    assert.throws(() => nearTests(root, path), /no tests near .*npm run test:fast/);
  });
}

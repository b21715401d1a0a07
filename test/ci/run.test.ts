/** The test runner rejects arguments that select no tests, before it starts anything. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const REJECTED: [args: string[], error: RegExp][] = [
  [['near'], /^which tests\? npm run test:near -- /],
  [['near', ''], /^which tests\? npm run test:near -- /],
  [['near', 'src/store/nope'], /^no such file or folder: src\/store\/nope\n$/],
  [['near', 'src/session', 'src/oidc/tokens/typo.ts'], /^no such file or folder: src\/oidc\/tokens\/typo\.ts\n$/],
  [['nope'], /^no suite nope; /],
];
for (const [args, error] of REJECTED) {
  test(`the arguments ${JSON.stringify(args)} are an error with exit code 2`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.match(stderr, error);
    assert.deepEqual([status, stdout], [2, '']);
  });
}

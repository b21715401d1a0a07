/** A wrong configuration on the command line: the faults on standard error, one per line, and exit code 1. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const WRONG = `publicUrl: shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: https://id.example.com, clientId: shop, clientSecret: s3cret }
session: { idleTimeout: 30 }
`;
const LINES = `gateway.yaml:1:12: publicUrl: "shop.example.com" has no scheme; write https://shop.example.com
gateway.yaml:4:25: session.idleTimeout: 30 has no unit; write 30s, 30m or 30h, whichever is meant
`;

test('start and check print each fault as one line, then their number, and exit with 1', (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'bff-faults-'));
  t.after(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'gateway.yaml'), WRONG);
  for (const command of ['start', 'check']) {
    const args = [MAIN, command, '--config', 'gateway.yaml'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [1, '', `${LINES}2 faults\n`], command);
  }
});

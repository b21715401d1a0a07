/** The example of several apps is a valid configuration without warnings. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from './dockerfile.ts';

const EXAMPLE = 'deploy/examples/several-apps';
const secret = () => randomBytes(48).toString('base64url');

test('check accepts the example of several apps, and prints the app of each file', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['src/main.ts', 'check', '--config', join(EXAMPLE, 'gateway.yaml')],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, SESSION_KEY: secret(), OIDC_SECRET: secret() } },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, 'configuration is valid\n');
  const { apps } = parse(stdout) as { apps: { id: string; publicUrl: string }[] };
  const files = globSync(`${EXAMPLE}/apps.d/*.yaml`, { cwd: ROOT }).sort();
  assert.deepEqual(
    apps.map(({ id }) => id),
    files.map((file) => basename(file, '.yaml')),
  );
  for (const [index, file] of files.entries()) {
    const { publicUrl } = parse(readFileSync(join(ROOT, file), 'utf8')) as { publicUrl: string };
    assert.equal(apps[index]?.publicUrl, publicUrl);
  }
});

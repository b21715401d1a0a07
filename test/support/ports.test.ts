/** Holds that test processes that run at the same time get different ports. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';

// All random numbers are the same few, so that only the claims keep the processes apart.
const CODE = `
  let n = 0;
  Math.random = () => (n++ % 40) / 12_000;
  const { freePort } = await import('./ports.ts');
  for (let i = 0; i < 8; i++) console.log(await freePort());
  if (process.argv[1] === 'killed') process.kill(process.pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
`;
const args = ['--input-type=module', '--eval', CODE];
const options = { cwd: import.meta.dirname, encoding: 'utf8' as const };

test('processes at the same time get different ports, whatever one that was killed had', async () => {
  const killed = spawnSync(process.execPath, [...args, 'killed'], options);
  assert.equal(killed.stdout.trim().split('\n').length, 8);
  const runs = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, args, options)));
  const ports = runs.flatMap(({ stdout }) => stdout.trim().split('\n'));
  assert.equal(ports.length, 24);
  assert.equal(new Set(ports).size, 24);
});

test('a process gets each port once', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  assert.equal(new Set(ports).size, 50);
});

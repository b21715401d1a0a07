/** The settings of V8 that a serving process begins with, and who may say otherwise. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type GatewayProcess, type GatewayProcessOptions, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';

/** Nothing is left behind in the folder of the repository. */
const session = { store: { sqlite: { file: ':memory:' } } };

async function start(t: TestContext, options: Omit<GatewayProcessOptions, 'provider'>): Promise<GatewayProcess> {
  const provider = await startProvider();
  t.after(() => provider.stop());
  return await startProcess(t, { provider, ...options });
}

/** The command lines of a process and of those that it started. */
const commandsOf = ({ pid }: GatewayProcess): string[] =>
  execFileSync('ps', ['-o', 'args=', '-p', String(pid()), '--ppid', String(pid())], { encoding: 'utf8' })
    .trim()
    .split('\n');

/** The environment of a process, behind its command line. */
const environmentOf = ({ pid }: GatewayProcess): string[] =>
  execFileSync('ps', ['eww', '-o', 'args=', '-p', String(pid())], { encoding: 'utf8' }).split(' ');

const flagsIn = (command: string) => command.split(' ').filter((word) => word.startsWith('--') && word !== '--config');

test('a serving process keeps its heap small, under the id that it was started with', async (t) => {
  const gateway = await start(t, { config: { session } });
  const [command = '', ...others] = commandsOf(gateway);
  assert.deepEqual(others, []);
  assert.deepEqual(flagsIn(command), [
    '--max-semi-space-size=8',
    '--heap-growing-percent=30',
    '--no-allocation-site-pretenuring',
    '--no-maglev',
    '--no-parallel-scavenge',
  ]);
  const environment = environmentOf(gateway);
  assert.ok(environment.includes('MALLOC_ARENA_MAX=2'));
  assert.ok(environment.includes('MALLOC_MMAP_THRESHOLD_=32768'));
  assert.equal(await gateway.terminate(), 0);
});

test('what the operator set in NODE_OPTIONS stays, and the rest is added', async (t) => {
  const gateway = await start(t, { config: { session }, env: { NODE_OPTIONS: '--max_semi_space_size=32' } });
  const [command = ''] = commandsOf(gateway);
  assert.deepEqual(flagsIn(command), [
    '--heap-growing-percent=30',
    '--no-allocation-site-pretenuring',
    '--no-maglev',
    '--no-parallel-scavenge',
  ]);
});

test('the workers have the same settings', async (t) => {
  const gateway = await start(t, { config: { session, workers: 2 } });
  const commands = commandsOf(gateway);
  assert.equal(commands.length, 3);
  for (const command of commands) assert.ok(flagsIn(command).includes('--max-semi-space-size=8'), command);
});

for (const [name, refused] of [
  ['knows them', '--none-of-them'],
  ['does not know one of them', '--no-maglev'],
] as const)
  test(`a Node of tomorrow that ${name} serves`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'node-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'node-of-tomorrow');
    const refusal = `case " $* " in *" ${refused} "*) exit 9;; esac`;
    writeFileSync(program, `#!/bin/sh\n${refusal}\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
    const disguise = join(folder, 'disguise.mjs');
    const versions = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '99.0.0' } });";
    writeFileSync(disguise, `${versions}\nprocess.execPath = '${program}';\n`);
    const gateway = await start(t, { config: { session }, env: { NODE_OPTIONS: `--import=${disguise}` } });
    const [command = ''] = commandsOf(gateway);
    assert.equal(flagsIn(command).length, refused === '--no-maglev' ? 0 : 5);
    assert.equal(await gateway.terminate(), 0);
  });

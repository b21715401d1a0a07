/** Re-execution: the V8 flags and malloc settings of a serving process, and how an operator changes them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MALLOC_SETTINGS, V8_FLAGS } from '../../src/tuning/process-settings.ts';
import { type GatewayProcess, type GatewayProcessOptions, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';

/** In memory, so that no file is left in the repository. */
const session = { store: { sqlite: { file: ':memory:' } } };

async function start(t: TestContext, options: Omit<GatewayProcessOptions, 'provider'>): Promise<GatewayProcess> {
  const provider = await startProvider();
  t.after(() => provider.stop());
  return await startProcess(t, { provider, ...options });
}

/** The command lines of a process and of its children. */
const commandsOf = ({ pid }: GatewayProcess): string[] =>
  execFileSync('ps', ['-o', 'args=', '-p', String(pid()), '--ppid', String(pid())], { encoding: 'utf8' })
    .trim()
    .split('\n');

/** The environment of a process, from `ps`. */
const environmentOf = ({ pid }: GatewayProcess): string[] =>
  execFileSync('ps', ['eww', '-o', 'args=', '-p', String(pid())], { encoding: 'utf8' }).split(' ');

const flagsIn = (command: string) => command.split(' ').filter((word) => word.startsWith('--') && word !== '--config');

test('a serving process has the flags that keep its heap small, under its original process id', async (t) => {
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

test('a flag in NODE_OPTIONS takes precedence, and the missing flags are added', async (t) => {
  const gateway = await start(t, { config: { session }, env: { NODE_OPTIONS: '--max_semi_space_size=32' } });
  const [command = ''] = commandsOf(gateway);
  assert.deepEqual(flagsIn(command), [
    '--heap-growing-percent=30',
    '--no-allocation-site-pretenuring',
    '--no-maglev',
    '--no-parallel-scavenge',
  ]);
});

test('workers have the same flags', async (t) => {
  const gateway = await start(t, { config: { session, workers: 2 } });
  const commands = commandsOf(gateway);
  assert.equal(commands.length, 3);
  for (const command of commands) assert.ok(flagsIn(command).includes('--max-semi-space-size=8'), command);
});

for (const [name, refused] of [
  ['supports the flags', '--none-of-them'],
  ['does not support one of them', '--no-maglev'],
] as const)
  test(`a future Node that ${name} serves`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'node-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'node-of-the-future');
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

test('BFF_TUNING_REEXEC=off: the process keeps the flags and the environment that it was started with', async (t) => {
  const gateway = await start(t, { config: { session }, env: { BFF_TUNING_REEXEC: 'off' } });
  const [command = ''] = commandsOf(gateway);
  assert.deepEqual(flagsIn(command), []);
  assert.ok(!environmentOf(gateway).includes('MALLOC_ARENA_MAX=2'));
});

test('a process that was started with all flags is not re-executed', async (t) => {
  const gateway = await start(t, { config: { session }, nodeArgs: V8_FLAGS });
  const [command = ''] = commandsOf(gateway);
  assert.deepEqual(flagsIn(command), [...V8_FLAGS]);
  // Re-execution would have set the variables.
  assert.ok(!environmentOf(gateway).includes('MALLOC_ARENA_MAX=2'));
});

test('the image starts Node with the same flags and variables, so that nothing is re-executed in it', () => {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const variables = Object.fromEntries(
    [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) =>
      line.split(' ').map((pair) => pair.split(/=(.*)/s)),
    ),
  );
  const [, entrypoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const [program, ...args] = JSON.parse(entrypoint) as string[];
  assert.equal(program, 'node');
  assert.deepEqual([...variables.NODE_OPTIONS.split(' '), ...args.slice(0, -1)].sort(), [...V8_FLAGS].sort());
  for (const [name, value] of Object.entries(MALLOC_SETTINGS)) assert.equal(variables[name], value, name);
});

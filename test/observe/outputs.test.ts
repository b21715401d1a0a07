/** Outputs of the log: lines wait within a bound, further ones are counted, and nothing throws. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLineFile } from '../../src/observe/line-file.ts';
import { MAX_WAITING_BYTES } from '../../src/observe/line-output.ts';
import { until } from '../support/wait.ts';

const LINE = `${'x'.repeat(1_023)}\n`;
/** More lines than may wait. */
const LINES = MAX_WAITING_BYTES / LINE.length + 2_000;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bff-outputs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes more lines to its standard output than may wait, and reports what happened on standard error. */
const WRITER = `
  import { openStandardOutput } from '${join(import.meta.dirname, '../../src/observe/standard-output.ts')}';
  let dropped = 0;
  const output = openStandardOutput({ onDropped: () => { dropped += 1; }, onRecovered: (lines) => console.error('recovered', lines) });
  for (let n = 0; n < ${LINES}; n += 1) output.write('${'x'.repeat(1_023)}\\n');
  console.error('dropped', dropped);
  process.on('message', async () => { await output.flush(500); console.error('flushed'); process.exit(0); });
  process.send('written');
`;

/** Starts the writer; resolves when it has written all lines and told how many of them were dropped. */
async function startWriter(t: TestContext) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', WRITER], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  let report = '';
  child.stderr?.on('data', (chunk) => {
    report += chunk;
  });
  await once(child, 'message');
  await until(() => /dropped \d+/.test(report));
  const dropped = Number(/dropped (\d+)/.exec(report)?.[1]);
  return { child, dropped, report: () => report };
}

test('O09 a reader that stands still: waiting lines are bounded, the others are counted, and the exit is not delayed', async (t) => {
  const { child, dropped } = await startWriter(t);
  const exited = once(child, 'exit');
  assert.ok(dropped > 0 && dropped <= 2_000, `${dropped} lines were dropped`);
  child.send('exit');
  assert.deepEqual(await exited, [0, null]);
});

test('O09 a reader that continues gets all lines that were kept, whole and in order', async (t) => {
  const { child, dropped, report } = await startWriter(t);
  let bytes = 0;
  child.stdout?.on('data', (chunk) => {
    bytes += chunk.length;
  });
  await until(() => bytes === (LINES - dropped) * LINE.length);
  await until(() => report().includes(`recovered ${dropped}`));
});

test('O09 a reader that has gone: lines are counted, and nothing throws', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', WRITER], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  child.stdout?.destroy();
  let report = '';
  child.stderr?.on('data', (chunk) => {
    report += chunk;
  });
  const exited = once(child, 'exit');
  await once(child, 'message');
  await until(() => /dropped \d+/.test(report));
  child.send('exit');
  assert.deepEqual(await exited, [0, null], report);
});

test('O09 a named pipe that is not read: lines wait, then reach the reader', async (t) => {
  const path = join(folderOf(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const errors: unknown[] = [];
  let dropped = 0;
  const file = openLineFile(path, {
    onError: (error) => errors.push(error),
    onDropped() {
      dropped += 1;
    },
    onRecovered: (lines) => assert.equal(lines, dropped),
  });
  for (let n = 0; n < LINES; n += 1) file.write(LINE);
  assert.ok(dropped > 0 && dropped <= 2_000, `${dropped} lines were dropped`);
  assert.equal(errors.length, 1);
  let bytes = 0;
  const buffer = Buffer.alloc(1 << 16);
  await until(() => {
    try {
      for (let size = readSync(reader, buffer); size > 0; size = readSync(reader, buffer)) bytes += size;
    } catch {
      // Nothing to read at the moment.
    }
    return bytes === (LINES - dropped) * LINE.length;
  });
  closeSync(reader);
  // Nothing reads any more: an error, but none that is thrown.
  file.write(LINE);
});

test('O01 a full disk: the lines are written when there is space', async (t) => {
  const path = join(folderOf(t), 'audit.jsonl');
  const script = `
    import { openLineFile } from '${join(import.meta.dirname, '../../src/observe/line-file.ts')}';
    process.on('SIGXFSZ', () => {});
    const file = openLineFile('${path}', { onError: (error) => console.log(error.code), onDropped() {}, onRecovered() {} });
    process.on('message', (line) => { file.write(line + '\\n'); process.send('done'); });
    process.send('ready');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 2, 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    errors += chunk;
  });
  await once(child, 'message');
  const write = async (line: string) => {
    child.send(line);
    await once(child, 'message');
  };
  const limit = (size: string) => execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${size}:`]);
  await write('first');
  limit('8');
  await write('second');
  await write('third');
  await until(() => errors.includes('EFBIG'));
  assert.equal(readFileSync(path, 'utf8'), 'first\nse', 'a part of the line fitted');
  limit('unlimited');
  await until(() => readFileSync(path, 'utf8') === 'first\nsecond\nthird\n');
});

/** An interrupted test kills the processes that it started. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends a test file with exit`, async (t) => {
    const code = "process.on('exit', () => console.log('exit')); setInterval(() => {}, 1000); console.log('runs')";
    const args = ['--import', join(import.meta.dirname, 'exit-on-signals.ts'), '--eval', code];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await once(child.stdout, 'data');
    child.kill(signal);
    await once(child, 'close');
    assert.deepEqual([printed, child.exitCode], ['runs\nexit\n', 1]);
  });
}

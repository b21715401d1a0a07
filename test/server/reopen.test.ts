/** Log rotation: a file that cannot be reopened costs neither the process, nor requests, nor lines. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAuditLog } from '../../src/observe/audit.ts';
import { isAlive } from '../support/is-alive.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

const count = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0);

async function world(t: TestContext, workers: number) {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const folder = mkdtempSync(join(tmpdir(), 'bff-reopen-'));
  t.after(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'audit.jsonl');
  const gateway = await startProcess(t, { provider, config: { workers, audit: { file } } });
  /** Starts a sign-in, which is one line in the audit log, on a connection of its own. */
  const login = async () => {
    const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const [response] = await once(get(`${gateway.ownUrl}/login`, { agent: false, headers }), 'response');
    assert.equal(response.resume().statusCode, 303);
  };
  return { gateway, folder, file, login };
}

const failures = (gateway: GatewayProcess) => gateway.output().split('failed to reopen the audit log').length - 1;

for (const workers of [1, 2]) {
  test(`O01 ${workers} processes: a folder in place of the audit file: the open file stays in use, SIGHUP reopens it later`, async (t) => {
    const { gateway, file, login } = await world(t, workers);
    const pids = [gateway.pid(), ...(workers > 1 ? workersOf(gateway) : [])];
    await login();
    const rotated = `${file}.1`;
    renameSync(file, rotated);
    mkdirSync(file);
    const before = count(rotated);
    gateway.signal('SIGHUP');
    await until(() => failures(gateway) === pids.length, { what: 'a log line of each process' });
    for (let n = 0; n < 6; n += 1) await login();
    await until(() => count(rotated) >= before + 6);
    for (const pid of pids) assert.ok(isAlive(pid), 'no process has ended');

    rmdirSync(file);
    gateway.signal('SIGUSR1');
    await until(() => existsSync(file));
    for (let n = 0; n < 6; n += 1) await login();
    await until(() => count(file) >= 6, { what: 'lines in the new file' });
  });
}

test('O01 workers reopen the audit file although the changed configuration is refused', async (t) => {
  const { gateway, file, login } = await world(t, 2);
  await login();
  renameSync(file, `${file}.1`);
  gateway.configure('routs: []\n');
  gateway.signal('SIGHUP');
  await until(() => gateway.output().includes('failed to reload'));
  for (let n = 0; n < 8; n += 1) await login();
  // One line is of the first process: config.refused.
  await until(() => count(file) === 9, { what: 'the lines of all processes in the new file' });
});

test('O01 without free descriptors a rotated file is reopened at the next SIGHUP', async (t) => {
  const { gateway, file, login } = await world(t, 1);
  await login();
  const limit = (soft: string) => execFileSync('prlimit', ['--pid', String(gateway.pid()), `--nofile=${soft}:`]);
  const [, soft = ''] = /Max open files\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid()}/limits`, 'utf8')) ?? [];
  const rotated = `${file}.1`;
  renameSync(file, rotated);
  // Standard input, output and error are open, so no descriptor below the limit is free.
  limit('3');
  gateway.signal('SIGHUP');
  await until(() => failures(gateway) === 1);
  assert.match(gateway.output(), /EMFILE/);
  limit(soft);
  await login();
  await until(() => count(rotated) >= 2, { what: 'a line in the file that is still open' });
  gateway.signal('SIGHUP');
  await until(() => existsSync(file));
});

test('O01 a reopened file costs no descriptor, however often the attempt fails', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-reopen-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'audit.jsonl');
  const errors: string[] = [];
  const log = openAuditLog(
    { file },
    { onError: (error, operation) => errors.push(`${operation} ${error}`), onDropped() {}, onRecovered() {} },
  );
  const descriptors = () => readdirSync('/proc/self/fd').length;
  renameSync(file, `${file}.1`);
  mkdirSync(file);
  const before = descriptors();
  for (let n = 0; n < 20; n += 1) log.reopen();
  assert.equal(errors.length, 20);
  assert.match(errors[0] ?? '', /^reopen .*EISDIR/);
  rmdirSync(file);
  for (let n = 0; n < 20; n += 1) log.reopen();
  assert.equal(descriptors(), before);
  log.write({ event: 'login.started' });
  assert.equal(count(file), 1);
});

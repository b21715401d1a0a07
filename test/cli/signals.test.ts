/** Signals of a running gateway: none of them loses a request or a session. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { isAlive } from '../support/is-alive.ts';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { startUpstream } from '../support/upstream.ts';
import { gate, until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';
import { CSRF } from '../support/world.ts';

async function world(t: TestContext, workers: number, limits: ConfigInput['limits'] = { drainDelay: '0s' }) {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const folder = mkdtempSync(join(tmpdir(), 'bff-signals-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await startProcess(t, {
    provider,
    config: {
      workers,
      limits,
      log: { level: 'info' },
      session: { store: { sqlite: { file: join(folder, 'sessions.db') } } },
      routes: [{ path: '/api/**', upstream: upstream.origin }],
    },
  });
  const browser = gateway.browser();
  return { provider, upstream, gateway, browser, signIn: () => browser.navigate('/login?returnTo=/app') };
}

const processesOf = (gateway: GatewayProcess) => [gateway.pid(), ...workersOf(gateway)];
const isNotReady = (gateway: GatewayProcess) => async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 503;

/** A worker without requests may have exited already. */
function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

for (const workers of [1, 2]) {
  test(`O04 ${workers} processes: signals during a drain lose no refresh`, async (t) => {
    const { provider, gateway, browser, signIn } = await world(t, workers);
    Object.assign(provider.settings, { rotation: 'rotate-revoke-on-reuse', accessTokenLifetime: 1_000 });
    await signIn();
    const signedIn = Date.now();
    await until(() => Date.now() - signedIn > 1_000);
    provider.settings.accessTokenLifetime = 600_000;
    const held = gate();
    let spent = false;
    provider.behaviour.token = async (_request, proceed) => {
      const response = await proceed();
      spent = true;
      await held.passed;
      return response;
    };
    const response = browser.fetch('/api/x', { headers: CSRF });
    await until(() => spent);
    gateway.signal('SIGTERM');
    await until(isNotReady(gateway));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGTERM'] as const)
      for (const pid of processesOf(gateway)) signalIfAlive(pid, signal);
    await until(() => /"msg":"log level changed"/.test(gateway.output()));
    held.open();
    assert.equal((await response).status, 200);
    assert.equal(await gateway.terminate(), 0);
    await gateway.start();
    provider.resetBehaviour();
    assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200, 'the session continues');
    assert.equal(provider.refreshRequests().length, 1);
  });
}

for (const workers of [1, 2]) {
  test(`O04 ${workers} processes: SIGINT after SIGTERM ends the drain delay`, async (t) => {
    const { gateway } = await world(t, workers, { drainDelay: '1m' });
    const { ownUrl } = gateway;
    gateway.signal('SIGTERM');
    await until(isNotReady(gateway));
    gateway.signal('SIGTERM');
    const response = await fetch(`${ownUrl}/session`, { headers: { connection: 'close' } });
    assert.equal(response.status, 200, 'requests are accepted during the delay');
    const sentAt = performance.now();
    gateway.signal('SIGINT');
    await until(() => !isAlive(gateway.pid()), { timeout: 50_000, what: 'the exit' });
    assert.ok(performance.now() - sentAt < 50_000);
    assert.equal(await gateway.terminate(), 0, 'the exit code');
  });
}

test('O04 SIGQUIT drains: a request in progress is completed', async (t) => {
  const { upstream, gateway, browser, signIn } = await world(t, 1);
  await signIn();
  const held = gate();
  upstream.respondWith(async (_req, res) => {
    await held.passed;
    res.end('done');
  });
  const response = browser.fetch('/api/x', { headers: CSRF });
  await until(() => upstream.requests.length === 1);
  gateway.signal('SIGQUIT');
  await until(isNotReady(gateway));
  held.open();
  assert.equal((await response).status, 200);
  await until(() => !isAlive(gateway.pid()));
  assert.equal(await gateway.terminate(), 0, 'the exit code');
});

test('O04 SIGUSR1 opens no inspector, SIGUSR2 ends nothing, in the first process and in workers', async (t) => {
  const { gateway } = await world(t, 2);
  const processes = processesOf(gateway);
  assert.equal(processes.length, 3);
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) for (const pid of processes) process.kill(pid, signal);
  await until(() => /log level changed/.test(gateway.output()));
  for (let n = 0; n < 6; n += 1)
    assert.equal((await fetch(`${gateway.ownUrl}/session`, { headers: { connection: 'close' } })).status, 200);
  assert.deepEqual(processesOf(gateway), processes);
  assert.doesNotMatch(gateway.output(), /inspector|debugger/i);
});

test('O04 signals that arrive before the configuration is read end nothing, and SIGHUP takes effect later', async (t) => {
  const { gateway } = await world(t, 1);
  assert.equal(await gateway.terminate(), 0);
  const text = readFileSync(gateway.file, 'utf8');
  rmSync(gateway.file);
  execFileSync('mkfifo', [gateway.file]);
  const started = gateway.start();
  // Succeeds when the process waits for the text of the file.
  const writer = await until(() => openSync(gateway.file, constants.O_WRONLY | constants.O_NONBLOCK));
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) gateway.signal(signal);
  rmSync(gateway.file);
  writeFileSync(gateway.file, text);
  writeSync(writer, text);
  closeSync(writer);
  await started;
  await until(() => gateway.output().includes('configuration reloaded'));
  assert.doesNotMatch(gateway.output(), /inspector|debugger/i);
});

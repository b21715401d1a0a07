/** A neighbour that stands still, a worker or the reader of the log, stops neither requests nor the exit. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { isAlive } from '../support/is-alive.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

async function world(t: TestContext, config: Partial<ConfigInput>) {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const routes = [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'user' as const }] }];
  const gateway = await startProcess(t, { provider, config: { ...config, routes } });
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(gateway.ownUrl + path, { headers: { connection: 'close', ...headers } })).status;
  return { gateway, status };
}

for (const workers of [1, 2]) {
  test(`O09 ${workers} processes: a log reader that has stopped reading stops neither requests nor the exit`, async (t) => {
    const { gateway, status } = await world(t, { workers, log: { level: 'trace' } });
    const processes = [gateway.pid(), ...workersOf(gateway)];
    gateway.stopReading();
    // Each refused request is a log line and an audit line; together they are more than a pipe or a socket holds.
    const id = 'r'.repeat(100);
    for (let n = 0; n < 100; n += 1) {
      const sent = Array.from({ length: 20 }, () => status('/api/x', { cookie: `${id}=1`, authorization: 'Bearer x' }));
      for (const each of await Promise.all(sent)) assert.equal(each, 401);
    }
    assert.equal(await status('/session'), 200);
    assert.equal((await fetch(`${gateway.adminUrl}/readyz`)).status, 200);
    assert.equal(await gateway.terminate(), 0);
    await until(() => !processes.some(isAlive), { what: 'no process is left' });
  });
}

test('O09 a worker that stands still is replaced, and the exit does not wait for another one', async (t) => {
  const { gateway, status } = await world(t, { workers: 2 });
  const workers = workersOf(gateway);
  process.kill(workers[0] ?? 0, 'SIGSTOP');
  await until(() => /"worker":\d+,"msg":"worker does not respond; ending it"/.test(gateway.output()), {
    timeout: 60_000,
  });
  await until(() => !isAlive(workers[0] ?? 0));
  await until(async () => /^bff_config_processes\{[^}]*\} 3$/m.test((await scrape(gateway.adminUrl)).text), {
    what: 'the replacement listens',
  });
  for (let n = 0; n < 6; n += 1) assert.equal(await status('/session'), 200);

  const left = workersOf(gateway);
  process.kill(left[1] ?? 0, 'SIGSTOP');
  assert.equal(await gateway.terminate(), 0);
  await until(() => !left.some(isAlive), { what: 'no worker is left' });
});

test('O09 a first process that is killed leaves no worker, also none that is starting', async (t) => {
  const { gateway } = await world(t, { workers: 2 });
  const workers = workersOf(gateway);
  gateway.stopReading();
  process.kill(workers[0] ?? 0, 'SIGKILL');
  const replacement = await until(() => workersOf(gateway).find((pid) => !workers.includes(pid)));
  await gateway.kill();
  await until(() => ![...workers, replacement].some(isAlive), { timeout: 60_000, what: 'no worker is left' });
});

/** Several apps in several processes: what all apps share is the same in each process, also where one app is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { rawRequest } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

test('a proxy that is no longer trusted is trusted by no worker, although the provider of one app is down', async (t) => {
  const [provider, other] = [await startProvider(), await startProvider()];
  t.after(() => Promise.all([provider.stop(), other.stop()]).then(() => undefined));
  const { id: clientId, secret: clientSecret } = other.client;
  const config = (trusted: string): Partial<ConfigInput> => ({
    workers: 2,
    log: { level: 'info' },
    trustedProxies: [trusted],
    apps: [
      { id: 'a', publicUrl: 'https://a.test' },
      { id: 'b', publicUrl: 'https://b.test', provider: { issuer: other.issuer, clientId, clientSecret } },
    ],
  });
  const gateway = await startProcess(t, { provider, config: config('127.0.0.1') });
  /** The statuses of sign-ins, which need TLS, on connections of their own, which all workers accept in turn. */
  const statuses = async (host: string) => {
    const fields = `Host: ${host}\r\nX-Forwarded-Proto: https\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n`;
    const send = async () => (await rawRequest(gateway.port, `GET /login HTTP/1.1\r\n${fields}\r\n`)).status;
    return [...new Set(await Promise.all(Array.from({ length: 16 }, send)))];
  };
  assert.deepEqual(await statuses('a.test'), [303]);
  assert.deepEqual(await statuses('b.test'), [303]);
  await other.stop();
  gateway.configure(config('10.0.0.1'));
  gateway.signal('SIGHUP');
  await until(() => gateway.output().includes('configuration reloaded'));
  assert.match(gateway.output(), /"app":"b","msg":"failed to reload an app; it stays as it was"/);
  // The workers activate it on their own, a moment later.
  await until(async () => String(await statuses('a.test')) === '400', { timeout: 30_000 });
  assert.deepEqual(await statuses('b.test'), [400]);

  const workers = workersOf(gateway);
  process.kill(workers[0] ?? 0, 'SIGKILL');
  await until(() => workersOf(gateway).length === 2 && !workersOf(gateway).includes(workers[0] ?? 0));
  assert.deepEqual(await statuses('a.test'), [400]);
  await other.start();
});

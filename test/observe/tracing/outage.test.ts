/** A collector that is down or slow: requests do not notice, memory does not grow, the log has it once, the end does not wait. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startCollector } from '../../support/collector.ts';
import { freePort } from '../../support/ports.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { withVariables } from '../../support/variables.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

const FAILED = /failed to export spans/g;

test('an outage is logged once, and so is its end; spans of meanwhile are lost', async (t) => {
  const port = await freePort();
  // The exporter repeats an attempt for as long as this.
  withVariables(t, { OTEL_BSP_SCHEDULE_DELAY: '20', OTEL_EXPORTER_OTLP_TIMEOUT: '200' });
  const world = await startWorld(t, {
    gateway: { config: { tracing: { otlp: `http://127.0.0.1:${port}`, sample: 1 } } },
  });
  await world.signIn();
  await until(() => world.gateway.logText().match(FAILED));
  for (let request = 0; request < 3; request++) {
    assert.equal((await world.api()).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.equal(world.gateway.logText().match(FAILED)?.length, 1);
  const collector = await startCollector(t, port);
  await until(async () => (await world.api()).status === 200 && collector.spans.length > 0);
  await until(() => world.gateway.logText().includes('spans are exported again'));
});

test('a collector that refuses, or never responds, delays neither requests nor the end of the process', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const gateway = await startProcess(t, {
    provider,
    config: {},
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_BSP_MAX_QUEUE_SIZE: '20',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
    },
  });
  for (let request = 0; request < 200; request++) assert.equal((await fetch(`${gateway.ownUrl}/session`)).status, 200);
  const startedAt = performance.now();
  assert.equal(await gateway.terminate(), 0);
  assert.ok(performance.now() - startedAt < 9_000, 'the last export has a time limit');
});

test('each worker exports its spans, under its own instance', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const collector = await startCollector(t);
  const gateway = await startProcess(t, {
    provider,
    config: { workers: 2 },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' },
  });
  const instances = () =>
    new Set(collector.named('GET /session').map(({ resource }) => resource['service.instance.id']));
  await until(async () => {
    await fetch(`${gateway.ownUrl}/session`, { headers: { connection: 'close' } });
    return instances().size === 2;
  });
  await gateway.browser().navigate('/login');
  assert.equal(await gateway.terminate(), 0);
  const tree = collector.tree();
  assert.ok(tree.includes('GET /login'), 'the last spans are exported at the end');
  // The store is in another process.
  for (const step of ['provider token', 'store createTokens', 'store session.set'])
    assert.ok(tree.includes(`GET /callback > sign-in > ${step}`), tree.join('\n'));
});

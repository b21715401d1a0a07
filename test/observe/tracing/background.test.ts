/** Traces beyond the requests of users: discovery, forward authentication, and a configuration that changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCollector } from '../../support/collector.ts';
import { freePort } from '../../support/ports.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { withVariables } from '../../support/variables.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

test('discovery has a trace of its own, also one that fails', async (t) => {
  const collector = await startCollector(t);
  const provider = await startProvider();
  await provider.stop();
  withVariables(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20' });
  await startWorld(t, { running: provider });
  const named = () => collector.named('provider discovery');
  await until(() => named().some(({ attributes }) => attributes['error.type'] === 'ECONNREFUSED'));
  await provider.start();
  await until(() => named().some(({ attributes }) => attributes['http.response.status_code'] === 200));
  assert.ok(collector.tree().includes('discovery > provider discovery'));
});

test('a question of a front proxy: its decision is part of the trace of the request that it asks about', async (t) => {
  const collector = await startCollector(t);
  const port = await freePort();
  const traceId = 'c'.repeat(32);
  const world = await startWorld(t, {
    gateway: { config: { tracing: { otlp: collector.url }, forwardAuth: { port, host: '127.0.0.1' } } },
  });
  await world.signIn();
  const response = await fetch(`http://127.0.0.1:${port}/auth/verify`, {
    headers: {
      'x-original-method': 'GET',
      'x-original-uri': '/api/canary',
      'x-original-host': new URL(world.gateway.url).host,
      'x-csrf': '1',
      cookie: world.browser.cookieHeader('/'),
      traceparent: `00-${traceId}-${'d'.repeat(16)}-01`,
    },
  });
  assert.equal(response.status, 200, await response.text());
  await world.gateway.stop();
  assert.ok(collector.spans.length >= 2);
  for (const span of collector.spans) assert.equal(span.traceId, traceId);
  assert.equal(collector.named('GET forward-auth')[0]?.attributes['http.response.status_code'], 200);
  assert.ok(collector.tree().includes('GET forward-auth > policy'), collector.tree().join());
  assert.doesNotMatch(collector.text(), /canary/);
});

test('a reload changes the collector; the spans of before still get to the old one', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const [first, second] = [await startCollector(t), await startCollector(t)];
  const config = (url: string) => ({ tracing: { otlp: url, sample: 1 }, log: { level: 'info' as const } });
  const gateway = await startProcess(t, { provider, config: config(first.url) });
  assert.equal((await fetch(`${gateway.ownUrl}/session`)).status, 200);
  gateway.configure(config(second.url));
  gateway.signal('SIGHUP');
  await until(() => gateway.output().includes('configuration reloaded'));
  assert.equal((await fetch(`${gateway.ownUrl}/session`)).status, 200);
  assert.equal(await gateway.terminate(), 0);
  assert.deepEqual([first.named('GET /session').length, second.named('GET /session').length], [1, 1]);
});

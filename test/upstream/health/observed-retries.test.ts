/** What operators see of a target that fails: access log, audit log, log, trace and metrics; and how many lines at most. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { createTargetEvents } from '../../../src/upstream/target-events.ts';
import { lineOf } from '../../observe/access/access-lines.ts';
import { startCollector } from '../../support/collector.ts';
import { freePort } from '../../support/ports.ts';
import { CSRF, startWorld } from '../../support/world.ts';

test('a request that was sent again says so in its line and its span, and the ejection is audited', async (t) => {
  const collector = await startCollector(t);
  const killed = `http://127.0.0.1:${await freePort()}`;
  const pool = { balance: 'round-robin' as const, passiveHealth: { failures: 1 } };
  const { gateway, browser, upstream, signIn } = await startWorld(t, {
    routes: (origin) => [{ path: '/api/**', upstream: { targets: [killed, origin], ...pool } }],
    gateway: { config: { log: { access: 'all' }, tracing: { otlp: collector.url, sample: 1 } } },
  });
  await signIn();
  const lines = [];
  for (let sent = 0; sent < 2; sent += 1) {
    const { status, headers } = await browser.fetch('/api/x', { headers: CSRF });
    assert.equal(status, 200);
    lines.push(await lineOf(gateway, String(headers['x-request-id'])));
  }
  assert.deepEqual(
    lines.map((line) => line.target),
    [upstream.origin, upstream.origin],
  );
  assert.deepEqual(lines.map((line) => line['http.request.resend_count']).sort(), [1, undefined]);

  const reports = gateway
    .logText()
    .split('\n')
    .filter((line) => line.includes(killed))
    .map((line) => JSON.parse(line));
  const ejected = { route: '/api/**', target: killed, reason: 'connect' };
  assert.deepEqual(
    reports.map(({ route, target, reason, event, level }) => ({ route, target, reason, event, level })),
    [
      { ...ejected, event: 'upstream.target_ejected', level: 'info' },
      { ...ejected, event: undefined, level: 'warn' },
    ],
  );

  await gateway.stop();
  const spans = collector.named('GET').filter((span) => span.attributes['server.port'] === upstream.port);
  assert.deepEqual(spans.map(({ attributes }) => attributes['http.request.resend_count']).sort(), [1, undefined]);
});

test('a request that is not sent again because of the budget says so in its line and its span', async (t) => {
  const collector = await startCollector(t);
  const killed = `http://127.0.0.1:${await freePort()}`;
  const { gateway, browser, signIn } = await startWorld(t, {
    routes: () => [{ path: '/api/**', upstream: { targets: [killed], retries: { budget: 0 } } }],
    gateway: { config: { log: { access: 'all' }, tracing: { otlp: collector.url, sample: 1 } } },
  });
  await signIn();
  const { status, headers } = await browser.fetch('/api/x', { headers: CSRF });
  assert.equal(status, 502);
  const line = await lineOf(gateway, String(headers['x-request-id']));
  assert.deepEqual([line.retry, line.target, line['http.request.resend_count']], ['over_budget', killed, undefined]);
  await gateway.stop();
  const span = collector.named('GET').find(({ attributes }) => attributes['bff.retry'] !== undefined);
  assert.equal(span?.attributes['bff.retry'], 'over_budget');
});

test('targets that change all the time write at most 60 lines a minute; the metric counts each change', () => {
  let now = 0;
  const lines: string[] = [];
  const counted: string[] = [];
  const log = createLogger('silent');
  const events = createTargetEvents(
    '/api/**',
    { log, audit: (event) => lines.push(event), countEjection: (route) => counted.push(route) },
    () => now,
  );
  const target = { url: 'http://orders:8080/v2', address: '10.0.0.7', authority: '', inFlight: 0, dispatch() {} };
  for (let change = 0; change < 100; change += 1) {
    events.onEjected(target, 'connect', 10_000);
    events.onRestored(target);
  }
  assert.deepEqual([lines.length, counted.length], [60, 100]);
  now = 60_000;
  events.onRestored(target);
  assert.equal(lines.length, 61);
});

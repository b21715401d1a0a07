/** Metrics of several apps: each series names its app and its route as the file does, whatever clients send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAgent, send } from '../support/browser-http.ts';
import type { Scrape } from '../support/scrape.ts';
import { type SeveralApps, startSeveralApps } from '../support/several-apps.ts';
import { CSRF } from '../support/world.ts';

/** The values of a label over all series. */
const valuesOf = ({ text }: Scrape, label: string) =>
  new Set([...text.matchAll(new RegExp(`\\b${label}="([^"]*)"`, 'g'))].map(([, value]) => value));

/** The series of the gateway, without their values and without those of the private listener and of store operations. */
const seriesOf = ({ text }: Scrape) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('bff_') && !line.startsWith('bff_store_'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .sort();

/** Sends requests for hosts and paths that are in no file, in every method that a label has. */
async function sendMadeUp({ gateway }: SeveralApps, name: string): Promise<void> {
  const agent = createAgent();
  const { port } = gateway.config.listen;
  const targets = [
    `http://${name}.localhost/api/x`,
    `http://shop.localhost/${name}`,
    `http://shop.localhost/api/${name}?${name}=1`,
    `http://shop.localhost/%2e%2e/${name}`,
    `http://desk.localhost/login/${name}`,
    `http://localhost:${port}/sessions/${name}/revoke`,
  ];
  for (const target of targets)
    for (const method of ['GET', 'PURGE']) await send({ url: new URL(target), method, headers: CSRF }, agent, { port });
  agent.destroy();
}

test('AP-12 apps count apart, and what clients make up adds no series', async (t) => {
  const world = await startSeveralApps(t, { apps: { shop: {}, desk: {} } });
  const browser = await world.signInAt('shop');
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal((await world.browserOf('desk').fetch('/api/x', { headers: CSRF })).status, 401);
  await world.signInAt('desk');
  await sendMadeUp(world, 'first');
  const before = await world.scrape();
  const expected = {
    'bff_http_requests_total{app="shop",route="/api/**",method="GET",status="2xx"}': 1,
    'bff_policy_decisions_total{app="shop",route="/api/**",outcome="allowed"}': 1,
    'bff_upstream_response_seconds_count{app="shop",route="/api/**",status="2xx"}': 1,
    'bff_policy_decisions_total{app="desk",route="/api/**",outcome="allowed"}': 0,
    'bff_logins_started_total{app="shop"}': 1,
    'bff_logins_started_total{app="desk"}': 1,
    'bff_logins_started_total{app="main"}': 0,
    'bff_callbacks_total{app="desk",outcome="succeeded"}': 1,
    'bff_sessions_opened_total{app="desk"}': 1,
    'bff_part_ready{part="provider",app="desk"}': 1,
    'bff_http_requests_total{app="",route="none",method="GET",status="4xx"}': 1,
  };
  for (const [series, value] of Object.entries(expected)) assert.equal(before.value(series), value, series);
  for (const name of ['second', 'third', 'constructor']) await sendMadeUp(world, name);
  const after = await world.scrape();
  assert.deepEqual(seriesOf(after), seriesOf(before));
  assert.deepEqual([...valuesOf(after, 'app')].sort(), ['', 'desk', 'main', 'shop']);
  const own = ['/callback', '/login', '/sessions/{id}/revoke', '/api/**', 'frontend', 'none'];
  for (const route of valuesOf(after, 'route')) assert.ok(own.includes(route ?? ''), route);
});

test('AP-12 admin.metrics.detail: app leaves the route out and adds the routes of an app up', async (t) => {
  const config = { admin: { metrics: { detail: 'app' as const } } };
  const world = await startSeveralApps(t, { apps: { shop: {} }, gateway: { config } });
  const browser = await world.signInAt('shop');
  assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal((await browser.fetch('/api/x')).status, 403);
  await sendMadeUp(world, 'first');
  const metrics = await world.scrape();
  assert.deepEqual([...valuesOf(metrics, 'route')], ['']);
  assert.equal(metrics.value('bff_policy_decisions_total{app="shop",route="",outcome="allowed"}'), 1);
  assert.equal(metrics.value('bff_csrf_refusals_total{app="shop",route="",reason="csrf_header_missing"}'), 1);
  assert.equal(metrics.value('bff_http_requests_total{app="shop",route="",method="GET",status="3xx"}'), 2);
});

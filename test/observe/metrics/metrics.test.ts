/** Metrics of a running gateway: counted values, bounded series, no client input in labels. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createMetrics } from '../../../src/observe/metrics/metrics.ts';
import { METRICS, type MetricRow } from '../../../src/observe/metrics/table.ts';
import { freePort } from '../../support/ports.ts';
import { oauthError } from '../../support/provider-faults.ts';
import { scrape } from '../../support/scrape.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';

const ROUTE = 'app="main",route="/api/**"';

async function startMeasuredWorld(
  t: TestContext,
  config: NonNullable<Parameters<typeof startWorld>[1]>['gateway'] = {},
) {
  const port = await freePort();
  const world = await startWorld(t, { gateway: { ...config, config: { admin: { port }, ...config.config } } });
  return { ...world, scrape: () => scrape(`http://127.0.0.1:${port}`), admin: `http://127.0.0.1:${port}` };
}

describe('metrics', () => {
  test('a sign-in, requests, a forged request and a sign-out are counted', async (t) => {
    const world = await startMeasuredWorld(t);
    await world.signIn();
    assert.equal((await world.api('/api/one')).status, 200);
    assert.equal((await world.api('/api/two')).status, 200);
    assert.equal((await world.browser.fetch('/api/three')).status, 403);
    await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    assert.equal((await world.api('/api/four')).status, 401);
    await until(async () => (await world.scrape()).value('bff_revocations_total{app="main",outcome="revoked"}') > 0);
    const { value } = await world.scrape();
    const expected: Record<string, number> = {
      'bff_logins_started_total{app="main"}': 1,
      'bff_callbacks_total{app="main",outcome="succeeded"}': 1,
      'bff_sessions_opened_total{app="main"}': 1,
      'bff_sessions_ended_total{app="main",reason="logout"}': 1,
      [`bff_policy_decisions_total{${ROUTE},outcome="allowed"}`]: 2,
      [`bff_policy_decisions_total{${ROUTE},outcome="csrf_header_missing"}`]: 1,
      [`bff_policy_decisions_total{${ROUTE},outcome="unauthenticated"}`]: 1,
      [`bff_csrf_refusals_total{${ROUTE},reason="csrf_header_missing"}`]: 1,
      [`bff_http_requests_total{${ROUTE},method="GET",status="2xx"}`]: 2,
      [`bff_http_requests_total{${ROUTE},method="GET",status="4xx"}`]: 2,
      'bff_http_requests_total{app="main",route="/callback",method="GET",status="3xx"}': 1,
      [`bff_upstream_response_seconds_count{${ROUTE},status="2xx"}`]: 2,
      'bff_errors_total{code="csrf_header_missing"}': 1,
      'bff_provider_request_seconds_count{app="main",provider="default",endpoint="token",outcome="ok"}': 1,
      'bff_part_ready{part="provider"}': 1,
      'bff_part_ready{part="provider",app="main"}': 1,
      'bff_part_ready{part="store"}': 1,
      'bff_part_ready{part="serving"}': 1,
    };
    for (const [series, number] of Object.entries(expected)) assert.equal(value(series), number, series);
    assert.ok(value('bff_session_cache_lookups_total{app="main",result="hit"}') > 0);
    assert.ok(value('bff_session_cache_lookups_total{app="main",result="miss"}') > 0);
    for (const operation of ['load', 'session.set', 'createTokens', 'end'])
      assert.ok(value(`bff_store_operation_seconds_count{operation="${operation}",outcome="ok"}`) > 0, operation);
  });

  test('refreshes are counted by outcome, with their duration', async (t) => {
    let now = Date.now();
    const world = await startMeasuredWorld(t, { clock: () => now });
    await world.signIn();
    now += world.provider.settings.accessTokenLifetime;
    world.provider.settings.clockOffset = world.provider.settings.accessTokenLifetime;
    assert.equal((await world.api()).status, 200);
    world.provider.behaviour.token = () => oauthError('canary_error_of_the_provider');
    now += world.provider.settings.accessTokenLifetime;
    assert.equal((await world.api()).status, 503);
    const { value, text } = await world.scrape();
    assert.equal(value('bff_refreshes_total{app="main",provider="default",outcome="renewed"}'), 1);
    assert.equal(value('bff_refreshes_total{app="main",provider="default",outcome="other"}'), 1);
    assert.equal(value('bff_refresh_wait_seconds_count{outcome="refreshed"}'), 1);
    assert.equal(value('bff_refresh_wait_seconds_count{outcome="failed"}'), 1);
    assert.equal(
      value('bff_provider_request_seconds_count{app="main",provider="default",endpoint="token",outcome="refused"}'),
      1,
    );
    assert.doesNotMatch(text, /canary/);
  });

  test('an unavailable upstream and an unavailable provider are visible', async (t) => {
    const world = await startMeasuredWorld(t);
    await world.signIn();
    await world.upstream.close();
    assert.equal((await world.api()).status, 502);
    await world.provider.stop();
    const { value } = await world.scrape();
    assert.equal(value(`bff_upstream_response_seconds_count{${ROUTE},status="none"}`), 1);
    assert.equal(value(`bff_http_requests_total{${ROUTE},method="GET",status="5xx"}`), 1);
    assert.equal(value('bff_errors_total{code="upstream_failed"}'), 1);
    await world.provider.start();
  });

  test('forward authentication requests are counted like forwarded requests', async (t) => {
    const [port, forwardAuthPort] = [await freePort(), await freePort()];
    const config = { admin: { port }, forwardAuth: { port: forwardAuthPort } };
    const world = await startWorld(t, { gateway: { config } });
    await world.signIn();
    const original = { 'x-original-method': 'GET', 'x-original-uri': '/api/x' };
    const verify = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${forwardAuthPort}/auth/verify`, { headers: { ...original, ...headers } });
    assert.equal((await verify({ ...CSRF, cookie: world.browser.cookieHeader('/') })).status, 200);
    assert.equal((await verify(CSRF)).status, 401);
    const { value } = await scrape(`http://127.0.0.1:${port}`);
    assert.equal(value(`bff_policy_decisions_total{${ROUTE},outcome="allowed"}`), 1);
    assert.equal(value(`bff_policy_decisions_total{${ROUTE},outcome="unauthenticated"}`), 1);
    assert.equal(value('bff_errors_total{code="unauthenticated"}'), 1);
  });

  test('LG-03 no input of a client becomes a label', async (t) => {
    const world = await startMeasuredWorld(t);
    await world.signIn();
    const paths = ['/api/canary?canary=1', '/canary', '/sessions/canary/revoke', '/login/canary', '/api/%2e%2e/canary'];
    for (const path of paths)
      for (const method of ['GET', 'PURGE'])
        await world.browser.fetch(path, { method, headers: { ...CSRF, canary: 'canary' } });
    await world.browser.fetch('/callback?state=canary&code=canary');
    const { text, value } = await world.scrape();
    assert.equal(value('bff_http_requests_total{app="main",route="/api/**",method="other",status="2xx"}'), 1);
    assert.ok(value('bff_http_requests_total{app="main",route="frontend",method="GET",status="4xx"}') > 1);
    assert.doesNotMatch(text, /canary/i);
    assert.ok(!text.includes(world.provider.next.nextUser.sub));
    for (const secret of world.provider.secrets.keys()) assert.ok(!text.includes(secret));
  });

  test('every series is in the table, and every metric of the table is exported', async (t) => {
    const world = await startMeasuredWorld(t);
    await world.signIn();
    await world.api();
    const { names, text } = await world.scrape();
    const own = [...names].filter((name) => !/^(process|nodejs)_/.test(name));
    const known = Object.entries<MetricRow>(METRICS).flatMap(([name, { type }]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
    );
    assert.deepEqual(
      own.filter((name) => !known.includes(name)),
      [],
    );
    for (const [name, { type }] of Object.entries(METRICS))
      assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, 'm'));
    assert.ok(names.has('process_cpu_seconds_total'));
  });

  test('the buckets of a histogram are cumulative and end with the count', async () => {
    const metrics = createMetrics();
    for (const seconds of [0.0004, 0.0005, 0.003, 7]) metrics.observeStoreOperation('load', 'ok', seconds);
    const { body } = await metrics.text();
    const at = (le: string) =>
      Number(new RegExp(`bucket\\{operation="load",outcome="ok",le="${le}"\\} (\\d+)`).exec(body)?.[1]);
    assert.deepEqual(['0.0005', '0.001', '0.005', '1', '\\+Inf'].map(at), [2, 2, 3, 3, 4]);
    assert.match(body, /_count\{operation="load",outcome="ok"\} 4/);
    assert.match(body, /_sum\{operation="load",outcome="ok"\} 7\.0039/);
  });
});

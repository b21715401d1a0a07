/** Metrics of several processes: counters never decrease, whatever happens to a worker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { workersOf } from '../support/workers.ts';

test('O08 counters and histograms never decrease: a worker stands still, dies, and is replaced', async (t) => {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const routes = [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'none' as const }] }];
  const gateway = await startProcess(t, { provider, config: { workers: 2, routes } });
  const counters: readonly string[] = [
    'bff_http_requests_total{app="main",route="/api/**",method="GET",status="2xx"}',
    'bff_upstream_response_seconds_count{app="main",route="/api/**",status="2xx"}',
    'bff_upstream_response_seconds_sum{app="main",route="/api/**",status="2xx"}',
    'bff_upstream_response_seconds_bucket{app="main",route="/api/**",status="2xx",le="+Inf"}',
    'process_cpu_seconds_total',
  ];
  let last = counters.map(() => 0);
  /** Reads the counters, none of which may be lower than before. */
  const read = async () => {
    const { value, text } = await scrape(gateway.adminUrl);
    const current = counters.map((series) => {
      const [name = '', labels = ''] = series.split(/(?={)/);
      // The order of the labels is not part of the series.
      const found = text.split('\n').find(
        (line) =>
          line.startsWith(`${name}{`) &&
          labels
            .slice(1, -1)
            .split('",')
            .every((l) => line.includes(l)),
      );
      return found === undefined ? value(series) : Number(found.split(' ').at(-1));
    });
    current.forEach((now, at) => {
      assert.ok(now >= (last[at] ?? 0), `${counters[at]} went from ${last[at]} to ${now}`);
    });
    last = current;
    return current[0] ?? 0;
  };
  const request = () => fetch(`${gateway.ownUrl}/api/x`, { headers: { connection: 'close' } });
  for (let n = 0; n < 20; n += 1) assert.equal((await request()).status, 200);
  assert.equal(await read(), 20);

  const [victim = 0] = workersOf(gateway);
  process.kill(victim, 'SIGSTOP');
  assert.equal(await read(), 20, 'the last known figures of a worker that is late');
  process.kill(victim, 'SIGKILL');
  await until(() => !workersOf(gateway).includes(victim));
  assert.equal(await read(), 20, 'the figures of a worker that has exited');
  await until(() => workersOf(gateway).length === 2);
  for (let n = 0; n < 10; n += 1) {
    assert.equal((await request()).status, 200);
    await read();
  }
  await until(async () => (await read()) === 30);
  // Gauges are of the running processes only.
  await until(async () => /^bff_config_processes\{[^}]*\} 3$/m.test((await scrape(gateway.adminUrl)).text));
  await read();
});

/** A single provider becomes one of several at a reload, and a provider is removed: its sessions end, the others live. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';
import { entryOf, sessionOf, signInAt } from './support.ts';

test('PV-02 sessions live as long as their provider is configured', async (t) => {
  const [one, two, upstream] = await Promise.all([startProvider(), startProvider(), startUpstream()]);
  t.after(() => Promise.all([one.stop(), two.stop(), upstream.close()]).then(() => undefined));
  const config = {
    session: { store: { sqlite: { file: ':memory:' } } },
    log: { level: 'info' as const },
    routes: [{ path: '/api/**', upstream: upstream.origin }],
  };
  const gateway = await startProcess(t, { provider: one, config });
  let reloads = 0;
  const reload = async (changed: Parameters<typeof gateway.configure>[0]) => {
    gateway.configure(changed);
    gateway.signal('SIGHUP');
    reloads += 1;
    await until(
      async () =>
        (await scrape(gateway.adminUrl)).value('bff_config_reloads_total{app="main",outcome="applied"}') === reloads,
    );
  };
  const first = gateway.browser();
  await first.navigate('/login?returnTo=/app');
  const entries = [entryOf(one, { id: 'default' }), entryOf(two, { id: 'two' })];
  await reload({ ...config, provider: undefined, providers: entries });
  assert.equal((await sessionOf(first)).provider, 'default', 'the session lives');
  assert.equal((await first.fetch('/session/refresh', { method: 'POST', headers: CSRF })).status, 200);
  const again = gateway.browser();
  await signInAt(again, 'default');
  assert.equal(one.requests.authorize.at(-1)?.params.get('redirect_uri'), `${gateway.url}/callback`, 'as before');
  const second = gateway.browser();
  await signInAt(second, 'two');
  assert.equal((await second.fetch('/api/x', { headers: CSRF })).status, 200);

  await reload({ ...config, provider: undefined, providers: entries.slice(0, 1) });
  const { length } = upstream.requests;
  assert.equal((await second.fetch('/api/x', { headers: CSRF })).status, 401);
  assert.equal((await sessionOf(second)).authenticated, false);
  assert.equal(upstream.requests.length, length);
  assert.match(gateway.output(), /"reason":"provider_removed"/);
  assert.equal((await first.fetch('/api/x', { headers: CSRF })).status, 200);

  await reload({ ...config, provider: undefined, providers: entries });
  assert.equal((await sessionOf(second)).authenticated, false, 'the session has ended for good');
});

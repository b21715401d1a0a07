/** Configuration reload of a running process: routes change without interrupting sessions, streams or connections. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { newKey } from '../support/gateway.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

type Routes = NonNullable<ConfigInput['routes']>;

async function world(t: TestContext, overrides: Partial<ConfigInput> = {}) {
  const provider = await startProvider();
  let sendEvent = () => {};
  const upstream = await startUpstream({
    readBody: 'before',
    script(req, res) {
      if (req.url !== '/api/stream') return res.end('fine');
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      sendEvent = () => void res.write('data: tick\n\n');
      return sendEvent();
    },
  });
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const routes: Routes = [{ path: '/api/**', upstream: upstream.origin }];
  const otherRoutes: Routes = [{ path: '/further/**', upstream: upstream.origin }];
  const config = {
    session: { store: { sqlite: { file: ':memory:' } } },
    log: { level: 'info' as const },
    ...overrides,
  };
  const gateway = await startProcess(t, { provider, config: { ...config, routes } });
  const browser = gateway.browser();
  await browser.navigate('/login');
  const status = async (path: string) => (await browser.fetch(path, { headers: CSRF })).status;
  return { provider, gateway, browser, status, routes, otherRoutes, config, sendEvent: () => sendEvent() };
}

const reloads = async (adminUrl: string, outcome: 'applied' | 'refused') =>
  (await scrape(adminUrl)).value(`bff_config_reloads_total{app="main",outcome="${outcome}"}`);

test('SIGHUP applies new routes; sessions, streams and connections continue', async (t) => {
  const { gateway, browser, status, routes, otherRoutes, config, sendEvent } = await world(t);
  const { pid } = gateway;
  const pidBefore = pid();
  const cookie = browser.cookieHeader('/');
  const stream = await fetch(`${gateway.url}/api/stream`, { headers: { ...CSRF, cookie } });
  const reader = stream.body?.getReader();
  assert.ok(reader);
  assert.match(Buffer.from((await reader.read()).value ?? []).toString(), /tick/);
  assert.equal(await status('/further/x'), 404);

  gateway.configure({ ...config, routes: [...routes, ...otherRoutes] });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'applied')) === 1);
  assert.equal(await status('/further/x'), 200, 'the session still exists');
  sendEvent();
  assert.match(Buffer.from((await reader.read()).value ?? []).toString(), /tick/, 'the stream continues');

  gateway.configure({ ...config, routes: otherRoutes });
  gateway.signal('SIGHUP');
  await until(async () => (await status('/api/x')) === 404);
  const removedAt = Date.now();
  // Longer than it takes to notice that a replaced gateway has no requests left.
  await until(() => Date.now() - removedAt > 1_500);
  sendEvent();
  assert.match(
    Buffer.from((await reader.read()).value ?? []).toString(),
    /tick/,
    'the route is removed, the stream continues',
  );
  assert.equal(pid(), pidBefore);
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  }, 'a sign-out at the active gateway ends the streams of the replaced one');
});

test('an invalid file changes nothing, and the log contains its faults', async (t) => {
  const { gateway, status, routes, config } = await world(t);
  gateway.configure(`publicUrl: ${gateway.url}\nrouts: []\n`);
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'refused')) === 1);
  await until(() => gateway.output().includes('config.refused'));
  assert.match(gateway.output(), /failed to reload the configuration; keeping the current one/);
  assert.match(gateway.output(), /gateway\.yaml:2:\d+: routs/);
  assert.match(gateway.output(), /"event":"config\.refused"/);
  assert.equal(await status('/api/x'), 200);
  gateway.configure({
    ...config,
    routes: [{ ...routes[0], path: '/api/**', upstream: 'https://a.test', upstreamCa: '/none' }],
  });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'refused')) === 2);
  assert.equal(await status('/api/x'), 200, 'the new gateway could not be created, so the current one stays');
});

test('if the provider cannot be discovered, the running gateway stays', async (t) => {
  const { gateway, status, provider, config, otherRoutes } = await world(t);
  await provider.stop();
  gateway.configure({ ...config, routes: otherRoutes });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'refused')) === 1);
  await until(() => /the provider of this configuration is unavailable/.test(gateway.output()));
  assert.equal(await status('/api/x'), 200);
  await provider.start();
});

test('options that need a restart keep their values and are logged', async (t) => {
  const { gateway, status, config, otherRoutes } = await world(t);
  const changed = {
    listen: { host: '127.0.0.1', port: 1 },
    publicUrl: 'http://localhost:1',
    secrets: { keys: [{ id: 'k2', value: newKey() }] },
  };
  gateway.configure({
    ...config,
    ...changed,
    session: { store: { sqlite: { file: './other.db' } } },
    routes: otherRoutes,
  });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'applied')) === 1);
  await until(() => gateway.output().includes('config.reloaded'));
  assert.match(gateway.output(), /"options":\["publicUrl","listen","session\.store","secrets"\]/);
  assert.equal(await status('/further/x'), 200);
});

test('a new first key is accepted while the previous one stays: sessions of both keys are valid', async (t) => {
  const { gateway, status, config, routes } = await world(t);
  const keys = [
    { id: 'k2', value: newKey() },
    { id: 'k1', value: gateway.key },
  ];
  gateway.configure({ ...config, secrets: { keys }, routes });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'applied')) === 1);
  await until(() => /"event":"config\.reloaded","key":"k2"/.test(gateway.output()));
  assert.equal(await status('/api/x'), 200);
  const otherBrowser = gateway.browser();
  await otherBrowser.navigate('/login');
  assert.equal((await otherBrowser.fetch('/api/x', { headers: CSRF })).status, 200);
});

test('reload.watch: a changed file is reloaded automatically', async (t) => {
  const watching = { reload: { watch: true } };
  const { gateway, status, config, otherRoutes } = await world(t, watching);
  gateway.configure({ ...config, routes: otherRoutes });
  await until(async () => (await status('/further/x')) === 200);
  assert.equal(await status('/api/x'), 404);
});

/** A configuration that changes while a real process serves: routes come and go, and nobody notices but by them. */
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

async function world(t: TestContext, more: Partial<ConfigInput> = {}) {
  const provider = await startProvider();
  let tick = () => {};
  const upstream = await startUpstream({
    readBody: 'before',
    script(req, res) {
      if (req.url !== '/api/stream') return res.end('fine');
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      tick = () => void res.write('data: tick\n\n');
      return tick();
    },
  });
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const routes: Routes = [{ path: '/api/**', upstream: upstream.origin }];
  const further: Routes = [{ path: '/further/**', upstream: upstream.origin }];
  const config = { session: { store: { sqlite: { file: ':memory:' } } }, log: { level: 'info' as const }, ...more };
  const gateway = await startProcess(t, { provider, config: { ...config, routes } });
  const browser = gateway.browser();
  await browser.navigate('/login');
  const status = async (path: string) => (await browser.fetch(path, { headers: CSRF })).status;
  return { provider, gateway, browser, status, routes, further, config, tick: () => tick() };
}

const reloads = async (adminUrl: string, outcome: 'applied' | 'refused') =>
  (await scrape(adminUrl)).value(`bff_config_reloads_total{outcome="${outcome}"}`);

test('SIGHUP takes on new routes; sessions, streams and connections go on', async (t) => {
  const { gateway, browser, status, routes, further, config, tick } = await world(t);
  const { pid } = gateway;
  const before = pid();
  const cookie = browser.cookieHeader('/');
  const stream = await fetch(`${gateway.url}/api/stream`, { headers: { ...CSRF, cookie } });
  const reader = stream.body?.getReader();
  assert.ok(reader);
  assert.match(Buffer.from((await reader.read()).value ?? []).toString(), /tick/);
  assert.equal(await status('/further/x'), 404);

  gateway.configure({ ...config, routes: [...routes, ...further] });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'applied')) === 1);
  assert.equal(await status('/further/x'), 200, 'the session is still there');
  tick();
  assert.match(Buffer.from((await reader.read()).value ?? []).toString(), /tick/, 'the stream is the same');

  gateway.configure({ ...config, routes: further });
  gateway.signal('SIGHUP');
  await until(async () => (await status('/api/x')) === 404);
  const since = Date.now();
  // Longer than it takes to notice that a gateway has no calls left.
  await until(() => Date.now() - since > 1_500);
  tick();
  assert.match(
    Buffer.from((await reader.read()).value ?? []).toString(),
    /tick/,
    'its route is gone, the stream is not',
  );
  assert.equal(pid(), before);
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  }, 'a sign-out at the new gateway ends the streams of the old one');
});

test('a bad file changes nothing, and the log says what is wrong with it', async (t) => {
  const { gateway, status, routes, config } = await world(t);
  gateway.configure(`publicUrl: ${gateway.url}\nrouts: []\n`);
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'refused')) === 1);
  await until(() => gateway.output().includes('config.refused'));
  assert.match(gateway.output(), /failed to reload the configuration; keeping the current one/);
  assert.match(gateway.output(), /gateway\.yaml:2:\d+ routs/);
  assert.match(gateway.output(), /"event":"config\.refused"/);
  assert.equal(await status('/api/x'), 200);
  gateway.configure({
    ...config,
    routes: [{ ...routes[0], path: '/api/**', upstream: 'https://a.test', upstreamCa: '/none' }],
  });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'refused')) === 2);
  assert.equal(await status('/api/x'), 200, 'it could not be built, so the old one goes on');
});

test('a provider that cannot be found with it: the running gateway stays', async (t) => {
  const { gateway, status, provider, config, further } = await world(t);
  await provider.stop();
  gateway.configure({ ...config, routes: further });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'refused')) === 1);
  await until(() => /the provider of this configuration is unavailable/.test(gateway.output()));
  assert.equal(await status('/api/x'), 200);
  await provider.start();
});

test('what cannot change is named and keeps its value', async (t) => {
  const { gateway, status, config, further } = await world(t);
  const changed = {
    listen: { host: '127.0.0.1', port: 1 },
    publicUrl: 'http://localhost:1',
    secrets: { keys: [{ id: 'k2', value: newKey() }] },
  };
  gateway.configure({ ...config, ...changed, session: { store: { sqlite: { file: './other.db' } } }, routes: further });
  gateway.signal('SIGHUP');
  await until(async () => (await reloads(gateway.adminUrl, 'applied')) === 1);
  await until(() => gateway.output().includes('config.reloaded'));
  assert.match(gateway.output(), /"options":\["publicUrl","listen","session\.store","secrets"\]/);
  assert.equal(await status('/further/x'), 200);
});

test('a further key may come first while the used one stays: sessions of both are good', async (t) => {
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
  const other = gateway.browser();
  await other.navigate('/login');
  assert.equal((await other.fetch('/api/x', { headers: CSRF })).status, 200);
});

test('reload.watch: a changed file is taken on by itself', async (t) => {
  const watching = { reload: { watch: true } };
  const { gateway, status, config, further } = await world(t, watching);
  gateway.configure({ ...config, routes: further });
  await until(async () => (await status('/further/x')) === 200);
  assert.equal(await status('/api/x'), 404);
});

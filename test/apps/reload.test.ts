/** A reload replaces the apps that changed, keeps the others as they are, and refuses one that finds none of its providers alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Loaded, parseConfig } from '../../src/config/load/load.ts';
import { mapApps } from '../../src/config/schema/apps.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { configDigest } from '../../src/server/config-digest.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';
import { type AppInput, type AppsWorld, appInput, startApps, type TestApp } from './world.ts';

const ANYONE = [{ token: 'none' as const }];
const openRoute = (app: TestApp, path: string) => ({ path, upstream: app.upstream.origin, rules: ANYONE });

/** The configuration of a world with these apps. */
function loadedWith({ config: { secrets, listen, admin, upstreamClient } }: AppsWorld, apps: AppInput[]): Loaded {
  const config = parseConfig({
    listen,
    admin: { port: admin.port },
    trustedProxies: ['127.0.0.1'],
    secrets: { keys: secrets.keys.map(({ id, value }) => ({ id, value })) },
    session: { store: { sqlite: { file: ':memory:' } } },
    limits: { loginsPerMinute: 0, drainDelay: '0s' },
    upstreamClient,
    development: { allowInsecureHttp: true },
    apps,
  } as ConfigInput);
  return { config, warnings: [] };
}

async function twoApps(t: Parameters<typeof startApps>[0]) {
  let sendEvent = () => {};
  const events = await startUpstream({
    readBody: 'before',
    script(_req, res) {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      sendEvent = () => void res.write('data: tick\n\n');
      sendEvent();
    },
  });
  t.after(() => events.close());
  const inputOf = (app: TestApp) =>
    app.id === 'a'
      ? appInput(app, {
          routes: [
            { path: '/api/**', upstream: app.upstream.origin },
            { path: '/events', upstream: events.origin },
          ],
        })
      : appInput(app, { routes: [openRoute(app, '/old/**')] });
  const world = await startApps(t, ['a', 'b'], inputOf);
  /** The configuration of the file, with other options of `b`; without them `b` is left out. */
  const loaded = (b: AppInput | undefined) => loadedWith(world, [inputOf(world.app('a')), ...(b ? [b] : [])]);
  return { ...world, loaded, sendEvent: () => sendEvent() };
}

const misses = async (adminUrl: string) =>
  (await scrape(adminUrl)).value('bff_session_cache_lookups_total{app="a",result="miss"}');

test('AP-09 a reload that changes one app leaves streams and cached sessions of the other', async (t) => {
  const { app, browser, server, adminUrl, loaded, sendEvent } = await twoApps(t);
  const [user, visitor] = [browser('a'), browser('b')];
  await user.navigate('/login');
  assert.equal((await user.fetch('/api/x', { headers: CSRF })).status, 200);
  const abort = new AbortController();
  const stream = user.fetch('/events', { headers: CSRF, signal: abort.signal }).catch((error: unknown) => error);
  await until(() => sendEvent !== undefined && true);
  const openStreams = async () => (await scrape(adminUrl)).text.match(/^bff_open_calls\S* (\d+)/m)?.[1];
  await until(async () => (await openStreams()) === '1');
  const missesBefore = await misses(adminUrl);
  assert.ok(missesBefore > 0);

  assert.equal((await visitor.fetch('/old/x')).status, 200);
  await server.reload(() => loaded(appInput(app('b'), { routes: [openRoute(app('b'), '/new/**')] })));
  assert.equal((await visitor.fetch('/new/x')).status, 200);
  assert.equal((await visitor.fetch('/old/x')).status, 404);
  assert.equal((await user.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal(await misses(adminUrl), missesBefore, 'the session was read from the cache');
  // Longer than it takes to notice that a replaced app has no requests left.
  const reloadedAt = Date.now();
  await until(() => Date.now() - reloadedAt > 1_200);
  assert.equal(await openStreams(), '1', 'the stream goes on');

  await app('b').provider.stop();
  await server.reload(() =>
    loaded(appInput(app('b'), { routes: [openRoute(app('b'), '/newer/**')], csrf: { header: 'X-Other' } })),
  );
  assert.equal((await visitor.fetch('/newer/x')).status, 404);
  assert.equal((await visitor.fetch('/new/x')).status, 200, 'b serves its old configuration');
  assert.equal((await user.fetch('/api/x', { headers: CSRF })).status, 200);
  assert.equal(await misses(adminUrl), missesBefore);
  await app('b').provider.start();
  abort.abort();
  await stream;
});

test('AP-09 an app that is refused is named, and the others of the same reload are applied', async (t) => {
  const { app, browser, server, adminUrl, loaded, logText } = await twoApps(t);
  const visitor = browser('b');
  await app('b').provider.stop();
  const wanted = loaded(appInput(app('b'), { routes: [openRoute(app('b'), '/new/**')] }));
  const [a] = [{ ...wanted.config, routes: wanted.config.routes.slice(0, 1) }];
  await server.reload(() => ({ ...wanted, config: a }));
  const refusals = logText()
    .split('\n')
    .filter((line) => line.includes('failed to reload an app'));
  assert.equal(refusals.length, 1);
  assert.equal(JSON.parse(refusals[0] ?? '{}').app, 'b');
  const { value } = await scrape(adminUrl);
  assert.equal(value('bff_config_reloads_total{app="b",outcome="refused"}'), 1);
  assert.equal(value('bff_config_reloads_total{app="b",outcome="applied"}'), 0);
  assert.equal(value('bff_config_reloads_total{app="a",outcome="applied"}'), 1);
  assert.equal(value('bff_config_reloads_total{app="a",outcome="refused"}'), 0);
  assert.match(refusals[0] ?? '', /provider of this configuration is unavailable/);
  assert.equal((await visitor.fetch('/old/x')).status, 200);
  assert.equal((await browser('a').fetch('/events', { headers: CSRF })).status, 404, 'the route of a is gone');
  await app('b').provider.start();
});

test('AP-09 another secret of administrators counts at once, although the first app is refused', async (t) => {
  const { app, server, adminUrl, loaded, config } = await twoApps(t);
  const listed = async (headers: Record<string, string>) => (await fetch(`${adminUrl}/sessions`, { headers })).status;
  const reloadWith = (secret: string) => {
    const { config: wanted } = loaded(appInput(app('b'), { routes: [openRoute(app('b'), '/old/**')] }));
    return server.reload(() => ({
      config: mapApps(wanted, (own) => ({ ...own, admin: { ...config.admin, secret } })),
      warnings: [],
    }));
  };
  await reloadWith('the secret that leaked');
  assert.equal(await listed({ authorization: 'Bearer the secret that leaked' }), 200);
  await app('a').provider.stop();
  await reloadWith('the secret that replaces it');
  assert.equal(await listed({ authorization: 'Bearer the secret that leaked' }), 401);
  assert.equal(await listed({ authorization: 'Bearer the secret that replaces it' }), 200);
  await app('a').provider.start();
});

test('AP-09 an app that has left the configuration is not served, and may come back', async (t) => {
  const { app, browser, server, loaded } = await twoApps(t);
  const visitor = browser('b');
  await server.reload(() => loaded(undefined));
  assert.equal((await visitor.fetch('/old/x')).status, 421);
  assert.equal((await browser('a').fetch('/api/x', { headers: CSRF })).status, 401);
  await server.reload(() => loaded(appInput(app('b'), { routes: [openRoute(app('b'), '/old/**')] })));
  assert.equal((await visitor.fetch('/old/x')).status, 200);
});

/** The app `a` on its host, and `admin` below a path there. */
const sharedHost = (app: TestApp) =>
  app.id === 'a'
    ? appInput(app, { endpoints: { prefix: '/.auth' }, routes: [{ ...openRoute(app, '/**'), kind: 'page' }] })
    : appInput(app, { publicUrl: 'https://a.test', path: '/admin', routes: [openRoute(app, '/admin/open/**')] });

/** A world of both; `inputOf` is what it starts with. */
async function twoOnOneHost(t: Parameters<typeof startApps>[0], inputOf = sharedHost) {
  const world = await startApps(t, ['a', 'admin'], inputOf);
  const { app, browser, server } = world;
  const user = browser('a');
  return {
    ...world,
    user,
    reload: (...ids: string[]) => server.reload(() => loadedWith(world, ids.map(app).map(sharedHost))),
    /** The cookies that the upstream of `a` gets of a browser that has one of `admin`. */
    async seenByA() {
      const cookie = '__Host-bff-admin=secret; __Host-bff-admin-login-x=sealed; site=1';
      assert.equal((await user.fetch('/x', { headers: { cookie } })).status, 200);
      return app('a').upstream.requests.at(-1)?.header('cookie');
    },
  };
}

test('AP-09 a new app waits for a refused one on its host, whose upstreams would get its cookie', async (t) => {
  // At first on a host of its own.
  const apart = (app: TestApp) => (app.id === 'a' ? sharedHost(app) : appInput(app));
  const { app, user, reload, seenByA, logText } = await twoOnOneHost(t, apart);
  await reload('a');
  await app('a').provider.stop();
  await reload('a', 'admin');
  assert.equal((await user.fetch('/admin/open/x')).status, 200);
  assert.equal(app('admin').upstream.requests.length, 0, 'admin is not served yet');
  assert.match(logText(), /the upstreams of the app a, on the same host, would get its session cookie/);
  await app('a').provider.start();
  await reload('a', 'admin');
  assert.equal((await user.fetch('/admin/open/x')).status, 200);
  assert.equal(app('admin').upstream.requests.length, 1);
  assert.equal(await seenByA(), 'site=1');
});

test('AP-09 the cookies of an app that has left reach no upstream of the others on its host', async (t) => {
  const world = await twoOnOneHost(t);
  const { app, reload, seenByA, logText } = world;
  assert.equal(await seenByA(), 'site=1');
  for (const _time of ['once', 'again']) {
    await reload('a');
    assert.equal(await seenByA(), 'site=1');
  }
  const digest = configDigest(loadedWith(world, [sharedHost(app('a'))]).config);
  assert.match(logText(), new RegExp(`"digest":"${digest}"`), 'that of an instance that starts with the same file');
});

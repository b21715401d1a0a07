/** The operator page of the private listener: what each of its parts shows and does. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type OperatedGateway, signedInView } from '../../../src/admin/page/view.ts';
import { GatewayError } from '../../../src/base/errors.ts';
import { createRecentEvents } from '../../../src/observe/recent-audit.ts';
import type { Store } from '../../../src/store/port/store.ts';
import { freePort } from '../../support/ports.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { startSeveralApps } from '../../support/several-apps.ts';
import { CSRF, startWorld, type WorldOptions } from '../../support/world.ts';
import { SECRET, signedInVisitor } from './visitor.ts';

/** A world whose private listener has the page. */
async function startOperated(t: TestContext, options: WorldOptions['gateway'] = {}) {
  const port = await freePort();
  const admin = { enabled: true, port, page: true, secret: SECRET };
  const world = await startWorld(t, { gateway: { ...options, config: { ...options.config, admin } } });
  return { ...world, base: `http://127.0.0.1:${port}` };
}

test('health is shown by part, with each provider', async (t) => {
  const { base } = await startOperated(t);
  const { html } = await (await signedInVisitor(base)).get();
  for (const part of ['serving', 'provider', 'provider main/default', 'store'])
    assert.match(html, new RegExp(`<span class="tag">ready</span> <strong>${part}</strong>`), part);
});

test('sessions are found by user; one is ended, then all of the user', async (t) => {
  const { base, gateway, provider } = await startOperated(t);
  const browsers = [gateway.browser(), gateway.browser(), gateway.browser()];
  for (const browser of browsers) await browser.navigate('/login?returnTo=/app');
  const alive = async () => {
    const states = browsers.map(async (browser) => (await browser.fetch('/session', { headers: CSRF })).json());
    return (await Promise.all(states)).filter(({ authenticated }) => authenticated === true).length;
  };
  const visitor = await signedInVisitor(base);
  const found = await visitor.get('?user=user-alice');
  const ids = [...found.html.matchAll(/name="id" value="([^"]+)"/g)].map(([, id = '']) => id);
  assert.equal(ids.length, 3);
  for (const secret of provider.secrets.keys()) assert.ok(!found.html.includes(secret), 'no token');
  const ended = await visitor.send({ do: 'end', id: ids[0] ?? '' }, { query: '?user=user-alice' });
  assert.match(ended.html, /Sessions ended: 1\./);
  assert.equal([...ended.html.matchAll(/name="id"/g)].length, 2);
  assert.equal(await alive(), 2);
  assert.match((await visitor.send({ do: 'end', user: 'user-alice' })).html, /Sessions ended: 2\./);
  assert.equal(await alive(), 0);
  assert.match((await visitor.get('?user=user-alice')).html, /This user has no session/);
  assert.match(gateway.logText(), /"reason":"administrator"/);
});

test('a form that names no session ends none', async (t) => {
  const { base } = await startOperated(t);
  const visitor = await signedInVisitor(base);
  for (const fields of [{}, { user: '' }, { all: 'true' }])
    assert.equal((await visitor.send({ do: 'end', ...fields })).status, 400);
  assert.equal((await visitor.send({ do: 'everything' })).status, 400);
});

test('while the store is down, the page shows that, and which sessions could not be ended', async (t) => {
  let isDown = false;
  const changeStore = (store: Store): Store => ({
    ...store,
    index: {
      ...store.index,
      page: (...asked) => (isDown ? Promise.reject(new GatewayError('store_unavailable')) : store.index.page(...asked)),
    },
  });
  const { base } = await startOperated(t, { changeStore });
  const visitor = await signedInVisitor(base);
  isDown = true;
  const shown = await visitor.get('?user=user-alice');
  assert.equal(shown.status, 503);
  assert.match(shown.html, /The session store does not respond/);
  assert.match(shown.html, /<strong>serving<\/strong>/);
  assert.doesNotMatch(shown.html, /This user has no session/);
  const ended = await visitor.send({ do: 'end', user: 'user-alice' }, { query: '?user=user-alice' });
  assert.match(ended.html, /Not all sessions could be ended; try again\. Sessions ended: 0\./);
  isDown = false;
  assert.match((await visitor.get('?user=user-alice')).html, /This user has no session/);
});

test('an upstream that fails shows its failures and the last error', async (t) => {
  const upstream = `http://127.0.0.1:${await freePort()}`;
  const { base, gateway } = await startOperated(t, {
    config: { routes: [{ path: '/down/**', upstream, rules: [{ token: 'none' }], connections: 7 }] },
  });
  assert.equal((await fetch(`${gateway.url}/down/x`, { headers: CSRF })).status, 502);
  const { html } = await (await signedInVisitor(base)).get();
  assert.match(html, new RegExp(upstream));
  assert.match(html, /data-label="Requests">0 of 7</);
  assert.match(html, /data-label="Failures">1</);
  assert.match(html, /upstream_failed \(ECONNREFUSED\)/);
});

test('recent audit events are listed, the newest first, and user text is escaped', async (t) => {
  const { base, gateway } = await startOperated(t);
  await gateway.browser().navigate('/login?returnTo=/app');
  const visitor = await signedInVisitor(base);
  const { html } = await visitor.get();
  const names = [...html.matchAll(/data-label="Event"><code>([^<]+)</g)].map(([, name]) => name);
  assert.ok(names.indexOf('login.succeeded') < names.indexOf('login.started'), names.join());
  const hostile = '"><script>alert(1)</script>';
  const query = `?user=${encodeURIComponent(hostile)}`;
  const shown = await visitor.get(query);
  assert.ok(!shown.html.includes('<script'), 'as a user');
  const explained = await visitor.send({ do: 'explain', method: hostile, path: `/${hostile}`, claims: hostile });
  assert.ok(!explained.html.includes('<script') && explained.html.includes('&lt;script'), 'as fields of a form');
});

test('the configuration has names in place of secrets', async (t) => {
  const { base, gateway } = await startOperated(t);
  const { html } = await (await signedInVisitor(base)).get();
  assert.match(html, /publicUrl: /);
  assert.match(html, /MASKED_ADMIN_SECRET/);
  const { secrets, provider, admin } = gateway.config;
  for (const secret of [admin.secret, provider.clientSecret, ...secrets.keys.map(({ value }) => value)])
    assert.ok(secret !== undefined && !html.includes(secret));
});

test('a configuration is turned into text once, since a large one takes long', async (t) => {
  const { gateway } = await startOperated(t);
  let turned = 0;
  const config = new Proxy(gateway.config, {
    ownKeys(target) {
      turned += 1;
      return Reflect.ownKeys(target);
    },
  });
  const app = { config, upstreams: () => [] };
  const operated = { apps: [app] } as unknown as OperatedGateway;
  const sources = { gateway: operated, recent: createRecentEvents(), hasWorkers: false };
  const asked = { app: undefined, user: undefined, sessions: [], job: undefined, explained: undefined };
  const signIn = { formToken: '', secretDigest: '', expiresAt: 0 };
  const first = signedInView(sources, asked, signIn);
  const read = turned;
  assert.ok(read > 0);
  assert.equal(signedInView(sources, asked, signIn).configuration, first.configuration);
  assert.equal(turned, read);
});

test('explain shows the route and the rule, or what is wrong with a field', async (t) => {
  const { base } = await startOperated(t);
  const visitor = await signedInVisitor(base);
  const shown = await visitor.send({ do: 'explain', method: 'get', path: '/api/x', claims: '', address: '' });
  assert.equal(shown.status, 200);
  assert.match(shown.html, /GET \/api\/x\nclient {2}no credentials/);
  assert.match(shown.html, /result {2}401 unauthenticated/);
  const wrong = await visitor.send({ do: 'explain', method: 'GET', path: '/api/x', claims: '{', address: '' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.html, /role="alert">claims is not valid JSON/);
});

test('explain chooses the app as the gateway does: by the host and path', async (t) => {
  const publicUrl = 'http://sites.localhost';
  const routes = [{ path: '/shop/api/**', upstream: 'http://127.0.0.1:9' }];
  const { admin } = await startSeveralApps(t, {
    apps: { shop: { publicUrl, path: '/shop', routes }, wiki: {} },
    gateway: { publicUrl, config: { admin: { page: true, secret: SECRET } } },
  });
  const visitor = await signedInVisitor(admin);
  const explain = async (path: string, query = '') =>
    (await visitor.send({ do: 'explain', method: 'GET', path, claims: '', address: '' }, { query })).html;
  assert.match(await explain('/api/x'), /app {5}main\nGET \/api\/x/);
  assert.match(await explain('/shop/api/x'), /app {5}shop\nGET \/shop\/api\/x/);
  assert.match(await explain('/shop/api/x', '?app=main'), /app {5}shop\n/);
  assert.match(await explain('/api/x', '?app=wiki'), /app {5}wiki\n/);
  assert.match(await explain('http://wiki.localhost/api/x'), /app {5}wiki\nGET \/api\/x/);
  assert.match(await explain('http://nowhere.localhost/'), /role="alert">no app has the host/);
});

test('several apps: each part can be limited to one', async (t) => {
  const { admin, signInAt } = await startSeveralApps(t, {
    apps: { shop: {} },
    gateway: { config: { admin: { page: true, secret: SECRET } } },
  });
  await signInAt('main');
  await signInAt('shop');
  const visitor = await signedInVisitor(admin);
  const rowsOf = (html: string) => [...html.matchAll(/data-label="Provider"/g)].length;
  const all = await visitor.get('?user=user-alice');
  assert.equal(rowsOf(all.html), 2);
  assert.match(all.html, /<a href="\.\/\?app=shop">shop<\/a>/);
  const shop = await visitor.get('?app=shop&user=user-alice');
  assert.equal(rowsOf(shop.html), 1);
  assert.ok(!shop.html.includes('provider main/default') && shop.html.includes('provider shop/default'));
  assert.ok(!shop.html.includes('app <strong>main</strong>') && shop.html.includes('app <strong>shop</strong>'));
  assert.match(shop.html, /publicUrl: http:\/\/shop\.localhost/);
  const ended = await visitor.send({ do: 'end', user: 'user-alice' }, { query: '?app=shop&user=user-alice' });
  assert.match(ended.html, /Sessions ended: 1\./);
  assert.equal(rowsOf((await visitor.get('?user=user-alice')).html), 1);
  assert.equal((await visitor.get('?app=nowhere')).status, 400);
});

test('with workers the page says which events and upstreams it has, and ends sessions of all of them', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const env = { BFF_ADMIN_PAGE: 'true', BFF_ADMIN_SECRET: SECRET };
  const gateway = await startProcess(t, { provider, config: { workers: 2 }, env });
  await gateway.browser().navigate('/login?returnTo=/app');
  const visitor = await signedInVisitor(gateway.adminUrl);
  const { html } = await visitor.get('?user=user-alice');
  assert.match(html, /Worker processes serve the requests/);
  assert.match(html, /events of the worker processes, which only the audit log has/);
  const ended = await visitor.send({ do: 'end', user: 'user-alice' }, { query: '?user=user-alice' });
  assert.match(ended.html, /Sessions ended: 1\./);
  assert.match(ended.html, /<code>session\.ended<\/code>/);
});

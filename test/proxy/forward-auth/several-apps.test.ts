/** A front proxy asks about several apps: the host that it names, and the path, select the one that decides. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { type AppInput, appInput, sharedInput, startApps, type TestApp } from '../../apps/world.ts';
import { freePort } from '../../support/ports.ts';
import { type Answer, navigation, sendTo } from './asked-site.ts';

type Headers = Readonly<Record<string, string>>;

const CLAIMS: Readonly<Record<string, string>> = { a: 'X-User-Of-A', b: 'X-User-Of-B' };

const askedInput = (app: TestApp, further: Partial<AppInput> = {}): AppInput =>
  appInput(app, {
    endpoints: { prefix: `/.${app.id}` },
    csrf: { header: `X-Csrf-${app.id}` },
    routes: [
      { path: '/api/**', upstream: 'none' },
      { path: '/**', upstream: 'none', kind: 'page', claimHeaders: { [CLAIMS[app.id] ?? 'X-User-Of']: 'sub' } },
    ],
    ...further,
  });

async function startAskedApps(t: Pick<TestContext, 'after'>, ids = ['a', 'b'], inputOf = askedInput) {
  const port = await freePort();
  const world = await startApps(t, ids, (app) => inputOf(app), { forwardAuth: { port } });
  const about = (target: string, headers: Headers, endpoint = 'verify', method = 'GET'): Promise<Answer> =>
    sendTo(port, `/auth/${endpoint}`, {
      'x-original-method': method,
      'x-original-uri': target,
      'x-forwarded-proto': 'https',
      ...headers,
    });
  return { ...world, forwardAuthPort: port, about };
}

test('FA-01 FA-03 each app decides about its own host: its session, its claims, its sign-in', async (t) => {
  const { about, browser } = await startAskedApps(t);
  const user = browser('a');
  await user.navigate('/.a/login');
  const cookie = user.cookieHeader('/');
  const own = await about('/wiki', { cookie, 'x-original-host': 'a.test', ...navigation() });
  assert.deepEqual([own.status, own.header('x-user-of-a')], [200, 'user-alice']);
  assert.equal(own.header('x-user-of-b'), undefined);
  assert.equal(own.header('cookie'), '');
  const other = await about('/wiki', { cookie, 'x-original-host': 'b.test', ...navigation() });
  assert.deepEqual([other.status, other.header('x-user-of-a')], [401, undefined], 'the cookie of a is nothing at b');

  for (const [id, name] of [
    ['a', 'x-original-host'],
    ['b', 'x-forwarded-host'],
  ] as const) {
    const address = `https://${id}.test/.${id}/login?returnTo=%2Fwiki%3Fx%3D1`;
    const told = await about('/wiki?x=1', { [name]: `${id}.test`, ...navigation() });
    assert.deepEqual([told.status, told.header('x-login-url')], [401, address]);
    const sent = await about('/wiki?x=1', { [name]: `${id}.test`, ...navigation() }, 'redirect');
    assert.deepEqual([sent.status, sent.header('location')], [303, address]);
  }
});

test('FA-03 the CSRF header and the pages of a refusal are those of the app that is asked about', async (t) => {
  const { about, browser } = await startAskedApps(t);
  const user = browser('b');
  await user.navigate('/.b/login');
  const cookie = user.cookieHeader('/');
  const api = (headers: Headers) => about('/api/x', { cookie, 'x-original-host': 'b.test', ...headers });
  assert.equal((await api({ 'x-csrf-b': '1' })).status, 200);
  assert.equal((await api({ 'x-csrf-a': '1' })).status, 403);
  const form = { 'x-original-host': 'b.test', ...navigation('cross-site') };
  const page = await about('/api/x', form, 'redirect');
  assert.equal(page.status, 401);
  assert.match(page.header('content-type') ?? '', /text\/html/);
  assert.match(page.text, /https:\/\/b\.test\/\.b\/login/);
  assert.doesNotMatch(page.text, /a\.test/);
});

test('FA-03 unknown, missing and disagreeing hosts select no app, and no address of one is told', async (t) => {
  const { about, browser } = await startAskedApps(t);
  const user = browser('a');
  await user.navigate('/.a/login');
  const cookie = user.cookieHeader('/');
  const rows: [headers: Headers, status: number][] = [
    [{ 'x-original-host': 'A.TEST' }, 200],
    [{ 'x-original-host': 'a.test', 'x-forwarded-host': 'a.test:443' }, 200],
    [{}, 403],
    [{ 'x-original-host': 'c.test' }, 403],
    [{ 'x-forwarded-host': 'a.test.' }, 403],
    [{ 'x-forwarded-host': 'a.test:8443' }, 403],
    [{ 'x-forwarded-host': 'a.test.c.test' }, 403],
    [{ 'x-original-host': 'a.test', 'x-forwarded-host': 'b.test' }, 400],
    [{ 'x-original-host': 'b.test', 'x-forwarded-host': 'a.test' }, 400],
    [{ 'x-forwarded-host': 'a.test, b.test' }, 400],
    [{ 'x-original-host': 'a.test', 'x-forwarded-host': 'c.test' }, 400],
    [{ 'x-original-host': 'a.test@b.test' }, 400],
  ];
  for (const endpoint of ['verify', 'redirect'])
    for (const [headers, status] of rows) {
      const response = await about('/wiki', { cookie, ...navigation(), ...headers }, endpoint);
      assert.equal(response.status, status, JSON.stringify(headers));
      if (status === 200) continue;
      assert.deepEqual([response.header('location'), response.header('x-login-url')], [undefined, undefined]);
      assert.doesNotMatch(response.text, /[ab]\.test/);
      if (status === 403) assert.equal(JSON.parse(response.text).reason, 'no_app');
    }
});

test('FA-03 Envoy names the app by Host', async (t) => {
  const { forwardAuthPort, about } = await startAskedApps(t);
  const ask = (host: string, headers: Headers = {}) =>
    sendTo(forwardAuthPort, '/auth/redirect/wiki', { host, ...navigation(), ...headers });
  assert.equal((await ask('b.test')).header('location'), 'https://b.test/.b/login?returnTo=%2Fwiki');
  assert.equal((await ask('c.test')).status, 403);
  assert.equal((await ask('a.test', { 'x-forwarded-host': 'b.test' })).status, 400);
  // The other proxies have the address of the listener in Host.
  assert.equal((await about('/wiki', { host: 'a.test' })).status, 403);
});

test('FA-03 apps of one origin are told apart by the path, and a path that could belong to both is refused', async (t) => {
  const inputOf = (app: TestApp) =>
    app.id === 'a'
      ? askedInput(app)
      : askedInput(app, {
          publicUrl: 'https://a.test',
          path: '/desk',
          routes: [{ path: '/desk/**', upstream: 'none', kind: 'page', claimHeaders: { 'X-User-Of-B': 'sub' } }],
        });
  const { about } = await startAskedApps(t, ['a', 'b'], inputOf);
  const host = { 'x-original-host': 'a.test', ...navigation() };
  const login = async (target: string) => (await about(target, host)).header('x-login-url');
  assert.equal(await login('/wiki'), 'https://a.test/.a/login?returnTo=%2Fwiki');
  assert.equal(await login('/desk/x'), 'https://a.test/desk/.b/login?returnTo=%2Fdesk%2Fx');
  for (const target of ['/Desk/x', '/desk%2fx', '//desk/x']) {
    const response = await about(target, host);
    assert.deepEqual([response.status, response.header('x-login-url')], [400, undefined], target);
  }
});

test('FA-03 a path below no app of the host gets 403, which nginx passes on', async (t) => {
  const below = (app: TestApp) =>
    askedInput(app, { path: `/${app.id}`, routes: [{ path: `/${app.id}/**`, upstream: 'none', kind: 'page' }] });
  const { about } = await startAskedApps(t, ['a', 'b'], below);
  const response = await about('/c', { 'x-original-host': 'a.test', ...navigation() });
  assert.deepEqual([response.status, JSON.parse(response.text).reason], [403, 'no_app']);
});

test('FA-03 after a reload the hosts, routes and settings of the new configuration decide', async (t) => {
  const { about, app, server, config, port, forwardAuthPort } = await startAskedApps(t);
  const shared = sharedInput(port, config.admin.port, {
    forwardAuth: { port: forwardAuthPort },
    secrets: { keys: config.secrets.keys.map(({ id, value }) => ({ id, value })) },
    upstreamClient: config.upstreamClient,
  });
  const added = { ...askedInput(app('b')), id: 'c', publicUrl: 'https://c.test' };
  const changed = askedInput(app('b'), { endpoints: { prefix: '/.new' }, allowedHosts: ['b.internal'] });
  const at = (host: string) => about('/wiki', { 'x-original-host': host, ...navigation() });
  assert.equal((await at('c.test')).status, 403);
  assert.equal((await at('b.internal')).status, 403);
  const apps = [askedInput(app('a')), changed, added];
  await server.reload(() => ({ config: parseConfig({ ...shared, apps } as ConfigInput), warnings: [] }));
  const login = async (host: string) => (await at(host)).header('x-login-url');
  assert.equal(await login('a.test'), 'https://a.test/.a/login?returnTo=%2Fwiki');
  assert.equal(await login('b.test'), 'https://b.test/.new/login?returnTo=%2Fwiki');
  assert.equal(await login('b.internal'), 'https://b.test/.new/login?returnTo=%2Fwiki');
  assert.equal(await login('c.test'), 'https://c.test/.b/login?returnTo=%2Fwiki');
  await server.reload(() => ({
    config: parseConfig({ ...shared, apps: apps.slice(0, 2) } as ConfigInput),
    warnings: [],
  }));
  assert.equal((await at('c.test')).status, 403);
});

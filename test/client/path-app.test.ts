/** Clients of two apps on one origin: the served module knows the path, and the tabs of one app are none of the other's. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { appInput, startApps } from '../apps/world.ts';
import { until } from '../support/wait.ts';
import { openTab, type TabOptions } from './page.ts';

const MAIN = '/.auth';
const ADMIN = '/admin';

/** The app `main` at an origin, and `admin` below its path `/admin`, in one browser. */
async function start(t: TestContext) {
  const { app, browser } = await startApps(t, ['site', 'admin'], (one) =>
    one.id === 'site'
      ? appInput(one, { endpoints: { prefix: MAIN } })
      : appInput(one, {
          publicUrl: 'https://site.test',
          path: ADMIN,
          routes: [{ path: `${ADMIN}/api/**`, upstream: one.upstream.origin }],
        }),
  );
  const user = browser('site');
  const { origin } = app('site');
  const open = (base: string, options: TabOptions = {}) => {
    const tab = openTab(user, origin, { base, address: base === ADMIN ? '/admin/users' : '/orders', ...options });
    t.after(() => tab.client.close());
    return tab;
  };
  return { user, open };
}

test('the module that an app below a path serves has its path as the base, and the client uses the app with it', async (t) => {
  const { user, open } = await start(t);
  const module = await user.fetch('/admin/client.js');
  assert.match(module.body, /^const BFF_DEFAULTS=\{"base":"\/admin",/);
  await user.navigate('/admin/login');
  const { client, visits, calls } = open(ADMIN);
  assert.equal((await client.session()).authenticated, true);
  assert.equal((await client.fetch('/admin/api/x')).status, 200);
  void client.login();
  await until(() => visits.length > 0);
  assert.deepEqual(visits, ['/admin/login?returnTo=%2Fadmin%2Fusers']);
  assert.deepEqual(calls, ['GET /admin/session', 'GET /admin/api/x']);
});

test('a sign-out at one app leaves the tabs of the other app of the origin alone', async (t) => {
  const { user, open } = await start(t);
  await user.navigate('/admin/login');
  await user.navigate(`${MAIN}/login`);
  const [here, sibling, other] = [open(MAIN), open(MAIN), open(ADMIN, { onUnauthenticated: 'login' })];
  for (const { client } of [here, sibling, other]) assert.equal((await client.session()).authenticated, true);
  const before = [...other.calls];
  void here.client.logout();
  await until(() => sibling.events.length > 0);
  assert.equal(sibling.events[0]?.type, 'signedout');
  assert.equal((await other.client.session()).authenticated, true);
  assert.deepEqual(other.calls, [...before, 'GET /admin/session'], 'no message has made it read the session');
  assert.deepEqual(other.events, []);
  await user.fetch('/admin/logout', { method: 'POST', headers: { 'x-csrf': '1' } });
  void other.client.fetch('/admin/api/x');
  await until(() => other.visits.length > 0);
  assert.match(other.visits[0] ?? '', /^\/admin\/login\?/, 'it may still start a sign-in on its own');
});

test('a silent sign-in that one app tried in a tab is still open to the other', async (t) => {
  const { open } = await start(t);
  const storage = new Map<string, string>();
  for (const base of [MAIN, ADMIN, MAIN]) {
    const { client, visits } = open(base, { storage });
    const tried = storage.has(`bff-asked${base}`);
    const signedIn = client.silentLogin();
    if (tried) assert.equal(await signedIn, false);
    else await until(() => visits.length > 0);
    assert.equal(visits.length, tried ? 0 : 1, base);
  }
});

test('a popup of one app notifies the pages of this app alone', async (t) => {
  const { user, open } = await start(t);
  const [main, admin] = [open(MAIN), open(ADMIN)];
  await Promise.all([main.client.session(), admin.client.session()]);
  const early = await user.fetch('/admin/signed-in');
  assert.deepEqual([early.status, early.headers.location], [303, '/admin/']);
  const signedIn = admin.client.login({ popup: true });
  const page = await user.navigate(admin.windows[0] ?? '');
  assert.equal(page.url.pathname, '/admin/signed-in');
  const script = /<script>([^<]+)<\/script>/.exec(page.body)?.[1] ?? '';
  const before = [...main.calls];
  class Channel extends BroadcastChannel {
    constructor(name: string) {
      super(name);
      t.after(() => this.close());
    }
  }
  new Function('close', 'BroadcastChannel', 'location', script)(() => undefined, Channel, page.url);
  assert.equal(await signedIn, true);
  assert.deepEqual(main.calls, before);
});

test('login({ provider }) names the provider, and so does the login URL of a refusal that asks for another one', async (t) => {
  const { open } = await start(t);
  const { client, visits } = open(ADMIN);
  void client.login({ provider: 'staff', returnTo: '/admin/' });
  void client.login({
    loginUrl: `${ADMIN}/login?provider=staff&acr_values=gold&returnTo=%2Felsewhere`,
    returnTo: '/admin/',
  });
  await assert.rejects(client.login({ loginUrl: `${MAIN}/login?provider=staff` }), /not the login endpoint/);
  await until(() => visits.length === 2);
  assert.deepEqual(visits, [
    '/admin/login?provider=staff&returnTo=%2Fadmin%2F',
    '/admin/login?acr_values=gold&provider=staff&returnTo=%2Fadmin%2F',
  ]);
});

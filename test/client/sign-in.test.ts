/** Sign-in by the client: navigation, popup, and at most one silent attempt. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';
import { openTab, type TabOptions } from './page.ts';

async function start(t: TestContext, settings: TabOptions = {}) {
  const world = await startWorld(t);
  const tab = (more: TabOptions = {}) => {
    const opened = openTab(world.browser, world.gateway.url, { ...settings, ...more });
    t.after(() => opened.client.close());
    return opened;
  };
  return { world, tab };
}

test('login() navigates to the endpoint with its parameters, and returns to the current address', async (t) => {
  const { tab } = await start(t);
  const { client, visits } = tab();
  void client.login();
  void client.login({ returnTo: '/basket', prompt: 'login', acr_values: 'gold', ui_locales: 'de' });
  void client.login({ loginUrl: '/login?acr_values=gold', returnTo: '/' });
  void client.login({ returnTo: '/', kc_idp_hint: 'google', organization: undefined });
  assert.deepEqual(visits, [
    '/login?returnTo=%2Forders%3Fpage%3D2%23third',
    '/login?prompt=login&acr_values=gold&ui_locales=de&returnTo=%2Fbasket',
    '/login?acr_values=gold&returnTo=%2F',
    '/login?kc_idp_hint=google&returnTo=%2F',
  ]);
});

test('the prefix is part of every address', async (t) => {
  const headers = { 'x-bff-gateway': 'ok' };
  const respond = () => Response.json({ authenticated: false, location: '/bff/logout/continue' }, { headers });
  const { tab } = await start(t, { base: '/bff', csrfHeader: 'X-Mine', respond });
  const { client, visits, calls, headers: asked, windows } = tab();
  void client.login({ returnTo: '/' });
  void client.login({ popup: true });
  await client.user();
  void client.logout();
  await until(() => visits.length === 2);
  assert.deepEqual(visits, ['/bff/login?returnTo=%2F', '/bff/logout/continue']);
  assert.deepEqual(windows, ['/bff/login?returnTo=%2Fbff%2Fsigned-in']);
  assert.deepEqual(calls, ['GET /bff/session', 'POST /bff/logout']);
  for (const sent of asked) assert.equal(sent.get('x-mine'), '1');
});

test('popup: the page that ends the sign-in notifies the page that waits', async (t) => {
  const { world, tab } = await start(t);
  const { client, windows } = tab();
  await client.session();
  const signedIn = client.login({ popup: true });
  assert.deepEqual(windows, ['/login?returnTo=%2Fsigned-in']);
  const page = await world.browser.navigate(windows[0] ?? '');
  assert.equal(page.url.pathname, '/signed-in');
  const script = /<script>([^<]+)<\/script>/.exec(page.body)?.[1] ?? '';
  const channels: { close(): void }[] = [];
  const close = t.mock.fn();
  class Channel extends BroadcastChannel {
    constructor(name: string) {
      super(name);
      channels.push(this);
    }
  }
  t.after(() => {
    for (const channel of channels) channel.close();
  });
  new Function('close', 'BroadcastChannel', 'location', script)(close, Channel, page.url);
  assert.equal(await signedIn, true);
  assert.equal(close.mock.callCount(), 1);
});

test('B03 a popup that was blocked, or closed without a sign-in, is no sign-in', async (t) => {
  const { tab } = await start(t);
  assert.equal(await tab({ blocked: true }).client.login({ popup: true }), false);
  const { client, focus, popups } = tab();
  const signedIn = client.login({ popup: true });
  for (const popup of popups) popup.closed = true;
  focus();
  assert.equal(await signedIn, false);
});

test('the user returns from the popup before its message arrives: the sign-in counts', async (t) => {
  const { world, tab } = await start(t);
  const { client, focus, popups } = tab();
  await client.session();
  const signedIn = client.login({ popup: true });
  await world.signIn();
  for (const popup of popups) popup.closed = true;
  focus();
  assert.equal(await signedIn, true);
});

test('the page that ends a sign-in does not claim one that did not happen', async (t) => {
  const { world } = await start(t);
  const page = await world.browser.fetch('/signed-in');
  assert.deepEqual([page.status, page.headers.location], [303, '/']);
});

test('a silent sign-in is tried once, and the provider decides', async (t) => {
  const storage = new Map<string, string>();
  const { world, tab } = await start(t, { storage });
  const first = tab();
  void first.client.silentLogin('/basket');
  await until(() => first.visits.length > 0);
  assert.deepEqual(first.visits, ['/login?prompt=none&returnTo=%2Fbasket']);
  // The provider has no session, and the page returns unchanged.
  world.provider.behaviour.authorize = ({ params }) => {
    const back = new URL(params.get('redirect_uri') ?? '');
    const failure = { error: 'login_required', state: params.get('state') ?? '', iss: world.provider.issuer };
    back.search = new URLSearchParams(failure).toString();
    return { status: 302, headers: { location: back.href } };
  };
  const page = await world.browser.navigate(first.visits[0] ?? '');
  assert.equal(page.url.pathname, '/basket');
  const second = tab();
  assert.equal(await second.client.silentLogin('/basket'), false);
  assert.deepEqual(second.visits, []);
});

test('a user who signed out is not signed in again silently', async (t) => {
  const { world, tab } = await start(t, { storage: new Map() });
  await world.signIn();
  const { client, visits } = tab();
  void client.logout();
  await until(() => visits.length > 0);
  assert.equal(await tab().client.silentLogin(), false);
});

test('a signed-in user stays on the page, and a silent sign-in may be tried again after the session', async (t) => {
  const storage = new Map([['bff-asked', '1']]);
  const { world, tab } = await start(t, { storage });
  await world.signIn();
  const { client, visits } = tab();
  assert.equal(await client.silentLogin(), true);
  assert.deepEqual([visits, storage.size], [[], 0]);
});

/** B01: after a sign-out by the client, no tab signs in on its own; requests, pages and other tabs included. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';
import { openTab, type TabOptions } from './page.ts';

/** Two tabs of a signed-in user, which know the session. */
async function startTabs(t: TestContext, options: TabOptions) {
  const world = await startWorld(t);
  await world.signIn();
  const open = () => {
    const tab = openTab(world.browser, world.gateway.url, { ...options, storage: new Map() });
    t.after(() => tab.client.close());
    return tab;
  };
  const [here, other] = [open(), open()];
  await Promise.all([here.client.session(), other.client.session()]);
  return { world, here, other };
}

/** Records the messages between the tabs. */
function recordMessages(t: TestContext): string[] {
  const messages: string[] = [];
  const channel = new BroadcastChannel('bff-gateway');
  t.after(() => channel.close());
  channel.addEventListener('message', (event) => messages.push(String((event as MessageEvent).data)));
  return messages;
}

for (const onUnauthenticated of ['login', 'popup'] as const)
  test(`B01 requests during and after a sign-out start no sign-in in any tab (${onUnauthenticated})`, async (t) => {
    const { here, other } = await startTabs(t, { onUnauthenticated });
    const settled = here.client.logout();
    await until(() => here.visits.length > 0);
    for (const tab of [here, other]) assert.equal((await tab.client.fetch('/api/x')).status, 401);
    assert.equal(await here.client.login(), false, 'it would stop the navigation to the provider');
    assert.equal(await other.client.silentLogin(), false);
    here.dispatch('pageshow', { persisted: true });
    await settled;
    for (const tab of [here, other]) assert.equal((await tab.client.fetch('/api/x')).status, 401);
    assert.deepEqual([here.visits, other.visits], [['/logout/continue'], []]);
    assert.deepEqual([here.windows, other.windows], [[], []]);
  });

test('B01 the other tab knows of the sign-out before the session ends', async (t) => {
  const held = Promise.withResolvers<void>();
  const { here, other } = await startTabs(t, {
    onUnauthenticated: 'login',
    respond: async ({ url }) => {
      if (!url.endsWith('/logout')) return undefined;
      await held.promise;
      return undefined;
    },
  });
  void here.client.logout();
  await until(() => here.calls.includes('POST /logout'));
  const message = new Promise<unknown>((resolve) => {
    const channel = new BroadcastChannel('bff-gateway');
    channel.addEventListener('message', (event) => {
      channel.close();
      resolve((event as MessageEvent).data);
    });
  });
  held.resolve();
  await message;
  await until(() => other.events.length > 0);
  assert.equal((await other.client.fetch('/api/x')).status, 401);
  assert.deepEqual(other.visits, []);
});

test('B01 a tab that is loaded during a sign-out starts no sign-in', async (t) => {
  const held = Promise.withResolvers<void>();
  const { world, here } = await startTabs(t, {
    onUnauthenticated: 'login',
    respond: async ({ url }) => {
      if (url.endsWith('/logout')) await held.promise;
      return undefined;
    },
  });
  const messages = recordMessages(t);
  const signOuts = () => messages.filter((message) => message.startsWith('!out')).length;
  void here.client.logout();
  await until(() => here.calls.includes('POST /logout') && signOuts() === 1);
  const load = async () => {
    const before = signOuts();
    const tab = openTab(world.browser, world.gateway.url, { onUnauthenticated: 'login' });
    t.after(() => tab.client.close());
    await until(() => signOuts() > before, { what: 'the reply of the tab that signs out' });
    return tab;
  };
  const early = await load();
  assert.equal((await early.client.session()).authenticated, true, 'which is no reason to sign in again later');
  held.resolve();
  await until(() => here.visits.length > 0);
  const late = await load();
  for (const tab of [early, late]) {
    assert.equal((await tab.client.fetch('/api/x')).status, 401);
    assert.equal(await tab.client.silentLogin(), false);
    assert.deepEqual(tab.visits, []);
  }
  assert.deepEqual(here.visits, ['/logout/continue']);
});

test('B01 a tab that is loaded after the sign-out asks for a sign-in again', async (t) => {
  const { world, here, other } = await startTabs(t, { onUnauthenticated: 'login' });
  void here.client.logout();
  await until(() => here.visits.length > 0 && other.events.length > 0);
  here.client.close();
  const loaded = openTab(world.browser, world.gateway.url, { onUnauthenticated: 'login' });
  t.after(() => loaded.client.close());
  void loaded.client.fetch('/api/x');
  await until(() => loaded.visits.some((visit) => visit.startsWith('/login')));
});

test('B01 the user can sign in again, and then a refused request asks again', async (t) => {
  const { world, here, other } = await startTabs(t, { onUnauthenticated: 'login' });
  void here.client.logout();
  await until(() => other.events.length > 0);
  void other.client.login({ returnTo: '/' });
  assert.deepEqual(other.visits, ['/login?returnTo=%2F']);
  await world.signIn();
  here.dispatch('pageshow', { persisted: true });
  await until(() => here.events.some(({ type }) => type === 'signedin'));
  await world.browser.fetch('/logout', { method: 'POST', headers: { 'x-csrf': '1' } });
  void here.client.fetch('/api/x');
  await until(() => here.visits.some((visit) => visit.startsWith('/login')));
});

test('B01 a sign-out that failed changes nothing in any tab', async (t) => {
  let fails = true;
  const { world, here, other } = await startTabs(t, {
    onUnauthenticated: 'login',
    respond: ({ url }) => (fails && url.endsWith('/logout') ? new Response('{}', { status: 503 }) : undefined),
  });
  await assert.rejects(here.client.logout(), /503/);
  fails = false;
  await world.browser.fetch('/logout', { method: 'POST', headers: { 'x-csrf': '1' } });
  for (const tab of [here, other]) {
    void tab.client.fetch('/api/x');
    await until(() => tab.visits.length > 0);
  }
});

test('B09 logout() on a closed client signs out and leaves the page', async (t) => {
  const { world, here } = await startTabs(t, {});
  here.client.close();
  void here.client.logout();
  await until(() => here.visits.length > 0);
  assert.deepEqual(here.visits, ['/logout/continue']);
  assert.equal((await world.session()).authenticated, false);
});

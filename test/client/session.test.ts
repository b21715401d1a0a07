/** The session in the client: profile, events, other tabs, expiry warnings, and outages. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../support/world.ts';
import { openTab, type Tab, type TabOptions } from './page.ts';

async function start(t: TestContext, options: WorldOptions = {}) {
  const world = await startWorld(t, options);
  const tabs: Tab[] = [];
  t.after(() => {
    for (const { client } of tabs) client.close();
  });
  const tab = (settings?: TabOptions) => {
    const opened = openTab(world.browser, world.gateway.url, settings);
    tabs.push(opened);
    return opened;
  };
  return { world, tab };
}

const kinds = ({ events }: Tab) => events.map(({ type }) => type);
/** Ends the session without a notification to the tab. */
const endElsewhere = (world: World) => world.browser.fetch('/logout', { method: 'POST', headers: CSRF });

test('without a session user() is undefined, and the profile is not requested', async (t) => {
  const { tab } = await start(t);
  const { client, calls, events } = tab();
  assert.equal(await client.user(), undefined);
  assert.deepEqual(calls, ['GET /session']);
  assert.deepEqual(events, []);
});

test('a client sends no request before it is used', async (t) => {
  const { tab } = await start(t);
  const { calls, show } = tab();
  show();
  assert.deepEqual(calls, []);
});

test('user() returns the profile, requested once per session, also for concurrent callers', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const { client, calls } = tab();
  const [one, two] = await Promise.all([client.user(), client.user()]);
  assert.equal(one?.sub, 'user-alice');
  assert.equal(two, one);
  assert.equal(await client.user(), one);
  assert.deepEqual(calls, ['GET /session', 'GET /profile']);
});

test('a new session has a new profile', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const opened = tab();
  assert.equal((await opened.client.user())?.sub, 'user-alice');
  world.provider.next.nextUser = { sub: 'bob', claims: {} };
  await world.signIn();
  await opened.client.session();
  assert.equal((await opened.client.user())?.sub, 'bob');
  assert.deepEqual(kinds(opened), ['userchanged', 'signedin']);
});

test('a profile that failed is requested again', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  let fails = true;
  const respond = ({ url }: Request) =>
    fails && url.endsWith('/profile') ? new Response('{}', { status: 503 }) : undefined;
  const { client } = tab({ respond });
  await assert.rejects(client.user(), /503/);
  fails = false;
  assert.equal((await client.user())?.sub, 'user-alice');
});

test('sign-out ends the session, notifies the other tab, and navigates to the provider through the gateway', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const [here, other] = [tab(), tab()];
  assert.equal((await here.client.user())?.sub, 'user-alice');
  assert.equal((await other.client.user())?.sub, 'user-alice');
  // The promise never settles, because the page is left.
  void here.client.logout();
  await until(() => here.visits.length > 0);
  assert.deepEqual(here.visits, ['/logout/continue']);
  assert.deepEqual(kinds(here), [], 'a page that is being left shows no message');
  await until(() => other.events.length > 0);
  assert.deepEqual(kinds(other), ['signedout']);
  assert.equal(await other.client.user(), undefined);
});

test('a page that is restored from the back-forward cache after its sign-out knows that the session ended', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const [here, other] = [tab(), tab()];
  await Promise.all([here.client.session(), other.client.session()]);
  void here.client.logout();
  await until(() => other.events.length > 0);
  assert.deepEqual(kinds(here), []);
  here.dispatch('pageshow', { persisted: true });
  await until(() => here.events.length > 0);
  assert.deepEqual(kinds(here), ['signedout']);
  await world.signIn();
  await other.client.session();
  await until(() => here.events.length > 1);
  assert.deepEqual(kinds(here), ['signedout', 'signedin'], 'and listens again');
});

test('a sign-in in one tab reaches the others', async (t) => {
  const { world, tab } = await start(t);
  const waiting = tab();
  await waiting.client.session();
  await world.signIn();
  const fresh = tab();
  await fresh.client.session();
  await until(() => waiting.events.length > 0);
  assert.deepEqual(kinds(waiting), ['signedin']);
  assert.deepEqual(kinds(fresh), [], 'it was signed in from its beginning');
});

test('a message of another tab is not trusted: the session is read from the gateway', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const opened = tab();
  await opened.client.session();
  const channel = new BroadcastChannel('bff-gateway');
  t.after(() => channel.close());
  channel.postMessage('');
  await until(() => opened.calls.length === 2);
  await opened.client.session();
  assert.deepEqual(kinds(opened), []);
});

test('a session that ended elsewhere is detected when the tab becomes visible', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const opened = tab();
  await opened.client.session();
  await endElsewhere(world);
  opened.show();
  await until(() => opened.events.length > 0);
  assert.deepEqual(kinds(opened), ['signedout']);
});

test('the expiry of an idle session is announced, postponed by keepAlive, and emitted when it happens', async (t) => {
  const config = { session: { idleTimeout: '10s', absoluteTimeout: '1h', store: { sqlite: { file: ':memory:' } } } };
  const { world, tab } = await start(t, { gateway: { config } });
  await world.signIn();
  const opened = tab({ expiringBefore: 5 });
  await opened.client.session();
  await until(() => opened.events.length > 0);
  const [{ detail } = { detail: undefined }] = opened.events;
  assert.deepEqual(kinds(opened), ['expiring']);
  const { at, extendable } = detail as { at: Date; extendable: boolean };
  assert.equal(extendable, true);
  assert.ok(Math.abs(at.getTime() - Date.now() - 5_000) < 3_000, `${at.getTime() - Date.now()} ms`);
  await opened.client.keepAlive();
  await until(() => opened.events.length === 2);
  assert.deepEqual(kinds(opened), ['expiring', 'expiring'], 'announced anew for the end that was put off');
  await until(() => opened.events.length === 3);
  assert.equal(kinds(opened)[2], 'signedout');
  assert.equal(await opened.client.user(), undefined);
});

test('an expiry that cannot be postponed says so', async (t) => {
  const config = { session: { idleTimeout: '1h', absoluteTimeout: '1h', store: { sqlite: { file: ':memory:' } } } };
  const { world, tab } = await start(t, { gateway: { config } });
  await world.signIn();
  const opened = tab({ expiringBefore: 7_200 });
  await opened.client.session();
  await opened.client.session();
  assert.deepEqual(
    opened.events.map(({ detail }) => (detail as { extendable: boolean }).extendable),
    [false],
  );
});

test('SE an outage is no sign-out: session() rejects, no event is emitted, the profile stays', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  let out = false;
  const opened = tab({ respond: () => (out ? new Response('{}', { status: 503 }) : undefined) });
  const user = await opened.client.user();
  out = true;
  await assert.rejects(opened.client.session(), /503/);
  opened.show();
  await until(() => opened.calls.length === 4);
  assert.equal(await opened.client.user(), user);
  assert.deepEqual(kinds(opened), []);
});

test('of two responses about the session the one to the later request counts', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const held = Promise.withResolvers<void>();
  let first = true;
  const respond = ({ url }: Request) => {
    if (!first || !url.endsWith('/session')) return undefined;
    first = false;
    const old = world.browser.fetch('/session', { headers: CSRF });
    return held.promise.then(async () => new Response((await old).body, { headers: { 'x-bff-gateway': 'ok' } }));
  };
  const opened = tab({ respond });
  const slow = opened.client.session();
  await opened.client.session();
  await endElsewhere(world);
  await opened.client.session();
  held.resolve();
  assert.equal((await slow).authenticated, true);
  assert.equal(await opened.client.user(), undefined);
  assert.deepEqual(kinds(opened), ['signedout']);
});

test('a closed client sends no request and no event', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const opened = tab();
  await opened.client.session();
  opened.client.close();
  await endElsewhere(world);
  opened.show();
  const other = tab();
  await other.client.session();
  assert.deepEqual(opened.calls, ['GET /session']);
});

for (const wake of ['pageshow', 'online', 'focus'])
  test(`B12 ${wake} makes a tab read the session again, once for events of one return`, async (t) => {
    const { world, tab } = await start(t);
    await world.signIn();
    const opened = tab();
    await opened.client.session();
    await endElsewhere(world);
    for (const type of [wake, 'focus', 'pageshow', 'online']) opened.dispatch(type);
    await until(() => opened.events.length > 0);
    assert.deepEqual(opened.calls, ['GET /session', 'GET /session']);
  });

test('B12 the focus moves to a frame of the page and back: not a return', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  const opened = tab();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await opened.client.session();
  opened.focus();
  await opened.client.session();
  assert.equal(opened.calls.length, 3);
  for (let n = 0; n < 5; n++) {
    opened.dispatch('blur');
    opened.focus();
    await opened.client.session();
  }
  assert.equal(opened.calls.length, 8, 'only the reads of the application');
  opened.page.document.hasFocus = () => false;
  opened.dispatch('blur');
  opened.page.document.hasFocus = () => true;
  opened.focus();
  assert.equal(opened.calls.length, 9);
});

test('B12 after an outage the session is read again after Retry-After, later by chance', async (t) => {
  const { world, tab } = await start(t);
  await world.signIn();
  let out = false;
  const headers = { 'retry-after': '1' };
  const opened = tab({ respond: () => (out ? new Response('{}', { status: 503, headers }) : undefined) });
  await opened.client.session();
  const spread = t.mock.method(Math, 'random', () => 1);
  out = true;
  await endElsewhere(world);
  const began = Date.now();
  opened.show();
  await until(() => opened.calls.length === 2);
  out = false;
  await until(() => opened.events.length > 0);
  assert.ok(Date.now() - began >= 1_400, 'not before the time that the gateway asks for');
  assert.equal(spread.mock.callCount(), 1);
  assert.deepEqual(kinds(opened), ['signedout']);
});

test('B12 a message of another tab causes one read per tab, and no message back', async (t) => {
  const { world, tab } = await start(t);
  const tabs = Array.from({ length: 10 }, () => tab());
  await Promise.all(tabs.map(({ client }) => client.session()));
  const messages: unknown[] = [];
  const channel = new BroadcastChannel('bff-gateway');
  t.after(() => channel.close());
  channel.addEventListener('message', (event) => messages.push((event as MessageEvent).data));
  await world.signIn();
  const fresh = tab();
  await fresh.client.session();
  await until(() => tabs.every(({ events }) => events.length > 0));
  await fresh.client.session();
  for (const { calls } of tabs) assert.deepEqual(calls, ['GET /session', 'GET /session']);
  assert.equal(messages.filter((message) => message !== '!new').length, 1, 'beside the question of the new page');
});

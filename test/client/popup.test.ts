/** B03: sign-in in a popup: first use of a client, focus while it is open, a closed window, a window whose link is cut. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';
import { openTab } from './page.ts';

async function start(t: TestContext) {
  const world = await startWorld(t);
  const tab = openTab(world.browser, world.gateway.url);
  t.after(() => tab.client.close());
  return { world, tab };
}

const kinds = ({ events }: ReturnType<typeof openTab>) => events.map(({ type }) => type);

/** A popup at the provider, which the page can still observe. */
const LINKED = {
  get href(): string {
    throw new DOMException('Blocked a frame from accessing a cross-origin frame.', 'SecurityError');
  },
};

/** Whether the promise stays pending while the page reads the session `times` times. */
async function isPending(promise: Promise<unknown>, tab: ReturnType<typeof openTab>, times: number): Promise<boolean> {
  let settled = false;
  void promise.finally(() => {
    settled = true;
  });
  for (let index = 0; index < times; index++) await tab.client.session();
  return !settled;
}

test('B03 the first use of a client: true and signedin, also when the message arrives before the first read', async (t) => {
  const { world, tab } = await start(t);
  const signedIn = tab.client.login({ popup: true });
  await world.browser.navigate(tab.windows[0] ?? '');
  const channel = new BroadcastChannel('bff-gateway');
  t.after(() => channel.close());
  channel.postMessage('*');
  for (const popup of tab.popups) popup.closed = true;
  tab.focus();
  assert.equal(await signedIn, true);
});

test('B03 the first use of a client emits signedin', async (t) => {
  const { world, tab } = await start(t);
  const signedIn = tab.client.login({ popup: true });
  await until(() => tab.calls.includes('GET /session'));
  await tab.client.session();
  await world.browser.navigate(tab.windows[0] ?? '');
  const channel = new BroadcastChannel('bff-gateway');
  t.after(() => channel.close());
  channel.postMessage('*');
  assert.equal(await signedIn, true);
  assert.deepEqual(kinds(tab), ['signedin']);
});

test('B03 the focus on the page while the popup is open does not end the wait', async (t) => {
  const { world, tab } = await start(t);
  const signedIn = tab.client.login({ popup: true });
  tab.focus();
  assert.equal(await isPending(signedIn, tab, 3), true);
  await world.signIn();
  await tab.client.session();
  assert.equal(await signedIn, true);
});

test('B03 two calls open one window and share its result', async (t) => {
  const { world, tab } = await start(t);
  await tab.client.session();
  const both = [tab.client.login({ popup: true }), tab.client.login({ popup: true })];
  assert.equal(tab.windows.length, 1);
  await world.signIn();
  await tab.client.session();
  assert.deepEqual(await Promise.all(both), [true, true]);
  void tab.client.login({ popup: true });
  assert.equal(tab.windows.length, 2, 'and the next sign-in opens it again');
});

test('B03 the focus that comes back as the popup closes ends the wait at once', async (t) => {
  for (const late of [0, 1]) {
    const { tab } = await start(t);
    t.mock.timers.enable({ apis: ['setInterval'] });
    let focused = false;
    tab.page.document.hasFocus = () => focused;
    const signedIn = tab.client.login({ popup: true });
    const [popup] = tab.popups;
    assert.ok(popup);
    t.mock.timers.tick(250);
    popup.closed = true;
    t.mock.timers.tick(250 * late);
    focused = true;
    t.mock.timers.tick(250);
    t.mock.timers.reset();
    assert.equal(await signedIn, false);
  }
});

test('B03 a popup whose link a later page cuts, after it was seen at the provider, is waited for until the user is back', async (t) => {
  const { world, tab } = await start(t);
  await tab.client.session();
  t.mock.timers.enable({ apis: ['setInterval'] });
  let focused = false;
  tab.page.document.hasFocus = () => focused;
  const signedIn = tab.client.login({ popup: true });
  const [popup] = tab.popups;
  assert.ok(popup);
  Object.defineProperty(popup, 'location', { value: LINKED });
  t.mock.timers.tick(250);
  popup.closed = true;
  t.mock.timers.tick(600_000);
  focused = true;
  t.mock.timers.tick(1_000);
  assert.equal(await isPending(signedIn, tab, 2), true, 'the user looks at the page and types on in the other window');
  focused = false;
  t.mock.timers.tick(1_000);
  t.mock.timers.reset();
  await world.signIn();
  await tab.client.session();
  assert.equal(await signedIn, true);
});

test('B03 a popup whose link the policy of a page cuts looks closed, and is waited for until the user is back', async (t) => {
  const { tab } = await start(t);
  await tab.client.session();
  t.mock.timers.enable({ apis: ['setInterval'] });
  let focused = false;
  tab.page.document.hasFocus = () => focused;
  const signedIn = tab.client.login({ popup: true });
  for (const popup of tab.popups) popup.closed = true;
  t.mock.timers.tick(600_000);
  assert.equal(await isPending(signedIn, tab, 2), true, 'the user is in the other window');
  focused = true;
  tab.focus();
  t.mock.timers.tick(4_500);
  focused = false;
  t.mock.timers.tick(250);
  focused = true;
  t.mock.timers.tick(4_500);
  assert.equal(await isPending(signedIn, tab, 2), true, 'the user looked at the page and went back');
  t.mock.timers.tick(1_000);
  t.mock.timers.reset();
  assert.equal(await signedIn, false);
});

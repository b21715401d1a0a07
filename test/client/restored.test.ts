/** A page that returns from the back-forward cache. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';
import { openTab } from './page.ts';

/** A signed-in tab that has read the session at its start and at its focus. The clock stands still. */
async function openFocused(t: TestContext) {
  const world = await startWorld(t);
  await world.signIn();
  const tab = openTab(world.browser, world.gateway.url);
  t.after(() => tab.client.close());
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await tab.client.session();
  const reads = () => tab.calls.filter((call) => call === 'GET /session').length;
  tab.focus();
  await until(() => reads() === 2);
  await tab.client.session();
  return { tab, reads };
}

test('a page from the back-forward cache reads the session again, right after a check and before it is visible', async (t) => {
  const { tab, reads } = await openFocused(t);
  tab.focus();
  tab.dispatch('pageshow', { persisted: false });
  assert.equal(reads(), 3, 'events of the same return');
  tab.page.document.visibilityState = 'hidden';
  tab.dispatch('pageshow', { persisted: true });
  await until(() => reads() === 4);
});

test('a tab that is left and returned to within a second reads the session again', async (t) => {
  const { tab, reads } = await openFocused(t);
  const { document } = tab.page;
  document.visibilityState = 'hidden';
  tab.show();
  document.visibilityState = 'visible';
  tab.show();
  await until(() => reads() === 4, { what: 'a read after the tab was hidden' });
  await tab.client.session();
  document.hasFocus = () => false;
  tab.dispatch('blur', {});
  tab.focus();
  await until(() => reads() === 6, { what: 'a read after the window was left' });
});

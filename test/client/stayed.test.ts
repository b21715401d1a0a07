/** B02: the page is left for a sign-in, and stays or comes back: promises settle, and later requests ask again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';
import { openTab, type Tab } from './page.ts';

async function startTab(t: TestContext): Promise<Tab> {
  const world = await startWorld(t);
  const tab = openTab(world.browser, world.gateway.url, { onUnauthenticated: 'login' });
  t.after(() => tab.client.close());
  return tab;
}

const RETURNS: Record<string, (tab: Tab) => void> = {
  'is restored from the back-forward cache': (tab) => tab.dispatch('pageshow', { persisted: true }),
  'reports that the navigation was stopped': ({ page }) => page.navigation?.dispatchEvent(new Event('navigateerror')),
  'is clicked': (tab) => tab.dispatch('pointerdown'),
};

for (const [what, comeBack] of Object.entries(RETURNS))
  test(`B02 the page ${what}: the request gets its refusal, and the next one asks again`, async (t) => {
    const tab = await startTab(t);
    const refused = [tab.client.fetch('/api/x'), tab.client.fetch('/api/y')];
    await until(() => tab.visits.length > 0);
    tab.dispatch('pageshow', { persisted: false });
    comeBack(tab);
    for (const response of await Promise.all(refused)) assert.equal(response.status, 401);
    const again = tab.client.fetch('/api/x');
    await until(() => tab.visits.length > 1);
    comeBack(tab);
    assert.equal((await again).status, 401);
    const login = tab.client.login();
    await until(() => tab.visits.length > 2);
    comeBack(tab);
    assert.equal(await login, false);
  });

test('B02 the pageshow of a page that is still loading is not a return', async (t) => {
  const tab = await startTab(t);
  let settled = false;
  const login = tab.client.login().finally(() => {
    settled = true;
  });
  tab.dispatch('pageshow', { persisted: false });
  await tab.client.session();
  assert.equal(settled, false);
  tab.dispatch('pageshow', { persisted: true });
  await login;
});

test('B02 without any event the promise settles after 30 seconds', async (t) => {
  const tab = await startTab(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const login = tab.client.login();
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  assert.equal(await login, false);
});

test('B02 close() settles what waits', async (t) => {
  const tab = await startTab(t);
  const waiting = [tab.client.login(), tab.client.login({ popup: true })];
  tab.client.close();
  assert.deepEqual(await Promise.all(waiting), [false, false]);
});

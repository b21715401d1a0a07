/** Several tabs of one browser that sign in at the same time. */
import assert from 'node:assert/strict';
import type { BrowserContext, Page } from './support/browser.ts';
import { apiRequest, signIn, signOut, submitCredentials } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'tabs' });
const { browser, publicUrl } = world;

/**
 * Tabs that all show Keycloak's form, each with its own return address. One after the other: of requests that reach
 * Keycloak at the same time from a browser without a session, it keeps only one and restarts the others as that one.
 */
async function tabsAtTheForm(context: BrowserContext, count: number) {
  const tabs: { tab: Page; goal: string }[] = [];
  for (let index = 0; index < count; index++) {
    const tab = await context.newPage();
    await tab.goto(`${publicUrl}/login?returnTo=/tab-${index}`);
    await tab.locator('#kc-login').waitFor();
    tabs.push({ tab, goal: `${publicUrl}/tab-${index}` });
  }
  return tabs;
}

browser.test('R09 two tabs that sign in return to their own pages, the second one first', async (_page, context) => {
  const [first, second] = await tabsAtTheForm(context, 2);
  assert.ok(first && second);
  await submitCredentials(second.tab, 'alice');
  await second.tab.waitForURL(second.goal);
  // Keycloak has a session now; the other tab continues on its own, or when it is reloaded.
  await first.tab.waitForURL(first.goal, { timeout: 5_000 }).catch(() => first.tab.reload());
  await first.tab.waitForURL(first.goal);
  for (const { tab } of [first, second]) {
    await tab.getByText('alice').waitFor();
    assert.equal((await apiRequest(tab, '/api/orders')).status, 200);
  }
});

browser.test('R09 five concurrent tabs all return to their pages', async (_page, context) => {
  const tabs = await tabsAtTheForm(context, 5);
  const [first] = tabs;
  assert.ok(first);
  await submitCredentials(first.tab, 'bob');
  await first.tab.waitForURL(first.goal);
  for (const { tab, goal } of tabs) {
    await tab.waitForURL(goal, { timeout: 5_000 }).catch(() => tab.reload());
    await tab.waitForURL(goal);
    await tab.getByText('bob').waitFor();
  }
});

browser.test('a sign-out in one tab is detected by the others at their next request', async (page, context) => {
  await signIn(page, world);
  const other = await context.newPage();
  await other.goto(publicUrl);
  assert.equal((await apiRequest(other, '/api/orders')).status, 200);
  await signOut(page, world);
  assert.equal((await apiRequest(other, '/api/orders')).status, 401);
  assert.equal((await apiRequest(other, '/session')).body.authenticated, false);
});

/** Several tabs of one browser that sign in at the same time. */
import assert from 'node:assert/strict';
import type { BrowserContext, Page } from './support/browser.ts';
import { apiRequest, signIn, signOut, submitCredentials } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'tabs' });
const { browser, publicUrl } = world;

/**
 * Tabs that all show Keycloak's form, each on its way to a page of its own. One after the other: of requests that reach
 * Keycloak at the same moment from a browser that it does not know, it keeps one alone, and restarts the others as that one.
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

browser.test('R09 two tabs signing in end at their own pages, the second one first', async (_page, context) => {
  const [first, second] = await tabsAtTheForm(context, 2);
  assert.ok(first && second);
  await submitCredentials(second.tab, 'alice');
  await second.tab.waitForURL(second.goal);
  // Keycloak knows the browser now; the other tab goes on by itself, or as soon as it is loaded again.
  await first.tab.waitForURL(first.goal, { timeout: 5_000 }).catch(() => first.tab.reload());
  await first.tab.waitForURL(first.goal);
  for (const { tab } of [first, second]) {
    await tab.getByText('alice').waitFor();
    assert.equal((await apiRequest(tab, '/api/orders')).status, 200);
  }
});

browser.test('R09 five tabs at once all arrive', async (_page, context) => {
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

browser.test('a sign-out in one tab is noticed by the others at their next call', async (page, context) => {
  await signIn(page, world);
  const other = await context.newPage();
  await other.goto(publicUrl);
  assert.equal((await apiRequest(other, '/api/orders')).status, 200);
  await signOut(page, world);
  assert.equal((await apiRequest(other, '/api/orders')).status, 401);
  assert.equal((await apiRequest(other, '/session')).body.authenticated, false);
});

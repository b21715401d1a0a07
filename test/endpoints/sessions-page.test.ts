/** B12: the list of sessions in Chromium: names of the buttons, times in the zone of the user, a message after ending one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRealWorld } from '../support/real-browser.ts';

test('B12 the buttons of two similar sessions differ, times are local, and a message says that one was ended', async (t) => {
  const world = await startRealWorld(t);
  const { url } = world.gateway;
  const pages = [await world.open(), await world.open(), await world.open()];
  for (const page of pages) await world.signInWith(page);
  const [page] = pages;
  assert.ok(page);
  const problems: string[] = [];
  page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
  await page.goto(`${url}/sessions`);
  const buttons = page.getByRole('button', { name: /^End session/ });
  const names = await buttons.evaluateAll((all) =>
    all.map((button) => (button as unknown as { ariaLabel: string }).ariaLabel),
  );
  assert.equal(new Set(names).size, 2, names.join());
  const shown = await page.locator('time').first().textContent();
  const local = await page.evaluate(
    "new Date(document.querySelector('time').dateTime).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })",
  );
  assert.equal(shown, local);
  assert.equal(await page.getByRole('status').textContent(), '');
  await buttons.first().click();
  await page.getByText('The session was ended.').waitFor();
  assert.equal(await page.locator('.sessions li').count(), 2);
  await page.reload();
  assert.equal(await page.getByRole('status').textContent(), '', 'once');
  assert.deepEqual(problems, []);
});

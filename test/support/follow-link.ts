/** Leaves a page of a real browser by a click, which the browser reports before the page is replaced. */
import type { Page } from 'playwright';
import { within } from './wait.ts';

/**
 * Adds a link to the page and clicks it. A script that navigates itself may replace the page before its evaluation could respond,
 * also with a timer: then the evaluation never ends.
 */
export async function followLink(page: Page, address: string): Promise<void> {
  const added = page.evaluate(
    `document.body.prepend(Object.assign(document.createElement('a'), { id: 'follow', href: ${JSON.stringify(address)}, innerText: 'follow' }))`,
  );
  await within(added, 'the link is in the page');
  await page.click('#follow', { noWaitAfter: true });
}

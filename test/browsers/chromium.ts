/** Chromium, driven by Playwright. */
import { chromium, type Page } from 'playwright';
import type { StartBrowser, Tab } from './browser.ts';

const tabOf = (page: Page): Tab => ({
  id: page,
  goto: async (url) => void (await page.goto(url)),
  evaluate: (expression) => page.evaluate(expression),
  click: (selector) => page.click(selector, { noWaitAfter: true }),
  back: async () => void (await page.goBack()),
  forward: async () => void (await page.goForward()),
  close: () => page.close(),
});

export const startChromium: StartBrowser = async () => {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const browser = await chromium.launch({ executablePath, args });
  return {
    close: () => browser.close(),
    async newProfile(t) {
      const context = await browser.newContext();
      t.after(() => context.close());
      return {
        newTab: async () => tabOf(await context.newPage()),
        tabs: async () => context.pages().map(tabOf),
      };
    },
  };
};

/** Runs tests in the system's Chromium with Playwright: a new profile for each test, a screenshot when a test fails. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BrowserContext, type Browser as Chromium, chromium, type Page } from 'playwright';
import { within } from '../../test/support/wait.ts';
import { exitOnSignals } from './processes.ts';

export type { BrowserContext, Page } from 'playwright';

export interface Browser {
  /** Registers a test with an empty profile and one open page. */
  test(name: string, body: (page: Page, context: BrowserContext) => Promise<void>): void;
  close(): Promise<void>;
}

const STEPS_TIMEOUT_MS = 240_000;

const SCREENSHOTS = join(import.meta.dirname, '../../test-results');

exitOnSignals();

/** Launches the system's Chromium; nothing is downloaded. */
export async function startBrowser(): Promise<Browser> {
  const chrome = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Without the sandbox it also runs as root; its background services are not needed.
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
  });
  return {
    test: (name, body) =>
      void test(name, { timeout: STEPS_TIMEOUT_MS + 60_000 }, () => inFreshProfile(chrome, name, body)),
    close: () => chrome.close(),
  };
}

async function inFreshProfile(
  chrome: Chromium,
  name: string,
  body: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await chrome.newContext();
  context.setDefaultTimeout(60_000);
  const page = await within(context.newPage(), 'the browser opens a page');
  try {
    // Playwright has no time limit for some steps: the screenshot of one that hangs is taken before the limit of the test.
    await within(body(page, context), 'the steps of the test', STEPS_TIMEOUT_MS);
  } catch (error) {
    await saveScreenshot(page, name).catch(() => undefined);
    throw error;
  } finally {
    await within(context.close(), 'the browser closes the profile');
  }
}

async function saveScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  const file = join(SCREENSHOTS, `${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}.png`);
  await page.screenshot({ path: file });
  console.log(`screenshot of ${page.url()}: ${file}`);
}

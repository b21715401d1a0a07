/** Starts a world with Chromium, a small app as front end, and another site that links to the gateway. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Page } from 'playwright';
import { followLink } from './follow-link.ts';
import type { RecordedRequest } from './upstream.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

export type { Page } from 'playwright';

/** The app requests the session state once, at its start, and shows it. */
const APP = `const answer = await fetch('/session', { headers: { 'X-CSRF': '1' } });
document.body.dataset.signedIn = String((await answer.json()).authenticated);
`;
const INDEX = '<!doctype html><title>app</title><body><h1>app</h1><script type="module" src="/app.js"></script>';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

export interface RealWorld extends World {
  /** Opens a page in an empty profile. */
  open(): Promise<Page>;
  /** Signs in from the app, and waits until the app shows it. */
  signInWith(page: Page): Promise<void>;
  /** Opens a page of another site and follows a link from there to the gateway. */
  openCrossSite(page: Page, path: string): Promise<void>;
  /** The session state that the app shows, as soon as it has the response. */
  signedIn(page: Page): Promise<string | null>;
  /** Requests that reached the upstream with a token. */
  authorizedRequests(): RecordedRequest[];
}

/** `evil.localhost` is another site than `localhost`, and both are trustworthy origins (Secure Contexts section 3.1). */
async function startOtherSite(t: Pick<TestContext, 'after'>): Promise<string> {
  const server = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<body>evil'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  return `http://evil.localhost:${(server.address() as AddressInfo).port}/`;
}

/** Starts a world with a browser; both end with the test. */
export async function startRealWorld(t: TestContext, options: WorldOptions = {}): Promise<RealWorld> {
  // Closed first, because an open page would delay the stop of the gateway.
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  t.after(() => chrome.close());
  const directory = mkdtempSync(join(tmpdir(), 'bff-app-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'index.html'), INDEX);
  writeFileSync(join(directory, 'app.js'), APP);
  const config = { frontend: { directory }, ...options.gateway?.config };
  const world = await startWorld(t, { ...options, gateway: { ...options.gateway, config } });
  const evil = await startOtherSite(t);
  const { url } = world.gateway;
  const app = (page: Page) => page.locator('body[data-signed-in]');
  return {
    ...world,
    async open() {
      const page = await (await chrome.newContext()).newPage();
      page.setDefaultTimeout(60_000);
      return page;
    },
    async signInWith(page) {
      await page.goto(`${url}/app`);
      await app(page).waitFor();
      await followLink(page, '/login?returnTo=/app');
      await page.locator('body[data-signed-in=true]').waitFor();
    },
    async openCrossSite(page, path) {
      await page.goto(evil);
      await followLink(page, url + path);
    },
    async signedIn(page) {
      await app(page).waitFor();
      return await app(page).getAttribute('data-signed-in');
    },
    authorizedRequests: () =>
      world.upstream.requests.filter((request) => request.header('authorization') !== undefined),
  };
}

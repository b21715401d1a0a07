/** A world with one browser, and an app as front end that uses the client of the gateway. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setUpSso } from '../client/sso.ts';
import { startWorld, type World, type WorldOptions } from '../support/world.ts';
import { type Browser, clickOn, type Profile, type Tab, untilIn } from './browser.ts';

const INDEX = `<!doctype html><title>app</title><body><h1>app</h1>
<button id="login">Sign in</button> <button id="popup">Sign in in a window</button> <button id="logout">Sign out</button>
<a id="plain" href="/plain.html">A page without the client</a>
<script type="module" src="/app.js"></script>`;

/** Shows the user, or `nobody`, and keeps what the scenarios ask for. */
const APP = `import { createClient } from '/client.js';
const client = createClient();
const clicked = (id, action) => document.getElementById(id).addEventListener('click', action);
const show = async () => { document.body.dataset.user = (await client.user())?.preferred_username ?? 'nobody'; };
globalThis.client = client;
globalThis.events = [];
for (const type of ['signedin', 'signedout']) client.on(type, () => { events.push(type); void show(); });
addEventListener('pageshow', (event) => { globalThis.isRestored = event.persisted; });
clicked('login', () => client.login());
clicked('logout', () => client.logout());
clicked('popup', async () => { globalThis.popupResult = await client.login({ popup: true }); });
await show();
`;
/** Passes every request on, as caches of apps do. */
const WORKER = `self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));
`;

export interface BrowserWorld extends Omit<World, 'browser'> {
  profile: Profile;
  /** The address of the gateway. */
  url: string;
  /** Opens the app in a new tab, and waits until it shows the user. */
  openApp(path?: string): Promise<Tab>;
}

/** The user that the app shows. */
export const untilUser = (tab: Tab, user: string): Promise<unknown> =>
  untilIn(tab, `document.body?.dataset.user === '${user}'`);

/** The last page of a sign-out; at the same address, a page before it reloads with the cookie. */
export const untilSignedOut = (tab: Tab): Promise<unknown> =>
  untilIn(tab, "location.pathname === '/signed-out' && document.querySelector('h1')?.textContent === 'Signed out'");

/** Has a service worker pass on the requests of the app from now on. */
export async function startWorker(tab: Tab): Promise<void> {
  await tab.evaluate("navigator.serviceWorker.register('/sw.js').then(() => true)");
  await untilIn(tab, 'navigator.serviceWorker.controller !== null');
}

/** Signs in with the app's button and the form of the provider. */
export async function signInWith(tab: Tab): Promise<void> {
  await clickOn(tab, '#login');
  await clickOn(tab, '#go');
  await untilUser(tab, 'alice');
}

/** Options of the gateway and its routes that a scenario needs. */
export interface BrowserWorldOptions {
  routes?: WorldOptions['routes'];
  config?: NonNullable<WorldOptions['gateway']>['config'];
}

export async function startBrowserWorld(
  t: TestContext,
  browser: Browser,
  { routes, config }: BrowserWorldOptions = {},
): Promise<BrowserWorld> {
  const profile = await browser.newProfile(t);
  const directory = mkdtempSync(join(tmpdir(), 'bff-browsers-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'index.html'), INDEX);
  writeFileSync(
    join(directory, 'plain.html'),
    '<!doctype html><title>plain</title><body><h1>plain</h1><a id="app" href="/app">app</a>',
  );
  writeFileSync(join(directory, 'app.js'), APP);
  writeFileSync(join(directory, 'sw.js'), WORKER);
  const world = await startWorld(t, {
    ...(routes && { routes }),
    gateway: { config: { frontend: { directory }, ...config } },
  });
  setUpSso(world.provider);
  const { url } = world.gateway;
  return {
    ...world,
    profile,
    url,
    async openApp(path = '/app') {
      const tab = await profile.newTab();
      await tab.goto(url + path);
      await untilIn(tab, 'document.body.dataset.user !== undefined');
      return tab;
    },
  };
}

/** Links of another site into an app whose service worker passes navigations on, which hides from the gateway where they started. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type BrowserWorld, signInWith, startBrowserWorld, startWorker, untilSignedOut } from './app.ts';
import { type Browser, clickOn, type Tab, untilAt, untilIn } from './browser.ts';

/** Starts another site, whose page has a link to the address in its query; returns its origin. */
async function startForeignSite(t: TestContext): Promise<string> {
  const server = createServer((req, res) => {
    const to = new URL(req.url ?? '', 'http://foreign').searchParams.get('to') ?? '';
    res.setHeader('content-type', 'text/html').end(`<!doctype html><body><a id="link" href="${encodeURI(to)}">go</a>`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  // The gateway is at localhost, which is another site.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function follow(tab: Tab, foreign: string, to: string): Promise<void> {
  await tab.goto(`${foreign}/?to=${encodeURIComponent(to)}`);
  await clickOn(tab, '#link');
}

/** Signs in and has a worker pass on the requests. */
async function openWithWorker(world: BrowserWorld): Promise<Tab> {
  const tab = await world.openApp();
  await startWorker(tab);
  await signInWith(tab);
  return tab;
}

export function defineForeignLinks(name: string, browser: () => Browser): void {
  test(`${name}: E14 W01 through a service worker, links of another site find the session`, async (t) => {
    const world = await startBrowserWorld(t, browser());
    const foreign = await startForeignSite(t);
    const tab = await openWithWorker(world);
    const { authorize } = world.provider.requests;
    const before = authorize.length;
    await follow(tab, foreign, `${world.url}/sessions`);
    await untilIn(tab, "document.querySelector('h1')?.textContent === 'Where you are signed in'");
    assert.equal(authorize.length, before, 'no sign-in was needed');
    await follow(tab, foreign, `${world.url}/logout`);
    await untilIn(tab, "document.querySelector('h1')?.textContent === 'Sign out?'");
    await clickOn(tab, 'form button');
    await untilSignedOut(tab);
  });

  test(`${name}: E02 W01 through a service worker, a link of another site reaches no API with a Lax cookie`, async (t) => {
    const world = await startBrowserWorld(t, browser(), {
      routes: (upstream) => [{ path: '/files/**', upstream, csrf: 'fetch-metadata' }],
      config: { session: { store: { sqlite: { file: ':memory:' } }, cookie: { sameSite: 'lax' } } },
    });
    const foreign = await startForeignSite(t);
    const tab = await openWithWorker(world);
    await follow(tab, foreign, `${world.url}/files/delete?id=1`);
    await untilAt(tab, '/files/delete');
    assert.equal(world.upstream.requests.length, 0);
    await tab.goto(`${world.url}/app`);
    assert.equal(await tab.evaluate("fetch('/files/own').then((response) => response.status)"), 200);
  });
}

/** Sign-in in an app whose service worker passes every request on, checked in Chromium. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { followLink } from '../support/follow-link.ts';
import { startRealWorld } from '../support/real-browser.ts';

const WORKER = `self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));
`;
const APP = `const answer = await fetch('/session', { headers: { 'X-CSRF': '1' } });
document.body.dataset.signedIn = String((await answer.json()).authenticated);
`;

test('W01 a sign-in works while a service worker handles the navigations; a script cannot start one', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bff-worker-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(
    join(directory, 'index.html'),
    '<!doctype html><body><h1>app</h1><script type="module" src="/app.js"></script>',
  );
  writeFileSync(join(directory, 'app.js'), APP);
  writeFileSync(join(directory, 'sw.js'), WORKER);
  const world = await startRealWorld(t, { gateway: { config: { frontend: { directory } } } });
  const page = await world.open();
  await page.goto(`${world.gateway.url}/app`);
  await page.evaluate(`navigator.serviceWorker.register('/sw.js')`);
  await page.waitForFunction('navigator.serviceWorker.controller !== null');

  const statuses: number[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/login')) statuses.push(response.status());
  });
  await page.evaluate(`fetch('/login?returnTo=/app', { redirect: 'manual' })`);
  assert.deepEqual(statuses, [401]);
  await followLink(page, '/login?returnTo=/app');
  await page.locator('body[data-signed-in=true]').waitFor();
  assert.equal(new URL(page.url()).pathname, '/app');
});

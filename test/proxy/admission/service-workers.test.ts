/** Service workers: their script would see every request of the origin, so an API never serves one; a site has its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRealWorld } from '../../support/real-browser.ts';
import { CSRF, startWorld } from '../../support/world.ts';

test('E02 a route serves no service worker, whatever `documents` is, checked in Chromium', async (t) => {
  for (const documents of ['sandbox', 'forward'] as const) {
    const world = await startRealWorld(t, {
      routes: (upstream) => [{ path: '/api/**', upstream, documents, rules: [{ token: 'none' }] }],
    });
    world.upstream.respondWith((_req, res) => void res.writeHead(200, { 'content-type': 'text/javascript' }).end(''));
    const page = await world.open();
    await page.goto(`${world.gateway.url}/app`);
    const registered = `navigator.serviceWorker.register('/api/worker.js').then(() => 'registered', (error) => error.name)`;
    assert.notEqual(await page.evaluate(registered), 'registered');
    assert.deepEqual(world.upstream.requests, []);
  }
});

test('E02 a request for a service worker is refused before session and upstream are contacted', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/open/**', upstream, rules: [{ token: 'none' }] },
      { path: '/api/**', upstream, documents: 'forward' },
    ],
  });
  await world.signIn();
  for (const path of ['/open/sw.js', '/api/sw.js']) {
    for (const headers of [{ 'service-worker': 'script' }, { 'sec-fetch-dest': 'serviceworker' }]) {
      const response = await world.browser.fetch(path, { headers: { ...CSRF, ...headers } });
      assert.deepEqual([response.status, response.json().code], [403, 'service_worker_refused']);
    }
  }
  assert.deepEqual(world.upstream.requests, []);
  for (const dest of ['script', 'worker', 'sharedworker', 'image'])
    assert.equal(
      (await world.browser.fetch('/api/x.js', { headers: { ...CSRF, 'sec-fetch-dest': dest } })).status,
      200,
    );
});

test('a site has service workers for the paths below their scripts, checked in Chromium', async (t) => {
  const world = await startRealWorld(t, {
    routes: (upstream) => [{ path: '/**', upstream, kind: 'page' }],
    gateway: { config: { endpoints: { prefix: '/.auth' } } },
  });
  world.upstream.respondWith((req, res) =>
    req.url?.endsWith('.js')
      ? res.writeHead(200, { 'content-type': 'text/javascript', 'service-worker-allowed': '/' }).end('')
      : res.writeHead(200, { 'content-type': 'text/html' }).end('<title>Site</title>'),
  );
  const page = await world.open();
  await page.goto(`${world.gateway.url}/files/`);
  const register = (scope: string) =>
    page.evaluate(
      `navigator.serviceWorker.register('/files/worker.js', ${JSON.stringify({ scope })}).then(() => 'registered', (error) => error.name)`,
    );
  assert.equal(await register('/files/'), 'registered');
  assert.equal(await register('/'), 'SecurityError');
});

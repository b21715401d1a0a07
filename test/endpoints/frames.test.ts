/** B11: a frame of another site shows a page that says why; it links to the application and nothing else. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startRealWorld } from '../support/real-browser.ts';
import { startWorld } from '../support/world.ts';

test('B11 Chromium: the app, the sign-in and the list of sessions in a frame of another site say why they do not run', async (t) => {
  const world = await startRealWorld(t);
  const { url } = world.gateway;
  const page = await world.open();
  const body = ['/', '/app', '/login', '/sessions'].map((path) => `<iframe src="${url}${path}"></iframe>`).join('');
  const server = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  await page.goto(`http://evil.localhost:${(server.address() as AddressInfo).port}/`);
  for (const frame of page.frames().slice(1)) {
    await frame.getByRole('heading', { name: 'Open this page in a window of its own' }).waitFor();
    const link = frame.getByRole('link');
    assert.deepEqual([await link.count(), await link.getAttribute('target')], [1, '_blank']);
  }
  assert.equal(page.frames().length, 5);
  assert.equal(world.provider.requests.authorize.length, 0);
});

test('B11 only navigations of frames of another origin get the page', async (t) => {
  const world = await startWorld(t, { gateway: { config: { logout: { frontChannel: true } } } });
  const { browser } = world;
  const framed = { dest: 'iframe', headers: { accept: 'text/html' } } as const;
  for (const from of ['https://evil.example', 'http://localhost:1']) {
    const page = await browser.fetch('/sessions', { ...framed, from });
    assert.deepEqual([page.status, page.headers['x-frame-options']], [403, undefined]);
    assert.match(String(page.headers['content-security-policy']), /^default-src 'none';.*frame-ancestors \*/);
    assert.doesNotMatch(page.body, /<script|<form/);
  }
  const own = await browser.fetch('/login', framed);
  assert.deepEqual([own.status, own.headers['x-bff-gateway']], [401, 'login_not_navigation']);
  const channel = await browser.fetch('/frontchannel-logout?iss=x&sid=y', { ...framed, from: 'https://evil.example' });
  assert.doesNotMatch(channel.body, /window of its own/);
});

/** Addresses that a user types, bookmarks or follows: pages that say what to do, and health checks of load balancers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rawRequest } from '../support/raw.ts';
import { CSRF, startWorld } from '../support/world.ts';

const OPENED = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

test('W08 W09 an address of the application that a signed-in user opens is a page that leads there, without a sign-in', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/api/**', upstream },
      { path: '/files/**', upstream, csrf: 'fetch-metadata' },
    ],
  });
  await world.signIn();
  for (const path of ['/profile', '/api/x', '/files/report.html'])
    for (const site of ['none', 'cross-site', 'same-origin']) {
      if (path.startsWith('/files') && site === 'same-origin') continue;
      const response = await world.browser.fetch(path, { headers: { ...OPENED, 'sec-fetch-site': site } });
      assert.equal(response.status, 403, `${path} ${site}`);
      assert.match(String(response.headers['content-type']), /^text\/html/);
      assert.match(response.body, /<h1>Open this in the application<\/h1>/);
      assert.match(response.body, /href="\/">Go to the application/);
      assert.doesNotMatch(response.body, /Try again|Sign in|\/login/);
    }
  assert.deepEqual(world.upstream.requests, [], 'nothing reached the upstream');
});

test('W08 without a session the page has a sign-in link; scripts still get a problem document', async (t) => {
  const world = await startWorld(t);
  for (const path of ['/profile', '/api/x']) {
    const page = await world.browser.fetch(path, { headers: OPENED });
    assert.equal(page.status, 401, path);
    assert.match(page.body, /class="button primary" href="\/login[^"]*">Sign in<\/a>/);
    const script = { ...CSRF, accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    assert.equal((await world.browser.fetch(path, { headers: script })).json().code, 'unauthenticated');
  }
  const program = await world.browser.fetch('/api/x', { headers: { accept: 'text/html' } });
  assert.match(String(program.headers['content-type']), /problem\+json/);
  const frame = await world.browser.fetch('/api/x', { headers: { ...OPENED, 'sec-fetch-dest': 'iframe' } });
  assert.match(String(frame.headers['content-type']), /problem\+json/);
});

test('W08 /session needs the CSRF header with a session cookie, as documented, and no header without one', async (t) => {
  const world = await startWorld(t);
  assert.equal((await world.browser.fetch('/session')).status, 200);
  await world.signIn();
  const refused = await world.browser.fetch('/session');
  assert.deepEqual([refused.status, refused.json().code], [403, 'csrf_header_missing']);
  assert.equal((await world.browser.fetch('/session', { headers: CSRF })).json().authenticated, true);
  assert.match((await world.browser.fetch('/session', { headers: OPENED })).body, /Open this in the application/);
  const documented = readFileSync(join(import.meta.dirname, '../../docs/front-end.md'), 'utf8');
  assert.match(documented, /`\/session` \| `200` .* or `403` if .* no CSRF header/);
});

test('W06 a health check with an IP address as Host gets 200 from /session, and nothing else does', async (t) => {
  const world = await startWorld(t);
  const { port } = new URL(world.gateway.url);
  const status = async (path: string, host: string, more = '', method = 'GET') =>
    (
      await rawRequest(
        Number(port),
        `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`,
        method === 'HEAD' ? { method } : {},
      )
    ).status;
  for (const host of ['10.0.3.7', `10.0.3.7:${port}`, '[fd00::7]', `[fd00::7]:${port}`]) {
    assert.equal(await status('/session', host), 200, host);
    for (const path of ['/profile', '/api/x', '/', '/session/', '/sessions', '/login', '/session?x=1'])
      assert.equal(await status(path, host), 421, path);
    assert.equal(await status('/session', host, 'Cookie: bff=x\r\n'), 421);
    assert.equal(await status('/session', host, 'Content-Length: 0\r\n', 'POST'), 421);
  }
  for (const host of [
    'evil.example',
    '10.0.3.7.evil.example',
    '10.0.3.7@evil',
    '[fd00::7',
    '256.1.1.1',
    '10.0.3.7:port',
  ])
    assert.ok([400, 421].includes(await status('/session', host)), host);
});

test('W09 a sign-in with a return address that is too long says so', async (t) => {
  const world = await startWorld(t);
  const page = await world.browser.fetch(`/login?returnTo=/${'a'.repeat(2_204)}`, { headers: OPENED });
  assert.equal(page.status, 400);
  assert.match(page.body, /returnTo is longer than \d+ characters/);
});

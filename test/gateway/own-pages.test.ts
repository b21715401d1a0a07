/** Own pages of an app as the gateway serves them: name, logo and the error page of the application. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { startWorld } from '../support/world.ts';

const OPENED = {
  accept: 'text/html,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

function start(t: TestContext, pages: ConfigInput['pages'], more: Partial<ConfigInput> = {}) {
  return startWorld(t, { gateway: { config: { ...more, pages } } });
}

test('the logo is served from an own path as an image that can run no script, and pages show it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-logo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const logo = join(folder, 'logo.png');
  writeFileSync(logo, SVG);
  const world = await start(t, { name: 'Acme', logo }, { endpoints: { prefix: '/bff' } });
  const page = await world.browser.fetch('/bff/nothing', { headers: OPENED });
  assert.match(page.body, /<img src="\/bff\/page-logo" alt="Acme">/);
  const image = await world.browser.fetch('/bff/page-logo');
  assert.equal(image.status, 200);
  assert.equal(image.body, SVG);
  assert.match(String(image.headers['content-type']), /^image\/svg\+xml/);
  assert.match(
    String(image.headers['content-security-policy']),
    /^default-src 'none'; style-src 'unsafe-inline'; sandbox;/,
  );
  assert.equal(image.headers['x-content-type-options'], 'nosniff');
  const { etag } = image.headers;
  assert.ok(etag);
  assert.equal((await world.browser.fetch('/bff/page-logo', { headers: { 'if-none-match': etag } })).status, 304);
});

test('without a logo its path is not served', async (t) => {
  const world = await start(t, { name: 'Acme' });
  assert.equal((await world.browser.fetch('/page-logo')).status, 404);
});

test('a navigation that fails leads to the error page of the application with code and reference; a script gets its document', async (t) => {
  const world = await start(t, { errorUrl: '/sorry?from=gateway' });
  const { origin } = new URL(world.gateway.url);
  const page = await world.browser.fetch('/nothing', { headers: OPENED });
  assert.equal(page.status, 303);
  const location = new URL(String(page.headers.location));
  assert.equal(location.origin + location.pathname, `${origin}/sorry`);
  assert.deepEqual(Object.fromEntries(location.searchParams), {
    from: 'gateway',
    code: 'not_found',
    reference: page.headers['x-request-id'],
  });
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal(page.headers['x-bff-gateway'], 'not_found');
  assert.equal(page.body, '');
  const script = await world.browser.fetch('/profile', { headers: { 'x-csrf': '1' } });
  assert.deepEqual([script.status, script.json().code], [401, 'unauthenticated']);
});

test('the error page of the application never leads to itself: its own errors, and those of a sign-in for it, are built-in pages', async (t) => {
  const world = await start(t, { errorUrl: '/sorry' });
  const own = await world.browser.fetch('/sorry?code=x', { headers: OPENED });
  assert.equal(own.status, 404);
  assert.match(own.body, /<h1>Page not found<\/h1>/);
  const redirected = await world.browser.fetch('/sorry/?code=x', { headers: OPENED });
  assert.equal(redirected.status, 404);
  const returnTo = encodeURIComponent('/sorry?code=x');
  const signIn = await world.browser.fetch(`/login?returnTo=${returnTo}&prompt=none&prompt=none`, { headers: OPENED });
  assert.equal(signIn.status, 400);
  assert.match(signIn.body, /<h1>This link does not work<\/h1>/);
  const other = await world.browser.fetch('/login?returnTo=/app&prompt=none&prompt=none', { headers: OPENED });
  assert.equal(other.status, 303);
});

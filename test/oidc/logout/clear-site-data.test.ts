/** Clear-Site-Data at sign-out: only the configured types, only on a genuine sign-out, and no cookie of other applications. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright';
import { parseConfig } from '../../../src/config/load/load.ts';
import { CSRF, startWorld } from '../../support/world.ts';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const CLEAR = { gateway: { config: { logout: { clearSiteData: ['cache' as const, 'storage' as const] } } } };

test('LO-11 no Clear-Site-Data header is sent unless it is configured', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const response = await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal(response.status, 200);
  assert.equal(response.headers['clear-site-data'], undefined);
});

test('LO-11 the sign-out sends the configured types in the header; forged and anonymous requests get no header', async (t) => {
  const world = await startWorld(t, CLEAR);
  const other = await world.gateway.browser().fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal(other.headers['clear-site-data'], undefined, 'no user was signed in');
  await world.signIn();
  const forged = await world.browser.fetch('/logout', { method: 'POST' });
  assert.equal(forged.status, 403);
  const linked = await world.browser.navigate('/logout', { from: 'https://evil.test/' });
  for (const { headers } of [forged, ...linked.hops]) assert.equal(headers['clear-site-data'], undefined);
  assert.equal((await world.session()).authenticated, true);
  const response = await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal(response.headers['clear-site-data'], '"cache", "storage"');
  for (const { headers } of world.browser.responses)
    assert.doesNotMatch(String(headers['clear-site-data'] ?? ''), /cookies|\*/);
});

test('LO-11 the types cookies and * cannot be configured', () => {
  for (const type of ['cookies', '*'])
    assert.throws(() => parseConfig({ logout: { clearSiteData: [type] } } as never), /clearSiteData/);
});

test('LO-11 Chromium clears its storage at sign-out and keeps the cookie of another application', async (t) => {
  const world = await startWorld(t, CLEAR);
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  t.after(() => chrome.close());
  const context = await chrome.newContext();
  await context.addCookies([{ name: 'other-app', value: '1', url: world.gateway.url }]);
  const page = await context.newPage();
  await page.goto(`${world.gateway.url}/login?returnTo=/app`);
  await page.waitForURL('**/app');
  const stored = () => page.evaluate('localStorage.length');
  await page.evaluate("localStorage.setItem('draft', 'of the user')");
  assert.equal(await stored(), 1);
  const { logoutUrl } = await (await context.request.get(`${world.gateway.url}/session`, { headers: CSRF })).json();
  await page.goto(new URL(logoutUrl, world.gateway.url).href);
  await page.waitForURL('**/signed-out');
  assert.equal(await stored(), 0);
  const names = (await context.cookies()).filter(({ domain }) => domain === 'localhost').map(({ name }) => name);
  assert.ok(names.includes('other-app'), names.join());
  assert.ok(!names.includes('bff'), names.join());
});

/** FA-05 in Chromium: a real browser keeps the cookie for all hosts of the domain, and sends it nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright';
import { AUTH, GRAFANA, OTHER, startSharedSite, WIKI } from './shared-site.ts';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

test('FA-05 Chromium signs in at one host, is signed in at the other, and a page of one cannot post to the other', async (t) => {
  const site = await startSharedSite(t);
  const chrome = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...FLAGS, `--host-resolver-rules=MAP *.example.com:443 127.0.0.1:${site.tlsPort}`],
  });
  t.after(() => chrome.close());
  const context = await chrome.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${WIKI}/a/b?x=1`);
  assert.equal(page.url(), `${WIKI}/a/b?x=1`);
  assert.match((await page.textContent('body')) ?? '', /alice@shop\.test/);

  const { length } = site.provider.requests.authorize;
  await page.goto(`${GRAFANA}/d/1`);
  assert.match((await page.textContent('body')) ?? '', /alice@shop\.test/);
  assert.equal(site.provider.requests.authorize.length, length, 'no further sign-in');
  const cookies = (await context.cookies()).filter(({ name }) => name.includes('bff'));
  assert.deepEqual(
    cookies.map(({ name, domain, secure, httpOnly, sameSite }) => [name, domain, secure, httpOnly, sameSite]).sort(),
    [
      ['__Secure-bff', '.example.com', true, true, 'Lax'],
      ['__Secure-bff-arrived', '.example.com', true, true, 'Lax'],
    ],
  );

  const statusOf = (to: string) =>
    page.evaluate(async (url) => {
      const response = await fetch(url, { method: 'POST', body: 'a=1' }).catch(() => undefined);
      return response?.status ?? 'unreadable';
    }, to);
  assert.equal(await statusOf(`${GRAFANA}/save`), 200, 'an own page');
  await page.evaluate(`document.body.innerHTML = '<form method=post action=${WIKI}/save><button>Save</button></form>'`);
  const refused = page.waitForResponse((response) => response.url() === `${WIKI}/save`);
  await page.click('button', { noWaitAfter: true });
  assert.equal((await refused).status(), 403);
  await page.waitForURL(`${WIKI}/save`);

  // A host of the domain that is not listed is no page to return to.
  await page.goto(`${AUTH}/.auth/login?returnTo=${encodeURIComponent(`${OTHER}/x`)}`);
  assert.equal(page.url(), `${AUTH}/`);
});

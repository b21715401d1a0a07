/** Pages in Chromium: what another site can do with the session of a user, and what the browser's cache keeps. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { chromium, type Page } from 'playwright';
import { followLink } from '../../support/follow-link.ts';
import { until } from '../../support/wait.ts';
import { type Site, startSite } from './site.ts';

/** Starts Chromium, opens a page of the site, and returns a tab of another origin. */
async function startTabs(t: TestContext, site: Site, host = 'evil.localhost'): Promise<{ own: Page; foreign: Page }> {
  const evil = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<body>evil'));
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  });
  t.after(() => browser.close());
  t.after(() => void evil.close());
  const context = await browser.newContext();
  const own = await context.newPage();
  await own.goto(`${site.gateway.url}/wiki`);
  const foreign = await context.newPage();
  // Browsers resolve it to loopback, and count it as trustworthy.
  await foreign.goto(`http://${host}:${(evil.address() as AddressInfo).port}/`);
  return { own, foreign };
}

const WIKI = '<!doctype html><title>wiki</title><body><h1>wiki</h1>';
const loaded = (tag: string, attributes: object) => `new Promise((resolve) => {
  const node = Object.assign(document.createElement('${tag}'), ${JSON.stringify(attributes)});
  node.onload = node.onerror = () => resolve(true);
  document.body.append(node);
})`;
const form = (action: string) => `new Promise((resolve) => {
  document.body.innerHTML = '<iframe name=f></iframe><form method=post target=f action="${action}"><input name=a value=b></form>';
  document.querySelector('iframe').onload = () => resolve(true);
  document.forms[0].submit();
})`;

/** Where the other page is: Chromium sends the Lax cookie with requests of a host below the own one, which is the same site. */
const OTHERS = [
  ['another site', 'evil.localhost'],
  ['a host below the own one', 'evil.wiki.localhost'],
] as const;

for (const [what, host] of OTHERS)
  test(`PG-04 ${what} reaches the site by a link alone; a form of an own page without referrer does`, async (t) => {
    const site = await startSite(t, { gateway: { host: 'wiki.localhost' } });
    site.upstream.respondWith((_req, res) =>
      res.writeHead(200, { 'content-type': 'text/html', 'referrer-policy': 'no-referrer' }).end(WIKI),
    );
    const { own, foreign } = await startTabs(t, site, host);
    await own.waitForSelector('text=wiki');
    const targets = () =>
      site.upstream.requests
        .map(({ method, target }) => `${method} ${target}`)
        .filter((target) => !target.endsWith('/favicon.ico'));
    const before = targets().length;
    const address = (name: string) => `${site.gateway.url}/${name}`;
    await foreign.evaluate(loaded('img', { src: address('img') }));
    await foreign.evaluate(loaded('script', { src: address('script') }));
    await foreign.evaluate(loaded('iframe', { src: address('frame') }));
    await foreign.evaluate(`fetch('${address('fetch')}', { mode: 'no-cors', credentials: 'include' }).catch(() => {})`);
    await foreign.evaluate(
      `fetch('${address('post')}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'a' }).catch(() => {})`,
    );
    await foreign.evaluate(form(address('form')));
    assert.deepEqual(targets().slice(before), []);
    await followLink(foreign, address('link'));
    await foreign.waitForSelector('text=wiki');
    assert.deepEqual(targets().slice(before), ['GET /link']);
    await own.evaluate(form('/own'));
    await until(() => targets().includes('POST /own'), { what: 'the form of the own page' });
    assert.equal(site.upstream.requests.find(({ target }) => target === '/own')?.header('origin'), 'null');
  });

test('PG-11 the second load of an asset comes from the cache of the browser', async (t) => {
  const site = await startSite(t);
  site.upstream.respondWith((req, res) =>
    req.url === '/style.css'
      ? res
          .writeHead(200, { 'content-type': 'text/css', 'cache-control': 'public, max-age=600', etag: '"1"' })
          .end('p{}')
      : res.writeHead(200, { 'content-type': 'text/html' }).end(`${WIKI}<link rel="stylesheet" href="/style.css">`),
  );
  const { own } = await startTabs(t, site);
  await own.waitForSelector('text=wiki');
  await followLink(own, '/second');
  await own.waitForURL('**/second');
  await own.waitForLoadState();
  const assets = site.upstream.requests.filter(({ target }) => target === '/style.css');
  assert.equal(assets.length, 1);
});

/** Documents of an upstream: their scripts never run as the application, checked in a real Chromium. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { findWarnings } from '../../../src/config/warnings/warnings.ts';
import { type Page, type RealWorld, startRealWorld } from '../../support/real-browser.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

type RouteInput = NonNullable<ConfigInput['routes']>[number];

/** Script of a document that acts as the user: it sends an API request with the header, and reports that it ran. */
const SCRIPT = "fetch('/api/ran', { headers: { 'X-CSRF': '1' } });";
const HTML = `<!doctype html><title>upload</title><meta http-equiv="refresh" content="0;url=/api/refreshed"><body onload="fetch('/api/ran')">
<script>${SCRIPT}</script><iframe srcdoc="<script>${SCRIPT}</script>"></iframe><img src="/api/picture" onerror="fetch('/api/ran')">
<form action="/api/sent"><input autofocus onfocus="this.form.submit()"></form><svg onload="${SCRIPT}"></svg>`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="fetch('/api/ran')"><script>${SCRIPT}</script></svg>`;
const XML = `<?xml version="1.0"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>${SCRIPT}</h:script></x>`;
const XSLT = `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="/api/style.xsl"?><x/>`;
const STYLE = `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">
<html><body><script>${SCRIPT}</script></body></html></xsl:template></xsl:stylesheet>`;

const FILES: Record<string, [type: string, text: string]> = {
  '/api/page.html': ['text/html', HTML],
  '/api/page.xhtml': [
    'application/xhtml+xml',
    `<html xmlns="http://www.w3.org/1999/xhtml"><script>${SCRIPT}</script></html>`,
  ],
  '/api/picture.svg': ['image/svg+xml', SVG],
  '/api/data.xml': ['application/xml', XML],
  '/api/styled.xml': ['text/xml', XSLT],
  '/api/style.xsl': ['text/xsl', STYLE],
  '/api/origin.js': [
    'text/javascript',
    'self.onconnect = ({ ports: [port] }) => port.postMessage(self.origin); self.postMessage?.(self.origin);',
  ],
  '/api/file.csv': ['text/csv', 'a,b\n'],
  '/api/data.json': ['application/json', '{"a":1}'],
};
const DOCUMENTS = Object.keys(FILES).filter((path) => /\.(html|xhtml|svg|xml)$/.test(path));

async function start(t: TestContext, route: Partial<RouteInput> = {}): Promise<RealWorld> {
  const world = await startRealWorld(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, csrf: 'fetch-metadata', ...route }],
  });
  world.upstream.respondWith((_req, res, { target }) => {
    const [type, text] = FILES[target] ?? ['text/plain', ''];
    const attached = type === 'text/csv' ? { 'content-disposition': 'attachment; filename="file.csv"' } : {};
    res.writeHead(200, { 'content-type': type, ...attached }).end(text);
  });
  return world;
}

/** Follows a link of the app, like a user who opens an upload. */
async function follow(world: RealWorld, page: Page, path: string): Promise<void> {
  await page.goto(`${world.gateway.url}/app`);
  await world.signedIn(page);
  const link = { href: path, id: 'go', innerText: 'open' };
  await page.evaluate(`document.body.append(Object.assign(document.createElement('a'), ${JSON.stringify(link)}))`);
  await page.click('#go', { noWaitAfter: true });
}

/** Follows a link, and waits until the document and its resources are loaded. */
async function open(world: RealWorld, page: Page, path: string): Promise<void> {
  const loaded = page.waitForEvent('load', { predicate: () => page.url().includes(path) });
  await follow(world, page, path);
  await loaded;
}

const targetsOf = (world: RealWorld) => world.upstream.requests.map(({ target }) => target);

test('E02 PG-20 uploaded HTML, SVG and XML run no script and send no request when a user opens them in Chromium', async (t) => {
  const world = await start(t);
  const page = await world.open();
  await world.signInWith(page);
  for (const path of DOCUMENTS) await open(world, page, path);
  // Requests that the documents started are finished before the last of these.
  await page.goto(`${world.gateway.url}/app`);
  assert.equal(await world.signedIn(page), 'true');
  assert.deepEqual(
    world.authorizedRequests().map(({ target }) => target),
    DOCUMENTS,
  );
});

for (const path of DOCUMENTS)
  test(`E02 PG-20 with documents: forward ${path} acts as the user, so the test above can detect it`, async (t) => {
    const world = await start(t, { documents: 'forward' });
    const page = await world.open();
    await world.signInWith(page);
    await follow(world, page, path);
    await until(() => world.authorizedRequests().some(({ target }) => target === '/api/ran'));
  });

test('E02 PG-20 neither an open route nor a frame of the app avoids it', async (t) => {
  const world = await start(t, { rules: [{ token: 'none' }] });
  const page = await world.open();
  await world.signInWith(page);
  for (const path of DOCUMENTS) {
    await world.openCrossSite(page, path);
    await page.waitForURL(`**${path}`);
  }
  await page.goto(`${world.gateway.url}/app`);
  await world.signedIn(page);
  await page.evaluate(
    `new Promise((resolve) => document.body.append(Object.assign(document.createElement('iframe'), { src: '/api/page.html', onload: resolve })))`,
  );
  assert.ok(!targetsOf(world).includes('/api/ran'));
  assert.ok(!targetsOf(world).includes('/api/refreshed'));
});

test('E02 images, JSON, HTML by fetch, attachments and download links work as before', async (t) => {
  const world = await start(t);
  const page = await world.open();
  await world.signInWith(page);
  const read = (path: string) =>
    page.evaluate(`fetch('${path}', { headers: { 'X-CSRF': '1' } }).then((answer) => answer.text())`);
  assert.equal(await read('/api/data.json'), '{"a":1}');
  assert.equal(await read('/api/page.html'), HTML);
  const shown = `new Promise((resolve) => document.body.append(Object.assign(new Image(), { src: '/api/picture.svg', onload: () => resolve('shown'), onerror: () => resolve('broken') })))`;
  assert.equal(await page.evaluate(shown), 'shown');
  for (const attribute of [{}, { download: 'copy.html' }]) {
    const link = {
      href: 'download' in attribute ? '/api/page.html' : '/api/file.csv',
      innerText: 'load',
      ...attribute,
    };
    const download = page.waitForEvent('download');
    await page.evaluate(
      `{ const link = Object.assign(document.createElement('a'), ${JSON.stringify(link)}); document.body.append(link); link.click(); }`,
    );
    assert.equal((await download).suggestedFilename(), 'download' in attribute ? 'copy.html' : 'file.csv');
  }
  assert.ok(!targetsOf(world).includes('/api/ran'));
});

test('E02 a worker or shared worker of a route cannot act with the origin, in Chromium', async (t) => {
  const world = await start(t);
  const page = await world.open();
  await world.signInWith(page);
  for (const kind of ['Worker', 'SharedWorker']) {
    const origin = `new Promise((resolve) => { const worker = new ${kind}('/api/origin.js'); (worker.port ?? worker).onmessage = ({ data }) => resolve(data); })`;
    assert.equal(await page.evaluate(origin), 'null', kind);
  }
});

test('E02 the policy is sent in addition to that of the upstream, for each status, and not for a PDF', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/docs/**', upstream, documents: 'forward' },
      { path: '/api/**', upstream },
    ],
  });
  await world.signIn();
  const policyOf = async (path: string) => (await world.api(path)).headers['content-security-policy'];
  for (const status of [200, 201, 302, 404, 500]) {
    world.upstream.respondWith((_req, res) => {
      res.writeHead(status, { 'content-type': 'text/html', 'content-security-policy': "default-src 'self'" }).end();
    });
    assert.equal(await policyOf('/api/x'), "default-src 'self', sandbox");
    assert.equal(await policyOf('/docs/x'), "default-src 'self'");
  }
  world.upstream.respondWith((_req, res) => void res.writeHead(200, { 'content-type': 'application/pdf' }).end());
  assert.equal(await policyOf('/api/x'), undefined);
  world.upstream.respondWith((_req, res) => void res.writeHead(200).end());
  assert.equal(await policyOf('/api/x'), 'sandbox');
});

test('E02 documents: forward causes a warning at start and in check', () => {
  const config = (documents: 'sandbox' | 'forward') =>
    parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'a client secret' },
      routes: [{ path: '/docs/**', upstream: 'http://docs:8080', documents }],
    });
  const messages = (documents: 'sandbox' | 'forward') =>
    findWarnings({ config: config(documents), secretFiles: [] }).map(({ message }) => message);
  assert.doesNotMatch(messages('sandbox').join(), /script/);
  assert.match(messages('forward').join(), /route \/docs\/\*\* .*script/);
});

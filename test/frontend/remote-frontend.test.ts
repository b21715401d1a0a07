/** `frontend.url`: the index page comes from another server, as a copy that outlives its outages; everything else is loaded from there. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, type TestContext, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { createFetchPage } from '../../src/frontend/fetch-page.ts';
import { caFile, LOOPBACK_CERTIFICATE, TEST_KEY } from '../support/certificates.ts';
import { startGateway } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { startProcess } from '../support/process.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startRealWorld } from '../support/real-browser.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Cdn, PAGE, startCdn } from './cdn.ts';

let provider: Provider;
before(async () => {
  provider = await startProvider();
});
after(() => provider.stop());

const HTML = { accept: 'text/html' };
const get = (url: string, headers: Record<string, string> = HTML, method = 'GET') =>
  fetch(url, { headers, method, redirect: 'manual' });

/** Sends exactly these headers; `fetch` adds its own. */
const send = (url: string, headers: Record<string, string>) =>
  new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    request(url, { headers: { ...HTML, ...headers }, agent: false }, async (res) =>
      resolve({ status: res.statusCode, text: Buffer.concat(await res.toArray()).toString() }),
    )
      .on('error', reject)
      .end();
  });

const navigate = (url: string, destination: 'document' | 'iframe') =>
  send(url, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': destination, 'sec-fetch-site': 'cross-site' });

type Frontend = NonNullable<ConfigInput['frontend']>;

/** Starts a gateway whose front end is published on a CDN, and waits for the end of its first attempt to load the page. */
async function start(t: TestContext, cdn: Cdn, frontend: Partial<Frontend> = {}) {
  const port = await freePort();
  const upstream = await startUpstream();
  const gateway = await startGateway({
    provider,
    routes: [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'none' }] }],
    config: { frontend: { url: cdn.url, refresh: '1s', ...frontend }, admin: { port } },
  });
  t.after(async () => {
    await gateway.stop();
    await upstream.close();
  });
  const admin = `http://127.0.0.1:${port}`;
  const requests = async (outcome: string) =>
    (await scrape(admin)).value(`bff_frontend_page_requests_total{app="main",outcome="${outcome}"}`);
  await until(() => /index page loaded|failed to load the index page/.test(gateway.logText()), { what: 'an attempt' });
  return { ...gateway, upstream, admin, requests };
}

test('the page is served for every path that the app routes, with the headers of a built front end', async (t) => {
  const cdn = await startCdn(t);
  const { url } = await start(t, cdn);
  const etags = new Set<string | null>();
  for (const path of ['/', '/index.html', '/orders/7', '/orders/7?page=2', '/deep/er/address']) {
    const response = await get(url + path);
    assert.equal(response.status, 200, path);
    assert.equal(await response.text(), PAGE);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-cache');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('x-frame-options'), 'DENY');
    etags.add(response.headers.get('etag'));
  }
  assert.equal(etags.size, 1);
  assert.deepEqual(await navigate(`${url}/users/john.doe`, 'document'), { status: 200, text: PAGE });
  const [etag] = etags;
  assert.deepEqual(await send(`${url}/orders/8`, { 'if-none-match': String(etag) }), { status: 304, text: '' });
  const head = await get(`${url}/orders/8`, HTML, 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(PAGE.length)]);
  assert.equal(await head.text(), '');
});

test('routes, endpoints and what is no page of the app are not the index page', async (t) => {
  const cdn = await startCdn(t);
  const { url, upstream } = await start(t, cdn);
  assert.equal((await get(`${url}/api/x`)).status, 200);
  assert.equal(upstream.requests.length, 1);
  assert.match((await get(`${url}/client.js`, { accept: '*/*' })).headers.get('content-type') ?? '', /javascript/);
  assert.equal((await get(`${url}/session`, { accept: 'application/json' })).status, 200);
  for (const path of ['/app.js', '/assets/main-Ab3dEf9h.js', '/missing.png', '/other.html', '/.env', '/.git/config'])
    assert.equal((await get(url + path)).status, 404, path);
  assert.equal((await get(`${url}/orders`, { accept: 'application/json' })).status, 404);
  assert.equal((await get(`${url}/orders`, HTML, 'POST')).status, 404);
  assert.match((await navigate(`${url}/orders`, 'iframe')).text, /does not run in a frame|window/i);
});

test('the server gets nothing of any user, and browsers get nothing of the server but the page', async (t) => {
  const cdn = await startCdn(t);
  cdn.publish(PAGE, {
    'set-cookie': ['a=1', '__Host-bff=evil; Path=/; Secure'],
    'content-security-policy': 'default-src *',
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=999',
    'x-amz-request-id': 'canary',
    server: 'AmazonS3',
  });
  const { url } = await start(t, cdn);
  const response = await get(`${url}/orders?secret=canary`, {
    ...HTML,
    cookie: 'bff=canary; app=canary',
    authorization: 'Bearer canary',
    'x-forwarded-for': '1.2.3.4',
  });
  assert.equal(response.status, 200);
  for (const name of ['set-cookie', 'access-control-allow-origin', 'x-amz-request-id', 'server', 'last-modified'])
    assert.equal(response.headers.get(name), null, name);
  assert.equal(response.headers.get('cache-control'), 'no-cache');
  assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'self';/);
  await until(() => cdn.requests.length > 1);
  for (const { path, rawHeaders } of cdn.requests) {
    assert.equal(path, '/app/index.html');
    assert.doesNotMatch(rawHeaders.join('\n'), /canary|1\.2\.3\.4/);
    const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    const allowed = ['host', 'accept', 'accept-encoding', 'connection', 'if-none-match', 'if-modified-since'];
    assert.deepEqual(
      names.filter((name) => !allowed.includes(name)),
      [],
    );
  }
});

test('the copy is revalidated by its validators, and replaced once another page is published', async (t) => {
  const cdn = await startCdn(t);
  cdn.publish(PAGE, { 'last-modified': 'Wed, 21 Oct 2026 07:28:00 GMT' });
  const { url, requests } = await start(t, cdn);
  assert.equal(await (await get(url)).text(), PAGE);
  await until(async () => (await requests('unchanged')) > 0);
  assert.equal(await requests('loaded'), 1);
  assert.match(cdn.requests[1]?.ifNoneMatch ?? '', /^".+"$/);
  assert.ok(cdn.requests[1]?.rawHeaders.includes('Wed, 21 Oct 2026 07:28:00 GMT'));
  // Navigations cause no requests.
  const { length } = cdn.requests;
  const burst = await Promise.all(Array.from({ length: 50 }, () => get(url)));
  assert.ok(burst.every(({ status }) => status === 200));
  assert.ok(cdn.requests.length <= length + 2, `${cdn.requests.length - length} requests for 50 navigations`);
  cdn.publish(`${PAGE}<p>new`);
  await until(async () => (await (await get(url)).text()) === `${PAGE}<p>new`);
  assert.equal(await requests('loaded'), 2);
});

test('during an outage browsers get the last copy, and afterwards the new page', async (t) => {
  const cdn = await startCdn(t);
  const { url, admin, requests, logText } = await start(t, cdn);
  await cdn.fail();
  await until(async () => (await requests('failed')) > 0);
  assert.equal(await (await get(`${url}/orders`)).text(), PAGE);
  assert.match(logText(), /failed to load the index page; serving the copy of 20/);
  assert.equal((await fetch(`${admin}/readyz`)).status, 200);
  cdn.publish(`${PAGE}<p>new`);
  await cdn.recover();
  await until(async () => (await (await get(url)).text()) === `${PAGE}<p>new`);
  // A page that is no page does not replace the copy either.
  const failed = await requests('failed');
  cdn.publish('{}', { 'content-type': 'application/json' });
  await until(async () => (await requests('failed')) > failed);
  assert.equal(await (await get(url)).text(), `${PAGE}<p>new`);
});

test('before the first copy a navigation gets a page with Retry-After, and everything else works', async (t) => {
  const cdn = await startCdn(t);
  await cdn.fail();
  const { url, admin, upstream } = await start(t, cdn);
  const response = await get(`${url}/orders/7?x=1`);
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
  assert.equal(response.headers.get('x-bff-gateway'), 'frontend_unavailable');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const text = await response.text();
  assert.match(text, /<h1>Application unavailable<\/h1>/);
  assert.ok(text.includes(`href="${url}/orders/7?x=1"`), 'the link leads to the same page');
  assert.equal((await get(`${url}/app.js`)).status, 404);
  assert.equal((await get(`${url}/api/x`)).status, 200);
  assert.equal(upstream.requests.length, 1);
  const ready = await fetch(`${admin}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /frontend: the index page is unavailable: .*ECONNREFUSED/);
  await cdn.recover();
  await until(async () => (await get(url)).status === 200);
  assert.equal((await fetch(`${admin}/readyz`)).status, 200);
  assert.equal((await scrape(admin)).value('bff_part_ready{part="frontend"}'), 1);
});

test('a server that does not respond holds up neither the start nor the API', async (t) => {
  const cdn = await startCdn(t);
  cdn.respondWith(() => {});
  const gateway = await startGateway({ provider, config: { frontend: { url: cdn.url } } });
  t.after(gateway.stop);
  assert.equal((await get(gateway.url)).status, 503, 'the gateway listens before the first attempt has ended');
  assert.doesNotMatch(gateway.logText(), /failed to load/);
  const { url, logText } = await start(t, cdn);
  assert.equal((await get(url)).status, 503);
  assert.equal((await get(`${url}/api/x`)).status, 200);
  assert.match(logText(), /its server did not respond in time/);
  assert.ok(cdn.requests.length <= 4, 'each gateway sends one request at a time');
});

const huge = (res: { write(text: string): boolean; end(): void; once(event: 'drain', send: () => void): void }) => {
  let sent = 0;
  const send = () => {
    while (sent < 64) {
      sent += 1;
      if (!res.write('a'.repeat(64 * 1024))) return void res.once('drain', send);
    }
    res.end();
  };
  send();
};

/** Responses that are no page, and the reason in the log. */
const REFUSED: Record<string, [respond: Parameters<Cdn['respondWith']>[0], reason: RegExp]> = {
  'status 404': [(_req, res) => res.writeHead(404, { 'content-type': 'text/html' }).end(PAGE), /status 404/],
  'status 500': [(_req, res) => res.writeHead(500, { 'content-type': 'text/html' }).end(PAGE), /status 500/],
  'status 206': [(_req, res) => res.writeHead(206, { 'content-type': 'text/html' }).end(PAGE), /status 206/],
  'an unasked 304': [(_req, res) => res.writeHead(304).end(), /status 304/],
  'no Content-Type': [(_req, res) => res.writeHead(200).end(PAGE), /Content-Type is not text\/html/],
  'plain text': [(_req, res) => res.writeHead(200, { 'content-type': 'text/plain' }).end(PAGE), /Content-Type/],
  'two types': [
    (_req, res) =>
      res
        .writeHead(
          200,
          [
            ['content-type', 'text/html'],
            ['content-type', 'text/plain'],
          ].flat(),
        )
        .end(PAGE),
    /Content-Type/,
  ],
  'an empty page': [(_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(), /it is empty/],
  'a page that is too large': [
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html' });
      huge(res);
    },
    /larger than frontend\.maxSize/,
  ],
  'a page that is too large once decoded': [
    (_req, res) =>
      res
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(4 * 1024 * 1024, 'a'))),
    /cannot be decoded, or it is larger/,
  ],
  'an unknown coding': [
    (_req, res) => res.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'zstd' }).end('x'),
    /Content-Encoding is zstd/,
  ],
  'a page that breaks off': [
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' });
      res.write(PAGE, () => res.destroy());
    },
    /closed|ended|reset/i,
  ],
  'a redirect to another origin': [
    (_req, res) => res.writeHead(302, { location: 'http://localhost:9/app/index.html' }).end(),
    /redirects to another origin/,
  ],
  'a redirect to another scheme': [
    (req, res) => res.writeHead(302, { location: `https://${req.headers.host}/app/index.html` }).end(),
    /redirects to another origin/,
  ],
  'a redirect to no address': [(_req, res) => res.writeHead(302, { location: 'http://' }).end(), /another origin/],
  'a loop of redirects': [
    (_req, res) => res.writeHead(302, { location: '/app/index.html' }).end(),
    /redirects too often/,
  ],
};

describe('what is no page is never served', () => {
  for (const [what, [respond, reason]] of Object.entries(REFUSED))
    test(what, async (t) => {
      const cdn = await startCdn(t);
      cdn.respondWith(respond);
      const { url, logText } = await start(t, cdn);
      assert.equal((await get(url)).status, 503);
      assert.match(logText(), reason);
      cdn.publish(PAGE);
      await until(async () => (await get(url)).status === 200);
    });
});

test('redirects within the origin are followed, and a page that is stored compressed is decoded', async (t) => {
  const cdn = await startCdn(t);
  const encodings = { gzip: gzipSync(PAGE), br: brotliCompressSync(PAGE) };
  for (const [coding, body] of Object.entries(encodings)) {
    cdn.respondWith((req, res) =>
      req.url === '/app/index.html'
        ? res.writeHead(308, { location: '../v2/index.html' }).end()
        : res
            .writeHead(200, { 'content-type': 'Text/HTML;charset="ISO-8859-1"', 'content-encoding': coding })
            .end(body),
    );
    const { url } = await start(t, cdn);
    const response = await get(url);
    assert.equal(await response.text(), PAGE, coding);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=iso-8859-1');
    assert.equal(response.headers.get('content-encoding'), null);
  }
});

test('at most three redirects are followed', async (t) => {
  const cdn = await startCdn(t);
  cdn.respondWith((_req, res) => res.writeHead(302, { location: '/app/index.html' }).end());
  const fetchPage = createFetchPage({ url: cdn.url, maxSize: 1_000_000, client: 'own' });
  await assert.rejects(fetchPage([]), /redirects too often/);
  assert.equal(cdn.requests.length, 4);
});

test('the time limit covers the whole response, also one that never stops to trickle', async (t) => {
  const cdn = await startCdn(t);
  const timers: NodeJS.Timeout[] = [];
  t.after(() => {
    for (const timer of timers) clearInterval(timer);
  });
  cdn.respondWith((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' });
    timers.push(setInterval(() => res.write('.'), 20));
  });
  const fetchPage = createFetchPage({ url: cdn.url, maxSize: 1_000_000, client: 'own', timeout: 300 });
  await assert.rejects(fetchPage([]), /did not respond in time/);
});

test('over https the certificate is verified, by frontend.ca if there is one', async (t) => {
  const cdn = await startCdn(t, { key: TEST_KEY, cert: LOOPBACK_CERTIFICATE });
  const trusted = await start(t, cdn, { ca: caFile(t) });
  assert.equal((await get(trusted.url)).status, 200);
  const { length } = cdn.requests;
  const untrusted = await start(t, cdn);
  assert.equal((await get(untrusted.url)).status, 503);
  assert.match(untrusted.logText(), /certificate/i);
  assert.equal(cdn.requests.length, length);
});

test('the query of the URL, which may be a signature, is sent and never logged', async (t) => {
  const cdn = await startCdn(t);
  const { url, logText } = await start(t, cdn, { url: `${cdn.url}?sig=canary` });
  assert.equal((await get(url)).status, 200);
  assert.equal(cdn.requests[0]?.path, '/app/index.html?sig=canary');
  await cdn.fail();
  await until(() => logText().includes('failed to load the index page'));
  assert.ok(!logText().includes('canary'));
});

const csp = async (url: string) => (await get(url)).headers.get('content-security-policy') ?? '';

test('the policy allows scripts, styles, images and fonts of the folder of the page, and is replaced by the configured one', async (t) => {
  const cdn = await startCdn(t);
  const { url } = await start(t, cdn);
  const folder = `${cdn.origin}/app/`;
  assert.equal(
    await csp(url),
    `default-src 'self'; script-src 'self' ${folder}; style-src 'self' 'unsafe-inline' ${folder}; img-src 'self' data: ${folder}; font-src 'self' ${folder}; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'`,
  );
  cdn.respondWith((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(PAGE));
  const odd = await start(t, cdn, { url: `${cdn.origin}/a;b,c/%3Bd/index.html?x=;y` });
  assert.match(await csp(odd.url), new RegExp(`script-src 'self' ${cdn.origin}/a%3Bb%2Cc/%3Bd/;`));
  const custom = await start(t, cdn, { contentSecurityPolicy: "default-src 'none'" });
  assert.equal(await csp(custom.url), "default-src 'none'");
  const none = await start(t, cdn, { contentSecurityPolicy: false });
  assert.equal(await csp(none.url), '');
});

test('a page that loads files from the gateway causes a warning that names them', async (t) => {
  const cdn = await startCdn(t);
  cdn.publish(
    `<script type="module" src="/assets/main.js"></script><link rel=stylesheet href=style.css?x=1><script src="/client.js"></script><script src="/api/widget.js"></script><script src="${cdn.origin}/app/x.js"></script>`,
  );
  const { logText } = await start(t, cdn);
  const line = logText()
    .split('\n')
    .find((text) => text.includes('loads files from the gateway'));
  assert.deepEqual(JSON.parse(line ?? '{}').files, ['/assets/main.js', '/style.css']);
});

describe('a reload of the configuration', () => {
  const reloads = async (admin: string, outcome: string) =>
    (await scrape(admin)).value(`bff_config_reloads_total{app="main",outcome="${outcome}"}`);

  test('serves the page of another URL, keeps the copy while its server is down, and refuses a URL without a page', async (t) => {
    const [first, second] = [await startCdn(t), await startCdn(t)];
    second.publish(`${PAGE}<p>second`);
    const config = { session: { store: { sqlite: { file: ':memory:' } } } };
    const frontendOf = ({ url }: Pick<Cdn, 'url'>) => ({ ...config, frontend: { url, refresh: '1s' } });
    const gateway = await startProcess(t, { provider, config: frontendOf(first) });
    const page = async () => (await get(`${gateway.url}/orders`)).text();
    const reload = async (wanted: Partial<ConfigInput>, outcome: 'applied' | 'refused') => {
      const before = await reloads(gateway.adminUrl, outcome);
      gateway.configure(wanted);
      gateway.signal('SIGHUP');
      await until(async () => (await reloads(gateway.adminUrl, outcome)) > before);
    };
    assert.equal(await page(), PAGE);
    await reload(frontendOf(second), 'applied');
    assert.equal(await page(), `${PAGE}<p>second`);
    await second.fail();
    await reload({ ...frontendOf(second), log: { level: 'debug' } }, 'applied');
    assert.equal(await page(), `${PAGE}<p>second`, 'the copy of the gateway before');
    await reload(frontendOf({ url: `${second.origin}/gone/index.html` }), 'refused');
    assert.equal(await page(), `${PAGE}<p>second`);
    await reload(frontendOf(first), 'applied');
    assert.equal(await page(), PAGE);
  });
});

test('Chromium: an app whose files are on another origin signs in and works; scripts of other folders there do not run', async (t) => {
  const cdn = await startCdn(t);
  // A module resolves its imports against its own address.
  const app = `const { createClient } = await import(new URL('/client.js', location.href));
const client = createClient();
const user = await client.user();
document.body.dataset.signedIn = String(user !== undefined);
if (user) document.body.dataset.answer = String((await client.fetch('/api/orders')).status);
`;
  const files: Record<string, [type: string, text: string]> = {
    '/app/index.html': [
      'text/html',
      `<!doctype html><title>app</title><link rel="stylesheet" crossorigin href="${cdn.origin}/app/style.css"><body><h1>app</h1>
<img src="${cdn.origin}/app/logo.svg"><script src="${cdn.origin}/other/stranger.js"></script>
<script type="module" crossorigin src="${cdn.origin}/app/app.js"></script>`,
    ],
    '/app/app.js': ['text/javascript', app],
    '/app/style.css': ['text/css', 'h1 { color: rgb(1, 2, 3) }'],
    '/app/logo.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    '/other/stranger.js': ['text/javascript', 'document.documentElement.dataset.stranger = "ran";'],
  };
  cdn.respondWith((req, res) => {
    const [type, text] = files[req.url ?? ''] ?? [];
    if (type === undefined) return res.writeHead(404).end();
    return res.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(text);
  });
  const world = await startRealWorld(t, { gateway: { config: { frontend: { url: cdn.url } } } });
  await until(async () => (await get(world.gateway.url)).status === 200);
  const page = await world.open();
  await page.goto(`${world.gateway.url}/orders/7`);
  assert.equal(await world.signedIn(page), 'false');
  await world.signInWith(page);
  await page.locator('body[data-answer="200"]').waitFor();
  assert.equal(world.authorizedRequests().length, 1);
  assert.equal(await page.evaluate("getComputedStyle(document.querySelector('h1')).color"), 'rgb(1, 2, 3)');
  assert.equal(await page.evaluate("document.querySelector('img').naturalWidth"), 9);
  assert.equal(await page.evaluate('document.documentElement.dataset.stranger'), undefined);
  const cookies = cdn.requests.flatMap(({ rawHeaders }) => rawHeaders.filter((name) => /^cookie$/i.test(name)));
  assert.deepEqual(cookies, []);
});

/** `/client.js`: the checked-in bundle matches its sources, stays small, and is served with the gateway's own settings. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { findWarnings } from '../../src/config/warnings/warnings.ts';
import { bundleClient } from '../client/bundle.ts';
import { rawRequest } from '../support/raw.ts';
import { startWorld } from '../support/world.ts';

const built = readFileSync(join(import.meta.dirname, '../../views/client.js'), 'utf8');

async function serve(t: TestContext, config: Partial<ConfigInput> = {}) {
  const { gateway } = await startWorld(t, { gateway: { config } });
  return gateway;
}

/** The module as a client without default headers gets it. */
function asked(url: string, headers: string) {
  const { host, port } = new URL(url);
  return rawRequest(Number(port), `GET /client.js HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`);
}

test('views/client.js matches src/client (npm run client writes it)', async () => {
  assert.equal(built, await bundleClient());
});

test('it stays small: 4.1 KB on the wire, 9 KB in the browser', () => {
  assert.ok(gzipSync(built, { level: 9 }).length < 4_300, `${gzipSync(built, { level: 9 }).length} bytes packed`);
  assert.ok(built.length < 9_216, `${built.length} bytes`);
});

test('it mentions no token and stores nothing', () => {
  assert.doesNotMatch(built, /access_?token|id_?token|refresh|document\.cookie|localStorage/i);
});

test('it is served as a module that browsers revalidate', async (t) => {
  const { url } = await serve(t);
  const response = await fetch(`${url}/client.js`, { headers: { 'accept-encoding': 'identity' } });
  assert.equal(response.status, 200);
  const { headers } = response;
  assert.equal(headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.match(headers.get('vary') ?? '', /Accept-Encoding/);
  assert.equal(headers.get('set-cookie'), null);
  assert.equal(await response.text(), `const BFF_DEFAULTS={"base":"","csrfHeader":"X-CSRF"};\n${built}`);
  const tag = headers.get('etag') ?? '';
  assert.match(tag, /^"[\w-]{22}"$/);
  const again = await asked(url, `If-None-Match: ${tag}\r\n`);
  assert.deepEqual([again.status, again.header('etag'), again.body.length], [304, tag, 0]);
});

test('it is compressed for clients that accept gzip, with an ETag of its own', async (t) => {
  const { url } = await serve(t);
  const packed = await asked(url, 'Accept-Encoding: gzip, br\r\n');
  assert.equal(packed.header('content-encoding'), 'gzip');
  assert.match(packed.header('etag') ?? '', /^"[\w-]{22}-gzip"$/);
  assert.ok(packed.body.length < 4_300, `${packed.body.length} bytes`);
  const plain = await asked(url, 'Accept-Encoding: gzip;q=0\r\n');
  assert.equal(plain.header('content-encoding'), undefined);
  assert.equal(gunzipSync(packed.body).toString(), plain.text);
  const head = await fetch(`${url}/client.js`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  assert.equal((await fetch(`${url}/client.js`, { method: 'POST' })).status, 405);
});

test('the served module knows the prefix and the header of its gateway', async (t) => {
  const { url } = await serve(t, { endpoints: { prefix: '/bff' }, csrf: { header: 'X-Mine' } });
  const response = await fetch(`${url}/bff/client.js`);
  const text = await response.text();
  assert.match(text, /^const BFF_DEFAULTS=\{"base":"\/bff","csrfHeader":"X-Mine"\};\n/);
  assert.equal((await fetch(`${url}/client.js`)).status, 404);
  const module = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as object;
  assert.deepEqual(Object.keys(module), ['createClient']);
});

test('a route that hides it is a configuration error; a hidden file of the front end causes a warning', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bff-hidden-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'client.js'), 'theirs');
  const gateway = await serve(t, { frontend: { directory } });
  assert.match(await (await fetch(`${gateway.url}/client.js`)).text(), /^const BFF_DEFAULTS/);
  const warnings = findWarnings({ config: gateway.config, secretFiles: [] });
  assert.ok(warnings.some(({ message }) => message.includes('the endpoint /client.js hides a file')));
  for (const path of ['/client.js', '/*', '/**']) {
    assert.throws(
      () =>
        parseConfig({
          publicUrl: 'https://shop.example.com',
          secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
          provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'x'.repeat(40) },
          routes: [{ path, upstream: 'http://api:8080' }],
        }),
      /would hide the endpoint/,
      path,
    );
  }
});

test('a sign-in does not return to the module', async (t) => {
  const { browser } = await startWorld(t);
  const page = await browser.navigate('/login?returnTo=/client.js');
  assert.equal(page.url.pathname, '/');
});

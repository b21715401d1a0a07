/** Forward authentication behind a real nginx, configured as documented. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import type { BrowserResponse } from '../../support/browser-http.ts';
import type { FrontProxy } from '../../support/front-proxy.ts';
import { startNginx } from '../../support/nginx.ts';
import { freePort } from '../../support/ports.ts';
import { echo } from '../../support/upstream.ts';
import {
  checkConnectionNames,
  checkCookies,
  checkDocument,
  checkForgedClaims,
  checkForgedCredentials,
  checkMark,
  checkRealValues,
  EXACT,
  LENIENT,
} from './attacks.ts';
import { CSRF, type Shop, startShop } from './shop.ts';

let shop: Shop;
let browser: Browser;
/** As documented; and with headers allowed that nginx drops by default, and a location that exposes /_auth by mistake. */
let strict: FrontProxy;
let lax: FrontProxy;

before(async () => {
  shop = await startShop();
  strict = await startNginx(shop.port, shop.sample('nginx'));
  const slips =
    'underscores_in_headers on; ignore_invalid_headers off; location = /api/slip { rewrite ^ /_auth last; }';
  lax = await startNginx(await freePort(), slips + shop.sample('nginx'));
  browser = await shop.signIn();
});
after(async () => {
  await strict?.stop();
  await lax?.stop();
  await shop.stop();
});
beforeEach(() => void shop.upstream.requests.splice(0));

/** Neither headers of the private listener nor a token in any other header. */
function checkNothingShown({ headers, body }: BrowserResponse): void {
  for (const name of ['authorization', 'dpop', 'cookie', 'x-forward-cookie', 'x-shop-customer', 'x-accel-redirect'])
    assert.equal(headers[name], undefined, name);
  assert.doesNotMatch(JSON.stringify(headers) + body, /Bearer/);
}

test('without a session, CSRF header or scope: refused before the API', async () => {
  assert.equal((await shop.gateway.browser().fetch('/api/orders', { headers: CSRF })).status, 401);
  assert.equal((await browser.fetch('/api/orders')).status, 403);
  const post = await browser.fetch('/api/orders', { method: 'POST', headers: CSRF, body: 'x' });
  assert.equal(post.status, 403, 'the rule for POST applies, although nginx sends GET');
  assert.equal((await browser.fetch('/api/orders', { method: 'DELETE', headers: CSRF })).status, 403);
  assert.equal(shop.upstream.requests.length, 0);
});

test('E04 nginx: a request reaches the API with real values, and without the cookie of the gateway', async () => {
  for (const { port } of [strict, lax]) {
    await checkRealValues({ shop, browser, port });
    await checkCookies({ shop, browser, port });
    await checkConnectionNames({ shop, browser, port });
  }
});

test('E04 nginx: a client that forges claim headers is refused, whatever headers nginx passes', async () => {
  const byDefault = await checkForgedClaims({ shop, browser, port: strict.port });
  for (const name of EXACT) assert.equal(byDefault[name], 403, name);
  for (const name of LENIENT) assert.equal(byDefault[name], 200, `nginx drops ${name}`);
  const everything = await checkForgedClaims({ shop, browser, port: lax.port });
  for (const name of [...EXACT, ...LENIENT]) assert.equal(everything[name], 403, name);
});

test('E04 nginx: forged credentials of the client are replaced', async () => {
  for (const { port } of [strict, lax]) await checkForgedCredentials({ shop, browser, port });
});

test('E03 nginx: a response of the API arrives without the mark and the cookies of the gateway', async () => {
  for (const { port } of [strict, lax]) await checkMark({ shop, browser, port });
});

test('E02 nginx: a document of the API is sandboxed, and keeps its own policy', async () => {
  for (const { port } of [strict, lax]) await checkDocument({ shop, browser, port });
});

test('an open route passes without a token and without identity headers of the client', async () => {
  const headers = { authorization: 'Bearer forged' };
  assert.equal((await shop.gateway.browser().fetch('/api/public/x', { headers })).status, 200);
  assert.equal(shop.received()?.header('authorization'), undefined);
});

test('E04 nginx: a response with X-Accel-Redirect goes to the client, and contains no token', async () => {
  for (const target of ['/_auth', '/_auth?x=1', '@bff_refused', '/', '/auth/verify']) {
    shop.upstream.respondWith((_req, res) => void res.writeHead(200, { 'x-accel-redirect': target }).end('of the API'));
    for (const path of ['/api/orders', '/api/public/x', '/direct/x']) {
      const response = await shop.call(browser, { port: strict.port, path });
      assert.deepEqual([response.status, response.body], [200, 'of the API'], `${target} ${path}`);
      checkNothingShown(response);
    }
  }
  shop.upstream.respondWith(echo);
});

test('E04 nginx: a request that another location sends to /_auth reveals no token', async () => {
  const response = await shop.call(browser, { port: lax.port, path: '/api/slip' });
  assert.equal(response.status, 200, 'the gateway allowed it');
  checkNothingShown(response);
});

test('a path that nginx and the API may interpret differently does not reach the API', async () => {
  for (const path of ['/api/public/..%2forders', '/api/public/%252e%252e/orders', '/api/public%5corders'])
    assert.equal((await browser.fetch(path, { headers: CSRF })).status, 403, path);
  assert.equal(shop.upstream.requests.length, 0);
});

test('the public port never returns tokens', async () => {
  const headers = { ...CSRF, 'x-original-uri': '/api/orders', 'x-original-method': 'GET' };
  for (const path of ['/auth/verify', '/auth/verify/api/orders', '/_auth']) {
    const response = await browser.fetch(path, { headers });
    assert.equal(response.status, 404, path);
    assert.equal(response.headers.authorization, undefined);
  }
});

/** Forward authentication behind real Caddy versions, old and new, configured as documented. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import { CADDIES, startCaddy, versionOf } from '../../support/caddy.ts';
import type { FrontProxy } from '../../support/front-proxy.ts';
import { freePort } from '../../support/ports.ts';
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
const fronts: FrontProxy[] = [];

const versions = CADDIES.map(versionOf);

before(async () => {
  shop = await startShop();
  for (const [index, command] of CADDIES.entries())
    fronts.push(await startCaddy(command, index === 0 ? shop.port : await freePort(), shop.sample('caddyfile')));
  browser = await shop.signIn();
});
after(async () => {
  for (const front of fronts) await front.stop();
  await shop.stop();
});
beforeEach(() => void shop.upstream.requests.splice(0));

const attackOf = (index: number) => ({ shop, browser, port: fronts[index]?.port ?? 0 });

for (const [index, version] of versions.entries()) {
  test(`E04 Caddy ${version}: a request reaches the API with real values, and without the cookie of the gateway`, async () => {
    await checkRealValues(attackOf(index));
    await checkCookies(attackOf(index));
    await checkConnectionNames(attackOf(index));
  });

  test(`E04 Caddy ${version}: forged claim headers do not arrive, in any spelling`, async () => {
    const statuses = await checkForgedClaims(attackOf(index));
    for (const name of EXACT) assert.equal(statuses[name], 400, name);
    // Later versions drop such names on their own, so neither the gateway nor the API sees them.
    for (const name of LENIENT) assert.ok([200, 400].includes(statuses[name] ?? 0), `${name}: ${statuses[name]}`);
  });

  test(`E04 Caddy ${version}: forged credentials of the client are replaced`, async () => {
    await checkForgedCredentials(attackOf(index));
  });

  test(`E03 Caddy ${version}: a response of the API arrives without the mark and the cookies of the gateway`, async () => {
    await checkMark(attackOf(index));
  });

  test(`E02 Caddy ${version}: a document of the API is sandboxed, and keeps its own policy`, async () => {
    await checkDocument(attackOf(index));
  });

  test(`E03 Caddy ${version}: a refusal of the gateway keeps its mark`, async () => {
    const { port } = attackOf(index);
    const response = await shop.call(browser, { port, headers: { cookie: '' } });
    assert.deepEqual([response.status, response.headers['x-bff-gateway']], [401, 'unauthenticated']);
  });

  test(`E04 Caddy ${version}: a request that the gateway refuses does not reach the API`, async () => {
    const { port } = attackOf(index);
    assert.equal((await shop.call(browser, { port, headers: { cookie: '' } })).status, 401);
    assert.equal((await shop.call(browser, { port, headers: { 'x-csrf': '' } })).status, 403);
    assert.equal((await shop.call(browser, { port, method: 'POST', body: 'x' })).status, 403);
    for (const path of ['/api/public/..%2forders', '/api/public/%252e%252e/orders', '/api/public%5corders'])
      assert.equal((await shop.call(browser, { port, path })).status, 400, path);
    const forged = { 'x-forwarded-uri': '/api/public/x', 'x-original-uri': '/api/public/x' };
    assert.notEqual((await shop.call(browser, { port, headers: { cookie: '', ...forged } })).status, 200);
    assert.equal(shop.upstream.requests.length, 0);
  });
}

test('the public port never returns tokens', async () => {
  const headers = { ...CSRF, 'x-original-uri': '/api/orders', 'x-original-method': 'GET' };
  const response = await browser.fetch('/auth/verify', { headers });
  assert.equal(response.status, 404);
  assert.equal(response.headers.authorization, undefined);
});

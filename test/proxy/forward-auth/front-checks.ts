/** The tests of an API behind a front proxy that is configured as documented and hands refusals on unchanged. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import type { FrontProxy } from '../../support/front-proxy.ts';
import {
  type Attack,
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

/** Starts the front proxy on the port of the shop. */
type StartFront = (shop: Shop) => Promise<FrontProxy>;

/** What the front proxy does otherwise than nginx. */
type Traits = Pick<Attack, 'forwardsEmpty' | 'replacesPolicy'>;

/** Defines the tests; `name` is in each of theirs. */
export function testFrontProxy(name: string, startFront: StartFront, traits: Traits = {}): void {
  describe(name, () => {
    let shop: Shop;
    let front: FrontProxy | undefined;
    let browser: Browser;
    before(async () => {
      shop = await startShop();
      front = await startFront(shop);
      browser = await shop.signIn();
    });
    after(async () => {
      await front?.stop();
      await shop.stop();
    });
    beforeEach(() => void shop.upstream.requests.splice(0));
    const attack = (): Attack => ({ shop, browser, port: shop.port, ...traits });

    test(`E04 ${name}: a request reaches the API with real values, and without the cookie of the gateway`, async () => {
      await checkRealValues(attack());
      await checkCookies(attack());
      await checkConnectionNames(attack());
    });

    test(`E04 ${name}: forged claim headers do not arrive, in any spelling`, async () => {
      const statuses = await checkForgedClaims(attack());
      for (const header of EXACT) assert.equal(statuses[header], 400, header);
      // Some proxies drop such names on their own, so neither the gateway nor the API sees them.
      for (const header of LENIENT) assert.ok([200, 400].includes(statuses[header] ?? 0), header);
    });

    test(`E04 ${name}: forged credentials of the client are replaced`, () => checkForgedCredentials(attack()));

    test(`E03 ${name}: a response of the API arrives without the mark and the cookies of the gateway`, () =>
      checkMark(attack()));

    test(`E02 ${name}: a document of the API is sandboxed`, () => checkDocument(attack()));

    test(`E04 ${name}: a request that the gateway refuses does not reach the API`, async () => {
      const { port } = shop;
      const anonymous = await shop.call(browser, { port, headers: { cookie: '' } });
      assert.deepEqual([anonymous.status, anonymous.headers['x-bff-gateway']], [401, 'unauthenticated']);
      assert.equal((await shop.call(browser, { port, headers: { 'x-csrf': '' } })).status, 403);
      assert.equal((await shop.call(browser, { port, method: 'POST', body: 'x' })).status, 403);
      for (const path of ['/api/public/..%2forders', '/api/public/%252e%252e/orders', '/api/public%5corders'])
        assert.equal((await shop.call(browser, { port, path })).status, 400, path);
      const forged = { 'x-forwarded-uri': '/api/public/x', 'x-original-uri': '/api/public/x' };
      assert.notEqual((await shop.call(browser, { port, headers: { cookie: '', ...forged } })).status, 200);
      assert.equal(shop.upstream.requests.length, 0);
    });

    test(`${name}: the public port never returns tokens`, async () => {
      const headers = { ...CSRF, 'x-original-uri': '/api/orders', 'x-original-method': 'GET' };
      for (const path of ['/auth/verify', '/auth/redirect', '/auth/verify/api/orders']) {
        const response = await browser.fetch(path, { headers });
        assert.equal(response.status, 404, path);
        assert.equal(response.headers.authorization, undefined);
      }
    });
  });
}

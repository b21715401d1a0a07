/** Checks for every front proxy that is configured as documented: what must arrive, and what must not. */
import assert from 'node:assert/strict';
import type { Browser } from '../../support/browser.ts';
import type { BrowserResponse } from '../../support/browser-http.ts';
import { echo } from '../../support/upstream.ts';
import { FORGED, type Shop } from './shop.ts';

/** Claim headers of this and another route, in spellings that an upstream may read as the same name. */
export const EXACT = ['X-Shop-Customer', 'x-shop-customer', 'X-SHOP-CUSTOMER', 'X-Shop-Note', 'X-Forward-Cookie'];
export const LENIENT = ['X_Shop_Customer', 'X-Shop_Customer', 'x_shop_customer', 'X.Shop.Customer', 'X_Shop_Note'];

const MARK = 'x-bff-gateway';
const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const OWN_POLICY = "default-src 'none'";
const policiesOf = ({ headers }: BrowserResponse) => String(headers['content-security-policy'] ?? '').split(/, */);

export interface Attack {
  shop: Shop;
  browser: Browser;
  port: number;
  /** Whether the front proxy sends a header on that the gateway returned empty. */
  forwardsEmpty?: boolean;
  /** Whether its sandbox takes the place of the policy of the API. */
  replacesPolicy?: boolean;
}

/** Asserts that the API received no value of a header. */
function checkAbsent({ shop, forwardsEmpty = false }: Attack, name: string): void {
  const value = shop.received()?.header(name);
  assert.equal(forwardsEmpty && value === '' ? undefined : value, undefined, name);
}

/** The API receives an access token of the provider, and the client sees no secret. */
function checkToken({ shop, browser }: Attack, response: BrowserResponse): void {
  const [scheme, token = ''] = (shop.received()?.header('authorization') ?? '').split(' ');
  assert.equal(scheme, 'Bearer');
  assert.ok(shop.provider.secrets.has(token), 'the API gets a token of the provider');
  assert.ok(!JSON.stringify([response.headers, response.setCookies]).includes(token), 'the browser sees no token');
  checkCookie({ shop, browser });
}

/** The gateway's cookie never reaches the API, under any name. */
function checkCookie({ shop, browser }: Pick<Attack, 'shop' | 'browser'>): void {
  const [, session = ''] = browser.cookieHeader('/api/orders').split('=');
  assert.notEqual(session, '');
  assert.ok(!JSON.stringify(shop.received()?.headers).includes(session), 'the session cookie goes no further');
}

/** The request arrives with real values only, and with method, target and body as sent. */
export async function checkRealValues(attack: Attack): Promise<void> {
  const { shop, browser, port } = attack;
  const response = await shop.call(browser, { port, method: 'PUT', body: 'two shoes' });
  assert.equal(response.status, 200, response.body);
  checkToken(attack, response);
  const received = shop.received();
  assert.equal(received?.header('x-shop-customer'), 'user-alice');
  assert.equal(received?.header('cookie'), 'app=1');
  checkAbsent(attack, 'dpop');
  assert.deepEqual([received?.method, received?.target], ['PUT', '/api/orders?page=2']);
  assert.equal(received?.body.toString(), 'two shoes');
}

/** A forged claim header is refused or dropped, never passed on. Returns the status by spelling. */
export async function checkForgedClaims({ shop, browser, port }: Attack): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const name of [...EXACT, ...LENIENT]) {
    for (const path of ['/api/orders', '/api/public/x', '/api/notes/1']) {
      const { length } = shop.upstream.requests;
      const response = await shop.call(browser, { port, path, headers: { [name]: FORGED } });
      statuses[name] = response.status;
      if (response.status !== 200) assert.equal(shop.upstream.requests.length, length, `${name} ${path}`);
      else assert.ok(!JSON.stringify(shop.received()?.headers).includes(FORGED), `${name} ${path}`);
    }
  }
  return statuses;
}

/** `Connection` names headers that a proxy removes (RFC 9110 section 7.6.1), from its own request or from the API's. */
export async function checkConnectionNames(attack: Attack): Promise<void> {
  const { shop, browser, port } = attack;
  const named = 'close, Authorization, X-Shop-Customer, X_Shop_Customer, X-Forwarded-Uri';
  const hidden = { connection: named, x_shop_customer: FORGED };
  const forged = await shop.call(browser, { port, headers: hidden });
  assert.ok(
    forged.status !== 200 || !JSON.stringify(shop.received()?.headers).includes(FORGED),
    'hidden by Connection',
  );
  const response = await shop.call(browser, { port, headers: { connection: named } });
  assert.equal(response.status, 200, response.body);
  checkToken(attack, response);
  assert.equal(shop.received()?.header('x-shop-customer'), 'user-alice');
}

/** Identity headers that the client may send are replaced. */
export async function checkForgedCredentials(attack: Attack): Promise<void> {
  const { shop, browser, port } = attack;
  const headers = { authorization: `Bearer ${FORGED}`, dpop: FORGED };
  const response = await shop.call(browser, { port, headers });
  assert.equal(response.status, 200, response.body);
  checkToken(attack, response);
  assert.ok(!JSON.stringify(shop.received()?.headers).includes(FORGED));

  const open = await shop.call(browser, { port, path: '/api/public/x', headers });
  assert.equal(open.status, 200, open.body);
  checkCookie(attack);
  for (const name of ['authorization', 'dpop', 'x-shop-customer']) checkAbsent(attack, name);
}

/** The cookies of the application arrive, whatever their size, and no others. */
export async function checkCookies(attack: Attack): Promise<void> {
  const { shop, browser, port } = attack;
  const basket = 'b'.repeat(3_000);
  const own = browser.cookieHeader('/api/orders');
  const response = await shop.call(browser, { port, headers: { cookie: `app=1; ${own}; basket=${basket}` } });
  assert.equal(response.status, 200, response.body);
  checkToken(attack, response);
  assert.equal(shop.received()?.header('cookie'), `app=1; basket=${basket}`);

  assert.equal((await shop.call(browser, { port, headers: { cookie: own } })).status, 200);
  checkAbsent(attack, 'cookie');
}

/** An API cannot imitate an error of the gateway: the mark of the gateway arrives only on the gateway's own responses. */
export async function checkMark({ shop, browser, port }: Attack): Promise<void> {
  for (const status of [200, 401, 403, 503]) {
    for (const name of ['X-Bff-Gateway', 'X-BFF-GATEWAY', 'X_Bff_Gateway']) {
      const session = browser.cookieHeader('/api/orders').split('=')[0];
      const headers = { [name]: ['unauthenticated', 'ok'], 'set-cookie': `${session}=stolen; Path=/` };
      shop.upstream.respondWith((_req, res) => void res.writeHead(status, headers).end('of the API'));
      const response = await shop.call(browser, { port });
      assert.deepEqual([response.status, response.body], [status, 'of the API']);
      assert.equal(response.headers[MARK], undefined, `${name} with ${status}`);
      assert.deepEqual(response.setCookies, [], 'the API replaces no cookie of the gateway');
    }
  }
  const session = await shop.call(browser, { port, path: '/session' });
  assert.equal(session.headers[MARK], 'ok', 'the mark of the gateway stays');
  shop.upstream.respondWith(echo);
}

/** A document of the API is sandboxed beside its own policy, whatever its status; pages of the gateway are not. */
export async function checkDocument({ shop, browser, port, replacesPolicy = false }: Attack): Promise<void> {
  for (const status of [200, 404, 500]) {
    for (const own of [{ 'content-security-policy': OWN_POLICY }, {}]) {
      const headers = { 'content-type': 'text/html', ...own };
      shop.upstream.respondWith((_req, res) => void res.writeHead(status, headers).end('<script>act()</script>'));
      const response = await shop.call(browser, { port });
      assert.deepEqual([response.status, response.body], [status, '<script>act()</script>']);
      const expected = [...(replacesPolicy ? [] : Object.values(own)), 'sandbox'].sort();
      assert.deepEqual(policiesOf(response).sort(), expected, `${status}`);
    }
  }
  shop.upstream.respondWith(echo);
  for (const [path, status] of [
    ['/login?returnTo=/app', 303],
    ['/session', 200],
    ['/unknown', 404],
  ] as const) {
    const response = await shop.call(browser, { port, path, headers: NAVIGATION });
    assert.equal(response.status, status, path);
    assert.ok(!policiesOf(response).includes('sandbox'), path);
  }
}

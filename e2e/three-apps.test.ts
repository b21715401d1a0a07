/** Three apps on three hosts in one gateway, as a browser and Keycloak see them: one sign-in, three sessions of their own. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { type BrowserContext, type Page, startBrowser } from './support/browser.ts';
import { apiRequest, cookieHeader, requestWithCookie, signOut, submitCredentials, until } from './support/steps.ts';
import { APPS, type AppId, startThreeApps } from './support/three-apps.ts';

const { apps, admin, apis, site, gateways, balancer } = await startThreeApps();
const { shop, desk, wiki } = apps;
const browser = await startBrowser();
after(() => browser.close());

/** Signs in at the shop with a password, and confirms that the user consents to this client. */
async function signInAtShop(page: Page, user: string): Promise<void> {
  await page.goto(`${shop.publicUrl}/login?returnTo=/`);
  await submitCredentials(page, user);
  await page.click('[name=accept]');
  await page.waitForURL(`${shop.publicUrl}/`);
}

/** Signs in at the shop, then at the others without a form: Keycloak knows the user already. */
async function signInAtAll(page: Page, user: string): Promise<void> {
  await signInAtShop(page, user);
  await page.goto(`${desk.publicUrl}/login?returnTo=/`);
  await page.waitForURL(`${desk.publicUrl}/`);
  await page.goto(`${wiki.publicUrl}/notes?page=2`);
  await page.waitForURL(`${wiki.publicUrl}/notes?page=2`);
}

/** The cookie of each app in this browser. */
async function cookiesOf(context: BrowserContext): Promise<Record<AppId, string>> {
  const [ofShop, ofDesk, ofWiki] = await Promise.all(APPS.map((id) => cookieHeader(context, apps[id])));
  return { shop: ofShop ?? '', desk: ofDesk ?? '', wiki: ofWiki ?? '' };
}

const PATH: Record<AppId, string> = { shop: '/api/orders', desk: '/api/orders', wiki: '/notes' };
const PATHS = new Set(Object.values(PATH));

/** The status of an app for a cookie, at each gateway. */
const statuses = (id: AppId, cookie: string) =>
  Promise.all(gateways.map(async ({ port }) => (await requestWithCookie(cookie, apps[id], PATH[id], port)).status));

const assertAlive = async (id: AppId, cookie: string) => assert.deepEqual(await statuses(id, cookie), [200, 200], id);
const untilEnded = (id: AppId, cookie: string) =>
  until(`both gateways have ended the session of ${id}`, async () =>
    (await statuses(id, cookie)).every((status) => status === 401),
  );

browser.test(
  'the first app asks for the password, the others are seamless; each API gets its own token',
  async (page) => {
    const problems: string[] = [];
    page.on('response', (response) => {
      if (response.status() >= 500) problems.push(`${response.status()} ${response.url()}`);
    });
    await signInAtAll(page, 'alice');
    assert.equal(await page.textContent('#user'), 'alice', 'the site gets its user by a header');
    assert.deepEqual(await admin.clientsOfSessions('alice'), ['desk-web', 'shop-web', 'wiki-web']);
    for (const id of ['shop', 'desk'] as const) {
      await page.goto(apps[id].publicUrl);
      await page.getByText('alice').waitFor();
      assert.equal((await apiRequest(page, '/api/orders')).status, 200);
      const { claims } = apis[id].lastRequest('/api/orders');
      assert.deepEqual(
        [claims?.azp, [claims?.aud].flat().sort()],
        [apps[id].clientId, [`${id}-api`, 'orders-api'].sort()],
      );
    }
    assert.deepEqual(problems, []);
  },
);

browser.test('the cookie of an app is nothing at the other apps, and ends nothing there', async (page, context) => {
  await signInAtAll(page, 'bob');
  const cookies = await cookiesOf(context);
  assert.equal(new Set(Object.values(cookies)).size, 3);
  const servedPaths = () =>
    [apis.shop, apis.desk, site].map(({ requests }) => requests.filter(({ path }) => PATHS.has(path)).length);
  const before = servedPaths();
  for (const id of APPS)
    for (const other of APPS) if (other !== id) assert.deepEqual(await statuses(id, cookies[other]), [401, 401]);
  assert.deepEqual(servedPaths(), before);
  for (const id of APPS) await assertAlive(id, cookies[id]);
});

browser.test(
  'a legacy site: its form, its redirect and its cookie work, and it never sees ours or a token',
  async (page) => {
    await signInAtAll(page, 'carol');
    const before = site.requests.length;
    await page.fill('[name=note]', 'from-a-form');
    await page.click('button');
    await page.waitForURL(`${wiki.publicUrl}/notes`);
    await page.getByText('from-a-form').waitFor();
    const form = site.requests.slice(before).find(({ path }) => path === '/notes');
    assert.equal(form?.headers.cookie, 'wiki-layout=wide');
    for (const { cookie, authorization } of site.requests.map(({ headers }) => headers))
      assert.deepEqual([/bff/.test(cookie ?? ''), authorization], [false, undefined]);
  },
);

browser.test(
  'the browser moves between the gateways at every request and stays signed in, also over a refresh',
  async (page) => {
    await signInAtAll(page, 'dave');
    balancer.served.clear();
    for (const id of ['shop', 'desk'] as const) {
      await page.goto(apps[id].publicUrl);
      const tokens = new Set<unknown>();
      const load = async () => {
        const { status, body } = await apiRequest(page, '/api/orders');
        assert.equal(status, 200);
        tokens.add(body.jti);
      };
      for (let count = 0; count < 4; count++) await load();
      assert.equal(tokens.size, 1, 'both gateways use the one token');
      assert.equal((await apiRequest(page, '/session/refresh', { method: 'POST' })).status, 200);
      for (let count = 0; count < 4; count++) await load();
      assert.equal(tokens.size, 2, 'and both the refreshed one');
      const path = `${new URL(apps[id].publicUrl).host}/api/orders`;
      for (const { port } of gateways) {
        const served = (balancer.served.get(port) ?? []).filter((request) => request === path);
        assert.ok(served.length >= 2, `${path} at ${port}`);
      }
    }
  },
);

browser.test(
  'Keycloak ends the session of one client: it ends at both gateways, the other apps live',
  async (page, context) => {
    await signInAtAll(page, 'erin');
    const cookies = await cookiesOf(context);
    for (const id of APPS) await assertAlive(id, cookies[id]);
    await admin.withdrawConsent('erin', shop.clientId);
    await untilEnded('shop', cookies.shop);
    for (const id of ['desk', 'wiki'] as const) await assertAlive(id, cookies[id]);
    // Keycloak sends the logout token before its own transaction ends.
    await until('Keycloak has ended the session of the client', async () => {
      return !(await admin.clientsOfSessions('erin')).includes('shop-web');
    });
    assert.deepEqual(await admin.clientsOfSessions('erin'), ['desk-web', 'wiki-web']);
    // Keycloak still knows the user: the shop asks for the consent that is missing, but not for the password.
    await page.goto(`${shop.publicUrl}/login?returnTo=/`);
    await page.click('[name=accept]');
    await page.waitForURL(`${shop.publicUrl}/`);
    await page.getByText('erin').waitFor();
  },
);

browser.test(
  'a sign-out at one app revokes its own tokens, and ends the session at Keycloak, which notifies the other clients',
  async (page, context) => {
    await signInAtAll(page, 'frank');
    const cookies = await cookiesOf(context);
    for (const id of ['shop', 'desk'] as const) await assertAlive(id, cookies[id]);
    await page.goto(desk.publicUrl);
    await signOut(page, desk);
    // RP-initiated logout at Keycloak ends the session of the user there, and notifies the clients with a back-channel URL.
    for (const id of ['shop', 'desk'] as const) await untilEnded(id, cookies[id]);
    await until('Keycloak has ended its session', async () => (await admin.ssoSessions('frank')) === 0);
    // The site has none: its session and its tokens are untouched until the next refresh.
    await assertAlive('wiki', cookies.wiki);
    assert.deepEqual(await admin.events('REVOKE_GRANT', wiki.clientId), []);
    assert.notDeepEqual(await admin.events('REVOKE_GRANT', desk.clientId), []);
    await page.goto(`${wiki.publicUrl}/notes`);
    const refreshed = await apiRequest(page, `${wiki.prefix}/session/refresh`, { method: 'POST' });
    assert.deepEqual([refreshed.status, refreshed.body.code], [401, 'unauthenticated']);
    await page.goto(`${wiki.publicUrl}${wiki.prefix}/login?returnTo=/notes`);
    await page.locator('#kc-login').waitFor();
  },
);

/** What the client and the sign-in pages do in every browser. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/wait.ts';
import { signInWith, startBrowserWorld, startWorker, untilSignedOut, untilUser } from './app.ts';
import { type Browser, clickOn, type StartBrowser, untilAt, untilIn } from './browser.ts';
import { defineForeignLinks } from './foreign-links.ts';

const STATUS = "client.fetch('/api/x').then((response) => response.status)";

export function defineScenarios(name: string, startBrowser: StartBrowser): void {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  test(`${name}: sign-in returns to the page, requests carry the token, scripts see no cookie`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const tab = await world.openApp('/orders?page=2');
    assert.equal(await tab.evaluate(STATUS), 401);
    await signInWith(tab);
    assert.equal(await tab.evaluate('location.href'), `${world.url}/orders?page=2`);
    assert.equal(await tab.evaluate(STATUS), 200);
    const [request] = world.upstream.requests;
    assert.match(request?.header('authorization') ?? '', /^Bearer /);
    assert.equal(request?.header('cookie'), undefined);
    assert.equal(await tab.evaluate('document.cookie'), '');
  });

  test(`${name}: sign-in in a popup; a window that the user closes`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const tab = await world.openApp();
    const openPopup = async () => {
      await clickOn(tab, '#popup');
      await until(async () => (await world.profile.tabs()).length === 2, { timeout: 60_000, interval: 50 });
      const popup = (await world.profile.tabs()).find(({ id }) => id !== tab.id);
      assert.ok(popup);
      await untilIn(popup, "document.querySelector('#go') !== null");
      return popup;
    };
    const closed = await openPopup();
    await closed.close();
    await untilIn(tab, 'globalThis.popupResult === false');
    const used = await openPopup();
    await used.click('#go');
    await untilIn(tab, 'globalThis.popupResult === true');
    await untilUser(tab, 'alice');
    await until(async () => (await world.profile.tabs()).length === 1, { timeout: 60_000, interval: 50 });
    assert.equal(await tab.evaluate(STATUS), 200);
  });

  test(`${name}: back and forward after a sign-out show no user, also from the back-forward cache`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const tab = await world.openApp();
    await signInWith(tab);
    await clickOn(tab, '#plain');
    await untilAt(tab, '/plain.html');
    // A sign-out that notifies no other page.
    const signOut =
      "fetch('/logout', { method: 'POST', headers: { 'X-CSRF': '1' } }).then((response) => response.status)";
    assert.equal(await tab.evaluate(signOut), 200);
    await tab.back();
    await untilAt(tab, '/app');
    t.diagnostic(`from the back-forward cache: ${await tab.evaluate('globalThis.isRestored === true')}`);
    await untilUser(tab, 'nobody');
    assert.equal(await tab.evaluate(STATUS), 401);
    await tab.forward();
    await untilAt(tab, '/plain.html');
    await clickOn(tab, '#app');
    await untilUser(tab, 'nobody');
    // The provider still knows the user, and shows no form.
    await clickOn(tab, '#login');
    await untilUser(tab, 'alice');
  });

  test(`${name}: sign-in and sign-out while a service worker passes the requests on`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const tab = await world.openApp();
    await startWorker(tab);
    await signInWith(tab);
    assert.equal(await tab.evaluate('navigator.serviceWorker.controller !== null'), true);
    assert.equal(await tab.evaluate(STATUS), 200);
    await clickOn(tab, '#logout');
    await untilSignedOut(tab);
    // The form of the gateway's page is a navigation as well.
    await tab.goto(`${world.url}/app`);
    await clickOn(tab, '#login');
    await clickOn(tab, '#go');
    await untilUser(tab, 'alice');
    await tab.goto(`${world.url}/logout`);
    await clickOn(tab, 'form button');
    await untilSignedOut(tab);
  });

  defineForeignLinks(name, () => browser);

  test(`${name}: a sign-in and a sign-out in one tab are seen by the other`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const first = await world.openApp();
    const second = await world.openApp('/other');
    await signInWith(first);
    await untilUser(second, 'alice');
    await clickOn(first, '#logout');
    await untilSignedOut(first);
    await untilUser(second, 'nobody');
    assert.deepEqual(await second.evaluate('events'), ['signedin', 'signedout']);
    assert.equal(await second.evaluate(STATUS), 401);
  });

  test(`${name}: sign-out ends both sessions, and its page leads to the next sign-in`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const tab = await world.openApp();
    await signInWith(tab);
    await clickOn(tab, '#logout');
    await untilSignedOut(tab);
    assert.equal(world.provider.requests.end_session.length, 1);
    await clickOn(tab, 'a.primary');
    await clickOn(tab, '#go');
    await untilUser(tab, 'alice');
  });

  test(`${name}: the page of a sign-in that failed leads to the next one`, async (t) => {
    const world = await startBrowserWorld(t, browser);
    const tab = await world.openApp();
    await tab.goto(`${world.url}/callback?code=unknown&state=unknown`);
    await untilIn(tab, "/^Sign-in/.test(document.querySelector('h1')?.textContent)");
    await clickOn(tab, 'a.primary');
    await clickOn(tab, '#go');
    await untilUser(tab, 'alice');
  });
}

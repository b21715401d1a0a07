/** The operator page in a browser: its forms work without script, and it passes axe in light and dark, on a phone and on a desktop. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { SECRET } from '../test/admin/page/visitor.ts';
import { freePort } from '../test/support/ports.ts';
import { startSeveralApps } from '../test/support/several-apps.ts';
import { CSRF } from '../test/support/world.ts';
import { assertAccessible } from './support/axe.ts';
import { startBrowser } from './support/browser.ts';

const LONG = 'Donaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichenhersteller';
const down = `http://127.0.0.1:${await freePort()}`;
const { admin, gateway, signInAt } = await startSeveralApps(
  { after },
  {
    apps: { shop: { routes: [{ path: '/down/**', upstream: down, rules: [{ token: 'none' }] }] } },
    gateway: { config: { admin: { page: true, secret: SECRET } } },
  },
);
const browser = await startBrowser();
after(() => browser.close());
const url = `${admin}/operator/`;

browser.test(
  'an operator signs in, finds a user, ends the sessions, asks for an explanation, signs out',
  async (page) => {
    await signInAt('main');
    const shop = await signInAt('shop');
    assert.equal((await shop.fetch('/down/x', { headers: CSRF })).status, 502);
    await page.goto(`${admin}/operator`);
    await assertAccessible(page, 'operator-sign-in');
    await page.getByLabel('Secret').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The secret is wrong.').waitFor();
    await assertAccessible(page, 'operator-wrong');
    await page.getByLabel('Secret').fill(SECRET);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(url);
    await assertAccessible(page, 'operator-all');
    await page.getByLabel('User').fill('user-alice');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('button', { name: 'End session 2' }).waitFor();
    await assertAccessible(page, 'operator-sessions');
    await page.getByRole('button', { name: 'End session 1' }).click();
    await page.getByText('Sessions ended: 1.').waitFor();
    await page.getByRole('link', { name: 'shop' }).click();
    await page.waitForURL(`${url}?app=shop`);
    await page.getByText('Configuration of shop').click();
    await page.getByLabel('Path').fill(`/down/${LONG.repeat(3)}`);
    await page.getByLabel('Claims').fill('{"sub":"u1"}');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('the rule requires no credentials').waitFor();
    await page.getByText('Configuration of shop').click();
    await assertAccessible(page, 'operator-shop');
    await page.getByLabel('Claims').fill('{');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('claims is not valid JSON').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Secret').waitFor();
    assert.ok(!gateway.logText().includes(SECRET));
  },
);

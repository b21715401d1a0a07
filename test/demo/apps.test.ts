/** The demo of several apps as a new user runs it: one command, then a browser that walks through the shop, the desk and the wiki. */
import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BrowserContext, Browser as Chromium, Page } from 'playwright';
import { type RunningDemo, startChromium, startDemo } from './start-demo.ts';

const APPS = ['shop', 'desk', 'wiki'] as const;
type App = (typeof APPS)[number];

let demo: RunningDemo;
let browser: Chromium;
let url: Record<App, string>;

before(async () => {
  demo = await startDemo(24600, ['--', '--apps']);
  const [shop = '', desk = '', wiki = ''] = APPS.map(
    (app) => new RegExp(`http://${app}[.]localhost:\\d+`).exec(demo.printed())?.[0],
  );
  url = { shop, desk, wiki };
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  demo?.stop();
});

/** Whether programs of this machine resolve the hosts; browsers do so themselves. */
const resolvesHosts = () =>
  Promise.all(APPS.map((app) => lookup(`${app}.localhost`))).then(
    () => true,
    () => false,
  );

/** Takes a picture where `DEMO_SCREENSHOTS` names a folder. */
async function takePicture(page: Page, name: string): Promise<void> {
  const folder = process.env.DEMO_SCREENSHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

async function inFreshProfile(body: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await body(page, context);
  assert.deepEqual(problems, []);
  await context.close();
}

/** Signs in at the shop, at the provider that the user chooses on a page of the gateway. */
async function signInAtShop(page: Page, provider: 'Customers' | 'Employees', user: string): Promise<void> {
  await page.goto(url.shop);
  await page.click('#sign-in');
  await page.getByRole('link', { name: provider }).waitFor();
  await takePicture(page, 'choose');
  await page.getByRole('link', { name: provider }).click();
  await page.locator(`#user-${user}`).waitFor();
  await takePicture(page, `provider-${provider}`);
  await page.click(`#user-${user}`);
  await page.locator('#signed-in').waitFor();
}

test('the command prints the addresses, the users of both providers, and what to do if the hosts are unknown', async () => {
  for (const app of APPS) assert.match(url[app], /^http/, app);
  for (const name of ['Ada', 'Grace', 'Linus', 'Mary', 'Tom']) assert.match(demo.printed(), new RegExp(name));
  const advice = '127.0.0.1 shop.localhost desk.localhost wiki.localhost';
  assert.equal(demo.printed().includes(advice), !(await resolvesHosts()));
});

test('an employee signs in once, and then uses the shop, the desk and the wiki', () =>
  inFreshProfile(async (page, context) => {
    await signInAtShop(page, 'Employees', 'mary');
    await page.fill('#item', 'A ledger');
    await page.click('#order button');
    await page.getByText('A ledger').waitFor();
    await takePicture(page, 'shop');

    await page.goto(url.desk);
    await page.click('#sign-in');
    await page.getByRole('cell', { name: 'A ledger' }).waitFor();
    assert.equal(await page.textContent('#who'), 'Mary');
    await takePicture(page, 'desk');

    await page.goto(`${url.wiki}/pages/opening-hours`);
    assert.equal(page.url(), `${url.wiki}/pages/opening-hours`, 'the provider knows the user, and leads back');
    assert.equal(await page.textContent('#user'), 'Mary');
    await page.fill('#text', 'From 9 to 18, <b>also</b> on Saturdays.');
    await page.click('main button');
    await page.getByText('Last edited by Mary.').waitFor();
    await page.click('a:has-text("Large text")');
    await page.locator('body.large').waitFor();
    await takePicture(page, 'wiki');

    const cookies = await context.cookies(Object.values(url));
    assert.ok(cookies.every(({ httpOnly }) => httpOnly));
    const sessions = cookies.filter(({ name }) => name === 'bff');
    assert.equal(new Set(sessions.map(({ domain, value }) => `${domain} ${value}`)).size, 3, 'a session at each host');
    await page.click('a:has-text("Sign out")');
    await page.waitForURL(`${url.wiki}/.auth/signed-out`);
    await takePicture(page, 'signed-out');
    await page.goto(`${url.wiki}/`);
    await page.locator('#user-mary').waitFor();
  }));

test('a customer uses the shop, and has no account for the desk and the wiki', () =>
  inFreshProfile(async (page) => {
    await signInAtShop(page, 'Customers', 'ada');
    await page.getByText('A first edition').waitFor();
    for (const app of ['desk', 'wiki'] as const) {
      await page.goto(url[app]);
      if (app === 'desk') await page.click('#sign-in');
      await page.locator('#user-tom').waitFor();
      assert.equal(await page.locator('#user-ada').count(), 0);
    }
  }));

test('an employee without the scope is told so at the desk', () =>
  inFreshProfile(async (page) => {
    await page.goto(url.desk);
    await page.click('#sign-in');
    await page.click('#user-tom');
    await page.getByText(/Not allowed/).waitFor();
    await takePicture(page, 'desk-refused');
  }));

/** The demo as a new user runs it: one command, then a browser that signs in, orders, watches a tick, and signs out. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser as Chromium, Page } from 'playwright';
import { until } from '../support/wait.ts';
import { type RunningDemo, startChromium, startDemo } from './start-demo.ts';

let demo: RunningDemo;
let browser: Chromium;
let url = '';

before(async () => {
  // An address that no other suite uses; the demo picks the next port when it is in use.
  demo = await startDemo(23400);
  url = /runs at (\S+)/.exec(demo.printed())?.[1] ?? '';
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  demo?.stop();
});

async function signIn(page: Page, user: string): Promise<void> {
  await page.goto(url);
  await page.click('#sign-in');
  await page.click(`#user-${user}`);
  await page.waitForURL(`${url}/`);
  await page.locator('#signed-in').waitFor();
}

test('the command prints an address and the users', () => {
  for (const name of ['Ada', 'Grace', 'Linus']) assert.match(demo.printed(), new RegExp(name));
});

test('a user signs in, places an order, sees a tick and the profile, and signs out', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await signIn(page, 'ada');
  assert.equal(await page.textContent('#who'), 'Ada');
  await page.fill('#item', 'A box of envelopes');
  await page.click('#order button');
  await page.getByText('A box of envelopes').waitFor();
  await page.getByText(/2 orders at/).waitFor();
  await page.getByText(/number 1/).waitFor();
  assert.deepEqual(await page.evaluate('[document.cookie, localStorage.length, sessionStorage.length]'), ['', 0, 0]);
  await page.click('#sign-out');
  await page.waitForURL(`${url}/signed-out`);
  await page.goto(url);
  await page.locator('#welcome').waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test('words that fit in no line break, on a phone and on a desktop', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, 'ada');
  await page.fill('#item', 'W'.repeat(100));
  await page.click('#order button');
  await page.getByText('W'.repeat(100)).waitFor();
  await page.evaluate("document.getElementById('who').textContent = 'M'.repeat(90)");
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    assert.equal(await page.evaluate('document.scrollingElement.scrollWidth'), width);
  }
  await context.close();
});

test('a sign-out in another tab removes what belongs to the user, keeps what was typed, and a sign-in brings it back', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, 'ada');
  await page.getByText(/orders? at/).waitFor();
  await page.fill('#item', 'a long letter');
  const other = await context.newPage();
  await other.goto(url);
  await other.click('#sign-out');
  await page.getByText('Your session has ended.').waitFor();
  for (const id of ['who', 'sign-out', 'profile']) assert.equal(await page.locator(`#${id}`).isVisible(), false, id);
  assert.equal(await page.locator('#orders li').count(), 0);
  assert.equal(await page.inputValue('#item'), 'a long letter');
  const popup = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await (await popup).click('#user-ada');
  await page.locator('#who').waitFor();
  await page.locator('#profile').waitFor();
  assert.equal(await page.inputValue('#item'), 'a long letter');
  await context.close();
});

test('a user without the scope gets a message, and loses nothing', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, 'grace');
  await page.getByText('A first edition').waitFor();
  await page.fill('#item', 'Not for me');
  await page.click('#order button');
  await page.getByText(/lacks the scope/).waitFor();
  assert.equal(await page.inputValue('#item'), 'Not for me');
  await context.close();
});

test('D18 Ctrl+C closes an open WebSocket with 1001 and stops the demo', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, 'ada');
  await page.evaluate(`new Promise((opened) => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api/orders/live');
    window.closeCode = new Promise((resolve) => { socket.onclose = ({ code }) => resolve(code); });
    socket.onmessage = opened;
  })`);
  process.kill(-Number(demo.process.pid), 'SIGINT');
  assert.equal(await page.evaluate('window.closeCode'), 1001);
  await until(() => !demo.isRunning(), { timeout: 15_000, what: 'the demo stops before limits.drainTimeout' });
  await context.close();
});

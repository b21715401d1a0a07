/** The examples in deploy/examples, as a browser runs them: sign-in, a guarded call, work that outlives its session, the end announced. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildExample, examples } from '../deploy/examples/build.ts';
import type { BrowserContext, Page } from './support/browser.ts';
import { sharedServers } from './support/run.ts';
import { COOKIE, fillIn } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const directory = join(sharedServers().folder, 'examples-built');
for (const name of examples) await buildExample(name, join(directory, name));
// The end is announced a minute before it comes, here after twelve seconds.
const session = { idleTimeout: '72s', store: { sqlite: { file: ':memory:' } } };
const world = await startWorld({ name: 'examples', config: { frontend: { directory }, session } });
const { api, browser, publicUrl } = world;

const orders = () => api.calls.filter(({ method, path }) => method === 'POST' && path === '/api/orders').length;

/** Opens the example and signs in by its own button. */
async function signInTo(page: Page, name: string, user = 'alice'): Promise<void> {
  await page.goto(`${publicUrl}/${name}/`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await fillIn(page, user);
  await page.waitForURL(`${publicUrl}/${name}/`);
  await page.getByText(`Signed in as ${user}`).waitFor();
}

async function order(page: Page, item: string): Promise<void> {
  await page.getByLabel('What would you like?').fill(item);
  await page.getByRole('button', { name: 'Order' }).click();
}

/** The session is gone, and so is the sign-in at Keycloak. */
async function lose(context: BrowserContext): Promise<void> {
  await world.admin.endSessions('alice');
  await context.clearCookies({ name: COOKIE });
}

for (const name of examples) {
  browser.test(`${name}: signs in, orders, signs out`, async (page) => {
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
    await signInTo(page, name);
    await order(page, 'envelopes');
    await page.getByText('Ordered by alice.').waitFor();
    assert.equal(api.last('/api/orders').claims?.preferred_username, 'alice');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${publicUrl}/signed-out`);
    await page.goto(`${publicUrl}/${name}/`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.deepEqual(problems, []);
  });

  browser.test(`${name}: what was typed outlives the session, and is sent once`, async (page, context) => {
    await signInTo(page, name);
    await lose(context);
    const before = orders();
    await order(page, 'a long letter');
    await page.getByText('Your session has ended.').waitFor();
    assert.equal(await page.getByLabel('What would you like?').inputValue(), 'a long letter');
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Sign in again' }).click();
    const popup = await opened;
    const closed = popup.waitForEvent('close');
    await fillIn(popup, 'alice');
    await closed;
    await page.getByText('Ordered by alice.').waitFor();
    assert.equal(await page.getByText('Your session has ended.').isVisible(), false);
    assert.equal(orders(), before + 1);
    assert.equal(page.url(), `${publicUrl}/${name}/`);
  });

  browser.test(`${name}: the end is announced, and one click puts it off`, async (page) => {
    await signInTo(page, name);
    await page.getByText('Your session ends soon.').waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.getByText('Your session ends soon.').waitFor({ state: 'hidden' });
    await order(page, 'stamps');
    await page.getByText('Ordered by alice.').waitFor();
  });
}

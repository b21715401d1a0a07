/** Tests that each example in deploy/examples must pass: sign-in, an order, input that survives the session, expiry warning. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildExample } from '../../deploy/examples/build.ts';
import type { BrowserContext, Page } from './browser.ts';
import { sharedServers } from './run.ts';
import { COOKIE, submitCredentials } from './steps.ts';
import { startWorld, type World } from './world.ts';

/** Builds the examples, serves each under its name, and registers their tests. */
export async function testExamples(
  name: string,
  examples: readonly string[],
  contentSecurityPolicy?: string,
): Promise<void> {
  const directory = join(sharedServers().folder, `${name}-built`);
  for (const example of examples) await buildExample(example, join(directory, example));
  // The warning appears a minute before the end, here after twelve seconds.
  const session = { idleTimeout: '72s', store: { sqlite: { file: ':memory:' } } };
  const frontend = { directory, ...(contentSecurityPolicy === undefined ? {} : { contentSecurityPolicy }) };
  const world = await startWorld({ name, config: { frontend, session } });
  for (const example of examples) testExample(example, world);
}

/** Opens the example and signs in with its button. */
async function signInTo(page: Page, { publicUrl }: World, name: string): Promise<void> {
  await page.goto(`${publicUrl}/${name}/`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await submitCredentials(page, 'alice');
  await page.waitForURL(`${publicUrl}/${name}/`);
  await page.getByText('Signed in as alice').waitFor();
}

async function order(page: Page, item: string): Promise<void> {
  await page.getByLabel('What would you like?').fill(item);
  await page.getByRole('button', { name: 'Order' }).click();
}

/** Ends the session and the sign-in at Keycloak. */
async function endSession(context: BrowserContext, { admin }: World): Promise<void> {
  await admin.endSessions('alice');
  await context.clearCookies({ name: COOKIE });
}

function testExample(name: string, world: World): void {
  const { api, browser, publicUrl } = world;
  const orders = () => api.requests.filter(({ method, path }) => method === 'POST' && path === '/api/orders').length;

  browser.test(`${name}: signs in, orders, signs out`, async (page) => {
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
    await signInTo(page, world, name);
    await order(page, 'envelopes');
    await page.getByText('Ordered by alice.').waitFor();
    assert.equal(api.lastRequest('/api/orders').claims?.preferred_username, 'alice');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${publicUrl}/signed-out`);
    await page.goto(`${publicUrl}/${name}/`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.deepEqual(problems, []);
  });

  browser.test(`${name}: input survives the end of the session and is sent once`, async (page, context) => {
    await signInTo(page, world, name);
    await endSession(context, world);
    const before = orders();
    await order(page, 'a long letter');
    await page.getByText('Your session has ended.').waitFor();
    assert.equal(await page.getByLabel('What would you like?').inputValue(), 'a long letter');
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Sign in again' }).click();
    const popup = await opened;
    const closed = popup.waitForEvent('close');
    await submitCredentials(popup, 'alice');
    await closed;
    await page.getByText('Ordered by alice.').waitFor();
    assert.equal(await page.getByText('Your session has ended.').isVisible(), false);
    assert.equal(orders(), before + 1);
    assert.equal(page.url(), `${publicUrl}/${name}/`);
  });

  browser.test(`${name}: a warning appears before the end, and one click extends the session`, async (page) => {
    await signInTo(page, world, name);
    await page.getByText('Your session ends soon.').waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.getByText('Your session ends soon.').waitFor({ state: 'hidden' });
    await order(page, 'stamps');
    await page.getByText('Ordered by alice.').waitFor();
  });
}

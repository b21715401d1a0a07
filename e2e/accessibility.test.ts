/** Every page that a user sees passes axe, in light and dark mode, on a phone and on a desktop: gateway, examples, demo. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after } from 'node:test';
import { ANGULAR_POLICY, buildExample, examples } from '../deploy/examples/build.ts';
import { createPages, type PageData, type PageName, type RenderedPage } from '../src/responses/pages.ts';
import { assertAccessible, PHONE } from './support/axe.ts';
import type { Page } from './support/browser.ts';
import { freePort } from './support/processes.ts';
import { sharedServers } from './support/run.ts';
import { COOKIE, signIn, submitCredentials, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const directory = join(sharedServers().folder, 'examples-accessible');
for (const name of examples) await buildExample(name, join(directory, name));
const session = { idleTimeout: '30s', store: { sqlite: { file: ':memory:' } } };
const frontend = { directory, contentSecurityPolicy: ANGULAR_POLICY };
const world = await startWorld({ name: 'accessibility', config: { frontend, session } });
const { browser, publicUrl } = world;

const REQUEST_ID = 'b1946ac9-2ee4-4f0a-8d6c';
const SIGN_IN = { label: 'action.sign-in', url: '/login' } as const;
const LISTED = { createdAt: '2026-11-25T09:30:00.000Z', expiresAt: '2026-11-25T17:30:00.000Z' };
/** Each page with all of its parts. */
const PAGES: { [Name in PageName]: PageData[Name][] } = {
  error: [
    { situation: 'sign-in-expired', requestId: REQUEST_ID, action: SIGN_IN },
    { situation: 'not-found', requestId: REQUEST_ID },
  ],
  unavailable: [{ situation: 'sign-in-unavailable', requestId: REQUEST_ID, action: SIGN_IN }],
  'signed-out': [{ loginUrl: '/login' }, { loginUrl: '/login', providerUnreachable: true }],
  'choose-provider': [
    {
      choices: [
        { name: 'Customers', url: '/login?provider=default' },
        { name: 'Staff', url: '/login?provider=staff' },
      ],
    },
  ],
  'signed-in': [{}],
  framed: [{}],
  'confirm-logout': [{ action: '/logout', token: 'x' }],
  sessions: [
    {
      sessions: [
        { ...LISTED, id: 'a', current: true, device: 'Firefox on Linux', address: '203.0.113.0/24' },
        { ...LISTED, id: 'b', current: false, device: 'Chrome on Android', address: '2001:db8:1234::/48' },
        { ...LISTED, id: 'c', current: false },
      ],
      action: '/sessions',
      token: 'x',
    },
    { sessions: [{ ...LISTED, id: 'a', current: true }], action: '/sessions', token: 'x' },
  ],
  // It points to itself here, otherwise the browser would leave it before the check.
  hop: [{ to: '#here' }],
};

/** A language from right to left, and words that fit in no line. */
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenhersteller';
const messages = { ar: { 'action.sign-in-again': 'تسجيل الدخول مرة أخرى', 'signed-out.title': 'تم تسجيل الخروج' } };
const named = createPages({ name: LONG, messages });
const pages = createPages();

/** Shows a page as the gateway would serve it. */
async function show(page: Page, { html, contentSecurityPolicy }: RenderedPage): Promise<void> {
  const headers = { 'content-security-policy': contentSecurityPolicy };
  await page.route('**/page-to-look-at', (route) => route.fulfill({ body: html, contentType: 'text/html', headers }));
  // A page that closes its window stays open when no script opened it.
  await page.goto(`${publicUrl}/page-to-look-at`);
}

for (const name of Object.keys(PAGES) as PageName[]) {
  for (const language of ['de', 'fr', 'es', 'ar'])
    browser.test(`the page ${name} has no violation on a phone in ${language}, with a long name`, async (page) => {
      await show(page, named.render(name, PAGES[name][0] as PageData[typeof name], language));
      await assertAccessible(page, `${name}-${language}`, PHONE);
    });
  for (const [index, data] of PAGES[name].entries()) {
    browser.test(`the page ${name} has no violation (${index + 1})`, async (page) => {
      await show(page, pages.render(name, data, undefined));
      await assertAccessible(page, `${name}-${index + 1}`);
    });
  }
}

browser.test('the pages have no violation as the gateway serves them: error, sessions, sign-out', async (page) => {
  await page.goto(`${publicUrl}/callback?state=unknown`);
  await assertAccessible(page, 'sent-callback');
  await signIn(page, world, '/sessions');
  await assertAccessible(page, 'sent-sessions');
  await page.goto(`${publicUrl}/logout`);
  await assertAccessible(page, 'sent-confirm');
});

for (const name of examples) {
  browser.test(
    `the example ${name} has no violation: visitor, user, session about to expire, session ended`,
    async (page, context) => {
      await page.goto(`${publicUrl}/${name}/`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await submitCredentials(page, 'alice');
      await page.getByText('Your session ends soon.').waitFor();
      await assertAccessible(page, `example-${name}-user`);
      await context.clearCookies({ name: COOKIE });
      await page.getByLabel('What would you like?').fill('a long letter');
      await page.getByRole('button', { name: 'Order' }).click();
      await page.getByText('Your session has ended.').waitFor();
      await assertAccessible(page, `example-${name}-ended`);
      await page.goto(`${publicUrl}/${name}/`);
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      await assertAccessible(page, `example-${name}-visitor`);
    },
  );
}

browser.test(
  'the demo has no violation: shop, bundled provider, shop with a user, session ended',
  async (page, context) => {
    const port = await freePort();
    let printed = '';
    const demo = spawn(process.execPath, ['deploy/demo/main.ts'], {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, DEMO_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => demo.once('exit', resolve));
    after(async () => {
      demo.kill('SIGTERM');
      await ended;
    });
    demo.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await until('the demo runs', () => /runs at (\S+)/.test(printed), 60);
    const [, url = ''] = /runs at (\S+)/.exec(printed) ?? [];
    await page.goto(url);
    await page.locator('#welcome').waitFor();
    await assertAccessible(page, 'demo-visitor');
    await page.click('#sign-in');
    await page.locator('#user-ada').waitFor();
    await assertAccessible(page, 'demo-provider');
    await page.click('#user-ada');
    await page.getByText(/orders? at/).waitFor();
    await assertAccessible(page, 'demo-user');
    await page.fill('#item', LONG + LONG.slice(0, 30));
    await page.click('#order button');
    await page.locator('#orders span', { hasText: LONG }).first().waitFor();
    await assertAccessible(page, 'demo-long');
    await context.clearCookies();
    await page.fill('#item', 'a long letter');
    await page.click('#order button');
    await page.getByText('Your session has ended.').waitFor();
    await assertAccessible(page, 'demo-ended');
  },
);

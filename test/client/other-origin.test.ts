/** B10: an app on a listed origin of the same site: session, profile, sign-in, requests and sign-out, with the client module. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright';
import { startRealWorld } from '../support/real-browser.ts';
import { CSRF } from '../support/world.ts';
import { setUpSso } from './sso.ts';

/** A server with one page: the app on another origin. */
async function startApp(t: TestContext): Promise<string> {
  const server = createServer((_req, res) =>
    res.writeHead(200, { 'content-type': 'text/html' }).end('<title>app</title>'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

async function start(t: TestContext) {
  const app = await startApp(t);
  const world = await startRealWorld(t, { gateway: { config: { cors: { allowedOrigins: [app] } } } });
  setUpSso(world.provider);
  return { app, world, gateway: world.gateway.url };
}

const withModule = <Result>(page: Page, gateway: string, code: string) =>
  page.evaluate<Result>(`(async () => {
    const { createClient } = await import('${gateway}/client.js');
    globalThis.client ??= createClient();
    ${code}
  })()`);

test('B10 Chromium: the module of the gateway works on a listed origin', async (t) => {
  const { app, world, gateway } = await start(t);
  const page = await world.open();
  await page.goto(`${app}/orders?page=2#third`);
  const session = () => withModule<boolean>(page, gateway, 'return (await client.session()).authenticated');
  assert.equal(await session(), false);
  await withModule(page, gateway, 'setTimeout(() => client.login())');
  await page.click('#go');
  await page.waitForURL(`${app}/orders?page=2#third`);
  assert.equal(await session(), true);
  assert.equal(await withModule(page, gateway, 'return (await client.user()).sub'), 'user-alice');
  const post = `return (await client.fetch('${gateway}/api/x', { method: 'POST', body: 'x' })).status`;
  assert.equal(await withModule(page, gateway, post), 200);
  assert.equal(world.upstream.requests[0]?.header('x-bff-session'), undefined);
  await withModule(page, gateway, 'setTimeout(() => client.logout())');
  await page.waitForURL(`${gateway}/signed-out`);
  await page.goto(app);
  assert.equal(await session(), false);
});

test('B10 Chromium: a popup signs in an app on a listed origin', async (t) => {
  const { app, world, gateway } = await start(t);
  const page = await world.open();
  await page.goto(app);
  const opened = page.context().waitForEvent('page');
  const result = withModule<boolean>(page, gateway, 'return client.login({ popup: true })');
  const popup = await opened;
  await Promise.all([popup.waitForEvent('close'), popup.click('#go')]);
  assert.equal(await result, true);
});

test('B10 only the listed origin may read the endpoints, and only those of the client', async (t) => {
  const { app, world } = await start(t);
  const { browser } = world;
  world.provider.resetBehaviour();
  await world.signIn();
  for (const path of ['/session', '/profile', '/client.js']) {
    const allowed = await browser.fetch(path, { from: app, headers: CSRF });
    assert.equal(allowed.status, 200, path);
    assert.equal(allowed.headers['access-control-allow-origin'], app);
    assert.equal(allowed.headers['access-control-allow-credentials'], 'true');
    assert.match(String(allowed.headers.vary), /Origin/);
    for (const from of ['http://localhost:1', 'https://evil.example']) {
      const refused = await browser.fetch(path, { from, headers: { ...CSRF, origin: from } });
      assert.equal(refused.headers['access-control-allow-origin'], undefined, `${path} ${from}`);
      if (path !== '/client.js' && from.includes('localhost')) assert.equal(refused.status, 403);
    }
  }
  const preflight = await browser.fetch('/logout', {
    method: 'OPTIONS',
    from: app,
    headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-csrf' },
  });
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-headers']], [204, 'x-csrf']);
  for (const path of ['/sessions', '/login', '/callback'])
    assert.equal(
      (await browser.fetch(path, { from: app, headers: CSRF })).headers['access-control-allow-origin'],
      undefined,
    );
  const failed = await world.gateway.browser().fetch('/profile', { from: app, headers: CSRF });
  assert.deepEqual([failed.status, failed.headers['access-control-allow-origin']], [401, app]);
});

test('B10 a sign-in returns to a listed origin only', async (t) => {
  const { app, world } = await start(t);
  world.provider.resetBehaviour();
  const landing = async (returnTo: string) => {
    const page = await world.gateway.browser().navigate(`/login?${new URLSearchParams({ returnTo })}`);
    return page.url.href;
  };
  for (const address of [`${app}/`, `${app}/orders?x=1#y`]) assert.equal(await landing(address), address);
  const { host } = new URL(app);
  for (const address of [
    `${app}.evil.example/`,
    `${app}@evil.example/`,
    `http://user@${host}/`,
    `https://${host}/`,
    `//${host}/`,
    `${app}\\@evil.example/`,
    `javascript:${app}/`,
    'http://localhost:1/',
  ])
    assert.equal(await landing(address), `${world.gateway.url}/`, address);
});

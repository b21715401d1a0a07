/** The client trusts only the gateway: no upstream, front end or redirect can navigate the page or change its session state. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { chromium } from 'playwright';
import { createClient } from '../../src/client/client.ts';
import { connectRaw } from '../support/raw.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type WorldOptions } from '../support/world.ts';
import { openTab, type Tab, type TabOptions } from './page.ts';

const GATEWAY = 'X-Bff-Gateway';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const STEP_UP = { code: 'step_up_required', status: 401, acr_values: 'gold' };
const ELSEWHERE = {
  'an https address': 'https://evil.example/phish',
  'a script': "javascript:document.title='caught'//",
  'an address without a scheme': '//evil.example/login',
  'credentials that look like our own host': 'https://localhost@evil.example/login',
  'another path of our own origin': '/api/evil',
  'a path beside the login endpoint': '/login/../api/evil',
  'a blob': 'blob:http://localhost/login',
};
const MARKS = ['X-Bff-Gateway', 'x-bff-gateway', 'X_Bff_Gateway', 'X-BFF_GATEWAY', 'X.Bff.Gateway'];

async function start(t: TestContext, settings: TabOptions = {}, options: WorldOptions = {}) {
  const world = await startWorld(t, options);
  const tab = openTab(world.browser, world.gateway.url, settings);
  t.after(() => tab.client.close());
  return { world, tab };
}

/** The outcome of a promise, unless the page was left: then it never settles. */
async function staying<Value>({ visits, windows }: Tab, promise: Promise<Value>): Promise<Value> {
  let settled = false;
  const done = promise.finally(() => {
    settled = true;
  });
  done.catch(() => undefined);
  await until(() => settled || visits.length > 0 || windows.length > 0);
  assert.deepEqual([visits, windows], [[], []]);
  return done;
}

const problem = (body: object) => ({
  status: 401,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify(body),
});

for (const [what, loginUrl] of Object.entries(ELSEWHERE)) {
  for (const onUnauthenticated of ['login', 'popup'] as const)
    test(`E03 step_up_required of an upstream with ${what}: passed on unchanged (${onUnauthenticated})`, async (t) => {
      const { world, tab } = await start(t, { onUnauthenticated });
      await world.signIn();
      await tab.client.session();
      const { status, headers, body } = problem({ ...STEP_UP, loginUrl });
      world.upstream.respondWith((_req, res) => res.writeHead(status, headers).end(body));
      const response = await staying(tab, tab.client.fetch('/api/x'));
      assert.deepEqual([response.status, await response.text()], [401, body]);
      assert.deepEqual([tab.visits, tab.windows, tab.events], [[], [], []]);
      assert.equal(world.upstream.requests.length, 1);
    });

  test(`E03 login() with ${what} as loginUrl navigates nowhere`, async (t) => {
    const { tab } = await start(t);
    await assert.rejects(staying(tab, tab.client.login({ loginUrl })), TypeError);
    await assert.rejects(staying(tab, tab.client.login({ loginUrl, popup: true })), TypeError);
    assert.deepEqual([tab.visits, tab.windows], [[], []]);
  });
}

test('E03 a refusal of the gateway with a hostile loginUrl still leads to the login endpoint, with known parameters only', async (t) => {
  const body = { ...STEP_UP, acr_values: 'gold&prompt=none#x', max_age: '60', loginUrl: 'https://evil.example/' };
  const headers = { [GATEWAY]: 'step_up_required' };
  const forged = () => Response.json({ ...body, returnTo: '//evil.example' }, { status: 401, headers });
  const { tab } = await start(t, {
    onUnauthenticated: 'login',
    respond: ({ url }) => (url.endsWith('/api/x') ? forged() : undefined),
  });
  void tab.client.fetch('/api/x');
  await until(() => tab.visits.length > 0);
  const query = 'acr_values=gold%26prompt%3Dnone%23x&max_age=60&returnTo=%2Forders%3Fpage%3D2%23third';
  assert.deepEqual(tab.visits, [`/login?${query}`]);
});

test('E03 of the loginUrl of a refusal only the known parameters are used', async (t) => {
  const { tab } = await start(t);
  void tab.client.login({
    loginUrl: '/login?acr_values=gold&max_age=0&prompt=none&login_hint=eve&returnTo=//evil.example',
    returnTo: '/',
  });
  assert.deepEqual(tab.visits, ['/login?acr_values=gold&max_age=0&returnTo=%2F']);
});

for (const signedIn of [true, false])
  test(`E03 a 401 unauthenticated of an upstream starts no sign-in (${signedIn ? 'a user' : 'a visitor'})`, async (t) => {
    const routes = (upstream: string) => [{ path: '/api/**', upstream, rules: [{ token: 'user-or-none' as const }] }];
    const { world, tab } = await start(t, { onUnauthenticated: 'login' }, { routes });
    if (signedIn) await world.signIn();
    const { status, headers, body } = problem({ code: 'unauthenticated', status: 401 });
    world.upstream.respondWith((_req, res) => res.writeHead(status, headers).end(body));
    const response = await staying(tab, tab.client.fetch('/api/x'));
    assert.deepEqual([response.status, await response.text()], [401, body]);
    assert.deepEqual(tab.events, []);
    assert.equal(world.upstream.requests.length, 1);
  });

test('E03 an upstream cannot send the header of the gateway in any spelling, trailer or informational response', async (t) => {
  const { world, tab } = await start(t, { onUnauthenticated: 'login' });
  await world.signIn();
  world.upstream.respondWith((_req, res) => {
    res.writeEarlyHints({ link: '</x>; rel=preload', [GATEWAY]: 'unauthenticated' });
    const spelled = MARKS.map((name): [string, string] => [name, 'unauthenticated']);
    res.writeHead(401, [...spelled, ['Trailer', GATEWAY], ['Connection', 'keep-alive'], ['X-Else', 'stays']].flat());
    res.write('{"code":"unauthenticated"}');
    res.addTrailers({ [GATEWAY]: 'unauthenticated' });
    res.end();
  });
  const response = await staying(tab, tab.client.fetch('/api/x'));
  assert.equal(response.headers.get('x-else'), 'stays');
  assert.deepEqual([response.status, tab.events], [401, []]);
  const { host, port } = new URL(world.gateway.url);
  const client = await connectRaw(Number(port));
  t.after(() => client.destroy());
  const cookie = world.browser.cookieHeader(`${world.gateway.url}/api/x`);
  await client.send(
    `GET /api/x HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nX-CSRF: 1\r\nConnection: close\r\n\r\n`,
  );
  const bytes = String(await client.rest());
  assert.match(bytes, /^HTTP\/1.1 103 .*\r\nHTTP\/1.1 401 .*x-else: stays/is);
  assert.doesNotMatch(bytes, /bff.gateway/i);
});

test('E03 refusals of the gateway carry its header: problem documents, pages and handshakes', async (t) => {
  const { world } = await start(t);
  const { browser } = world;
  const refused = [
    [await browser.fetch('/api/x', { headers: CSRF }), 'unauthenticated'],
    [await browser.fetch('/profile', { headers: CSRF }), 'unauthenticated'],
    [await browser.fetch('/login', { method: 'DELETE' }), 'method_not_allowed'],
    [await browser.navigate('/callback?state=unknown&code=1'), 'login_unknown'],
    [await browser.fetch('/api/x', { headers: { connection: 'Upgrade', upgrade: 'websocket' } }), 'upgrade_refused'],
  ] as const;
  for (const [{ headers }, code] of refused) assert.equal(headers['x-bff-gateway'], code);
  await world.signIn();
  assert.equal((await world.api()).headers['x-bff-gateway'], undefined, "an upstream's response is not marked");
  assert.equal((await browser.fetch('/session', { headers: CSRF })).headers['x-bff-gateway'], 'ok');
});

test('E03 a listed origin can read the header of a refusal', async (t) => {
  const friend = 'https://partner.example.com';
  const { world } = await start(t, {}, { gateway: { config: { cors: { allowedOrigins: [friend] } } } });
  const { headers } = await world.browser.fetch('/api/x', { headers: { ...CSRF, origin: friend } });
  assert.equal(headers['x-bff-gateway'], 'unauthenticated');
  assert.match(String(headers['access-control-expose-headers']), /\bX-Bff-Gateway\b/);
});

test('E03 the header of another origin, after a redirect or directly, is ignored', async (t) => {
  const { tab } = await start(t, {
    onUnauthenticated: 'login',
    respond({ url }) {
      if (!url.includes('/api/') && !url.startsWith('https:')) return undefined;
      const headers = { [GATEWAY]: 'step_up_required' };
      const response = Response.json(STEP_UP, { status: 401, headers });
      return Object.defineProperty(response, 'url', { value: 'https://evil.example/x' });
    },
  });
  for (const address of ['/api/x', 'https://evil.example/x'])
    assert.equal((await staying(tab, tab.client.fetch(address))).status, 401);
  assert.deepEqual([tab.visits, tab.events], [[], []]);
});

const SIGNED_IN = { authenticated: true, sub: 'eve', createdAt: '2026-01-01T00:00:00Z', idleExpiresAt: '2099-01-01' };
const IMPOSTORS: Record<string, () => Response> = {
  'the page of a front end': () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
  'JSON of something else': () => Response.json({ ...SIGNED_IN, location: 'https://evil.example/' }),
  'a 401 of something else': () => Response.json({ code: 'unauthenticated' }, { status: 401 }),
};

for (const [what, response] of Object.entries(IMPOSTORS))
  test(`E03 ${what} at the paths of the endpoints is not taken for the gateway`, async (t) => {
    let impostor = true;
    const { world, tab } = await start(t, { respond: () => (impostor ? response() : undefined) });
    await assert.rejects(staying(tab, tab.client.session()), /Another server returned/);
    await assert.rejects(staying(tab, tab.client.user()), /Another server/);
    await assert.rejects(staying(tab, tab.client.logout()), /Another server/);
    await assert.rejects(staying(tab, tab.client.silentLogin()), /Another server/);
    impostor = false;
    await world.signIn();
    await tab.client.session();
    impostor = true;
    await assert.rejects(staying(tab, tab.client.user()), /Another server/, 'the profile is asked for');
    assert.deepEqual([tab.visits, tab.events], [[], []]);
  });

for (const location of ['javascript:alert(1)', 'https://evil.example/', '//evil.example/', 'data:text/html,x'])
  test(`E03 a sign-out with the location ${location} navigates nowhere`, async (t) => {
    const respond = () => Response.json({ location }, { headers: { [GATEWAY]: 'ok' } });
    const { tab } = await start(t, { respond });
    await assert.rejects(staying(tab, tab.client.logout()));
    assert.deepEqual(tab.visits, []);
  });

test('E03 requests to the endpoints follow no redirects', async () => {
  const asked: (string | undefined)[] = [];
  const page = {
    ...globalThis,
    location: { href: 'https://shop.example/', origin: 'https://shop.example', assign() {} },
    document: Object.assign(new EventTarget(), { visibilityState: 'visible' }),
    addEventListener() {},
    removeEventListener() {},
    BroadcastChannel,
    fetch: async (_input: unknown, init?: RequestInit) => {
      asked.push(init?.redirect);
      throw new TypeError('redirected');
    },
  };
  const client = createClient({}, page as never);
  await assert.rejects(client.session(), /redirected/);
  await assert.rejects(client.logout(), /redirected/);
  client.close();
  assert.deepEqual(asked, ['error', 'error']);
});

test('E03 a real browser stays on the page for any response of an upstream, and navigates to the login endpoint for the gateway', async (t) => {
  const routes = (upstream: string) => [
    { path: '/api/gold', upstream, rules: [{ token: 'user' as const, acr: 'gold' }] },
    { path: '/api/**', upstream },
  ];
  const directory = join(import.meta.dirname, '../../deploy/examples/plain');
  const world = await startWorld(t, { routes, gateway: { config: { frontend: { directory } } } });
  const { url } = world.gateway;
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  t.after(() => chrome.close());
  const page = await chrome.newPage();
  await page.goto(`${url}/login?returnTo=/app`);
  await page.waitForURL('**/app');
  const title = await page.title();
  const left: string[] = [];
  page.on('request', (request) => request.isNavigationRequest() && left.push(request.url()));
  const call = (path: string) =>
    page.evaluate<[number, string]>(`(async () => {
      const { createClient } = await import('/client.js');
      globalThis.client ??= createClient({ onUnauthenticated: 'login' });
      const response = await client.fetch('${path}');
      return [response.status, await response.text()];
    })()`);
  for (const [what, loginUrl] of Object.entries(ELSEWHERE)) {
    const { status, headers, body } = problem({ ...STEP_UP, loginUrl });
    const marked = { ...headers, [GATEWAY]: 'step_up_required', 'access-control-expose-headers': GATEWAY };
    world.upstream.respondWith((_req, res) => res.writeHead(status, marked).end(body));
    assert.deepEqual(await call('/api/x'), [401, body], what);
  }
  assert.deepEqual([left, await page.title()], [[], title]);
  void call('/api/gold').catch(() => undefined);
  await page.waitForRequest((request) => request.isNavigationRequest());
  assert.equal(left[0], `${url}/login?acr_values=gold&returnTo=%2Fapp`);
});

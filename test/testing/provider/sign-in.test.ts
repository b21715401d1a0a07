/** The development provider behind a gateway: a user is chosen on its page, tokens are refreshed, sign-out ends both sessions. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DevelopmentProviderOptions } from '../../../src/testing/provider/options.ts';
import { type DevelopmentProvider, startDevelopmentProvider } from '../../../src/testing/provider/provider.ts';
import type { Browser, Page } from '../../support/browser.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { decodeClaims } from '../../support/keys.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { CSRF } from '../../support/world.ts';

const USERS = [
  { sub: 'ada', name: 'Ada <Lovelace>', email: 'ada@example.org', roles: ['editor'], groups: ['staff'] },
  { sub: 'grace', name: 'Grace', scopes: ['orders:read'], claims: { tenant: 'navy' } },
];

interface Setup {
  provider: DevelopmentProvider;
  gateway: TestGateway;
  upstream: Upstream;
  browser: Browser;
}

async function start(t: TestContext, options: Partial<DevelopmentProviderOptions> = {}): Promise<Setup> {
  const provider = await startDevelopmentProvider({ users: USERS, client: { id: 'shop' }, ...options });
  const upstream = await startUpstream();
  const gateway = await startGateway({
    provider,
    routes: [{ path: '/api/**', upstream: upstream.origin }],
    providerConfig: { scopes: ['openid', 'offline_access', 'orders:read', 'orders:write'] },
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  t.after(async () => {
    await gateway.stop();
    await upstream.close();
    await provider.stop();
  });
  return { provider, gateway, upstream, browser: gateway.browser() };
}

/** Presses the button of a user on the provider's page. */
async function choose(browser: Browser, page: Page, user: string): Promise<Page> {
  const request = /name="request" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  return browser.navigate(new URL('/choose', page.url).href, {
    method: 'POST',
    form: { request, user },
    from: page.url.href,
  });
}

async function signIn({ browser }: Setup, user: string): Promise<void> {
  const page = await browser.navigate('/login?returnTo=/app');
  assert.match(page.body, /Choose a user/);
  const last = await choose(browser, page, user);
  assert.equal(last.url.pathname, '/app');
}

const accessToken = async ({ browser, upstream }: Setup) => {
  const before = upstream.requests.length;
  const response = await browser.fetch('/api/x', { headers: CSRF });
  assert.equal(response.status, 200);
  return (await upstream.request(before)).header('authorization')?.replace('Bearer ', '') ?? '';
};

test('the chosen user is signed in, with their claims, and the API gets a JWT access token', async (t) => {
  const setup = await start(t, { audience: 'https://orders.example' });
  await signIn(setup, 'ada');
  const profile = (await setup.browser.fetch('/profile', { headers: CSRF })).json();
  assert.equal(profile.name, 'Ada <Lovelace>');
  assert.equal(profile.email, 'ada@example.org');
  const claims = decodeClaims(await accessToken(setup));
  assert.equal(claims.sub, 'ada');
  assert.equal(claims.aud, 'https://orders.example');
  assert.equal(claims.client_id, 'shop');
  assert.equal(claims.scope, 'openid offline_access orders:read orders:write');
  assert.deepEqual([claims.roles, claims.groups], [['editor'], ['staff']]);
});

test('a user gets only their own scopes, and further claims', async (t) => {
  const setup = await start(t);
  await signIn(setup, 'grace');
  const claims = decodeClaims(await accessToken(setup));
  assert.equal(claims.scope, 'openid offline_access orders:read');
  assert.equal(claims.tenant, 'navy');
  assert.equal(claims.aud, 'shop');
});

test('the page shows the users as text, never as markup, and runs no script', async (t) => {
  const { browser } = await start(t);
  const page = await browser.navigate('/login?returnTo=/app');
  assert.match(page.body, /Ada &lt;Lovelace&gt;/);
  assert.match(page.body, /roles: editor/);
  assert.match(page.body, /development provider/);
  assert.doesNotMatch(page.body, /<script|Ada <Lov/);
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
});

test('a second sign-in needs no page, and prompt=login shows it again', async (t) => {
  const setup = await start(t);
  await signIn(setup, 'ada');
  const again = await setup.browser.navigate('/login?returnTo=/again');
  assert.equal(again.url.pathname, '/again');
});

test('an expired access token is refreshed with a rotated refresh token', async (t) => {
  let now = Date.now();
  const setup = await start(t, { clock: () => now });
  await signIn(setup, 'ada');
  const first = await accessToken(setup);
  now += 400_000;
  const second = await accessToken(setup);
  assert.notEqual(second, first);
  now += 400_000;
  assert.notEqual(await accessToken(setup), second);
});

test('signInAs signs browsers in without a page until it is switched off', async (t) => {
  const setup = await start(t);
  setup.provider.signInAs('grace');
  const page = await setup.browser.navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app');
  setup.provider.signInAs(undefined);
  const other = await setup.gateway.browser().navigate('/login?returnTo=/app');
  assert.match(other.body, /Choose a user/);
  assert.throws(() => setup.provider.signInAs('nemo'), /no user with the sub nemo/);
});

test('sign-out ends the session at the provider too, and returns to the application', async (t) => {
  const setup = await start(t);
  const { browser } = setup;
  await signIn(setup, 'ada');
  const { logoutUrl } = (await browser.fetch('/session', { headers: CSRF })).json();
  const out = await browser.navigate(String(logoutUrl));
  assert.equal(out.url.pathname, '/signed-out');
  assert.match((await browser.navigate('/login?returnTo=/app')).body, /Choose a user/);
});

test('a cancelled choice returns to the application with an error', async (t) => {
  const { browser } = await start(t);
  const page = await browser.navigate('/login?returnTo=/app');
  const request = /name="request" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  const last = await browser.navigate(new URL('/choose', page.url).href, {
    method: 'POST',
    form: { request, cancel: '1' },
    from: page.url.href,
  });
  assert.equal(last.url.pathname, '/callback');
  assert.match(last.hops[0]?.headers.location ?? '', /error=access_denied/);
});

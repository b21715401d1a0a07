/** Which provider a sign-in goes to: named, chosen on a page, found by the address of the user, or by the session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CSRF } from '../support/world.ts';
import { sessionOf, signInAt, startTwoProviders } from './support.ts';

const linksOf = (html: string) =>
  [...html.matchAll(/href="([^"]*\/login[^"]*)"[^>]*>([^<]*)</g)].map(([, href = '', name = '']) => [
    href.replaceAll('&amp;', '&'),
    name,
  ]);

test('PV-01 without a provider a navigation gets a page with a link for each, which keeps the parameters', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t);
  const browser = gateway.browser();
  const page = await browser.navigate('/login?returnTo=%2Forders%3Fid%3D1');
  assert.equal(page.status, 200);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal(page.setCookies.length, 0);
  assert.deepEqual(linksOf(page.body), [
    ['/login?returnTo=%2Forders%3Fid%3D1&provider=default', 'Customers'],
    ['/login?returnTo=%2Forders%3Fid%3D1&provider=two', 'Staff'],
  ]);
  assert.equal(one.requests.authorize.length + two.requests.authorize.length, 0);
  const [, [link = '']] = linksOf(page.body) as [string[], string[]];
  const end = await browser.navigate(link, { from: page.url.href });
  assert.equal(end.url.pathname + end.url.search, '/orders?id=1');
  assert.equal((await sessionOf(browser)).provider, 'two');
});

test('PV-01 a named provider gets the browser with a redirect URI of its own; an unknown one is an error', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t);
  await signInAt(gateway.browser(), 'two');
  await signInAt(gateway.browser(), 'default');
  assert.equal(two.requests.authorize[0]?.params.get('redirect_uri'), `${gateway.url}/callback/two`);
  assert.equal(one.requests.authorize[0]?.params.get('redirect_uri'), `${gateway.url}/callback`);
  for (const id of ['zzz', '', 'TWO', 'default,two']) {
    const refused = await gateway.browser().navigate(`/login?provider=${id}`);
    assert.equal(refused.status, 400, id);
    assert.match(refused.body, /names a way to sign in that is not available/);
  }
  const twice = await gateway.browser().navigate('/login?provider=two&provider=default');
  assert.equal(twice.status, 400);
});

test('PV-01 a script gets no page, and no sign-in without a provider', async (t) => {
  const { gateway, two } = await startTwoProviders(t);
  const browser = gateway.browser();
  await browser.navigate('/');
  const plain = await browser.fetch('/login?provider=two');
  assert.equal(plain.status, 401);
  const json = { ...CSRF, accept: 'application/json' };
  const unnamed = await browser.fetch('/login', { headers: json });
  assert.deepEqual([unnamed.status, unnamed.json().code], [400, 'provider_unknown']);
  const named = await browser.fetch('/login?provider=two', { headers: json });
  assert.equal(named.status, 200);
  assert.ok(String(named.json().location).startsWith(two.issuer));
});

test('PV-01 login.choose: default continues to the first provider', async (t) => {
  const { gateway, one } = await startTwoProviders(t, { config: { login: { choose: 'default' } } });
  const page = await gateway.browser().navigate('/login?returnTo=/app');
  assert.equal(page.url.pathname, '/app');
  assert.equal(one.requests.token.length, 1);
});

test('PV-01 a silent sign-in uses the provider of the session; without a session it names one', async (t) => {
  const { gateway, two } = await startTwoProviders(t, { two: { allowedLoginParams: ['prompt'] } });
  const browser = gateway.browser();
  assert.equal((await browser.navigate('/login?prompt=none')).status, 400);
  await signInAt(browser, 'two');
  const before = two.requests.authorize.length;
  await browser.navigate('/login?prompt=none&returnTo=/app', { from: `${gateway.url}/app` });
  assert.equal(two.requests.authorize.length, before + 1);
  assert.equal(two.requests.authorize.at(-1)?.params.get('prompt'), 'none');
});

test('PV-01 the address of the user chooses the provider of its domain', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t, {
    two: { emailDomains: ['staff.example'], allowedLoginParams: ['login_hint'] },
  });
  await gateway
    .browser()
    .navigate('/login?login_hint=ann%40Staff.Example', { stopAt: (url) => url.origin !== gateway.url });
  const chosen = await gateway.browser().navigate('/login?login_hint=ann%40Staff.Example');
  assert.equal(two.requests.authorize.length, 1, String(chosen.status));
  assert.equal(two.requests.authorize[0]?.params.get('login_hint'), 'ann@Staff.Example');
  for (const hint of ['ann@other.example', 'ann@a.staff.example', 'staff.example', 'a@b@staff.example']) {
    const page = await gateway.browser().navigate(`/login?login_hint=${encodeURIComponent(hint)}`);
    assert.equal(linksOf(page.body).length, 2, hint);
  }
  assert.equal(one.requests.authorize.length, 0);
});

test('PV-01 the state of the session names the providers and the one of the session', async (t) => {
  const { gateway } = await startTwoProviders(t);
  const browser = gateway.browser();
  const providers = [
    { id: 'default', name: 'Customers', loginUrl: '/login?provider=default' },
    { id: 'two', name: 'Staff', loginUrl: '/login?provider=two' },
  ];
  const before = await sessionOf(browser);
  assert.deepEqual([before.authenticated, before.providers, before.provider], [false, providers, undefined]);
  await signInAt(browser, 'two');
  const after = await sessionOf(browser);
  assert.deepEqual([after.authenticated, after.providers, after.provider], [true, providers, 'two']);
});

/** Sessions of two providers in one gateway: codes, tokens, logout tokens and users of one mean nothing for the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser } from '../support/browser.ts';
import { createLogoutToken } from '../support/logout-tokens.ts';
import type { Provider } from '../support/provider.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';
import { sessionOf, signInAt, startTwoProviders } from './support.ts';

const isSignedIn = async (browser: Browser) => (await sessionOf(browser)).authenticated;

/** Tokens that a provider was asked to revoke. */
const revoked = ({ requests }: Provider) => requests.revocation.map(({ params }) => params.get('token'));

test('PV-03 a code at the callback of another provider: no token endpoint is asked, and the sign-in can still end at its own', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t);
  const browser = gateway.browser();
  const { stoppedAt } = await browser.navigate('/login?provider=default&returnTo=/app', {
    stopAt: (url) => url.pathname === '/callback',
  });
  assert.ok(stoppedAt);
  const mixed = await browser.navigate(`${gateway.url}/callback/two${stoppedAt.search}`, { from: `${two.issuer}/x` });
  assert.equal(mixed.status, 400);
  assert.equal(one.requests.token.length + two.requests.token.length, 0);
  assert.equal(await isSignedIn(browser), false);
  const own = await browser.navigate(stoppedAt.href, { from: `${one.issuer}/x` });
  assert.equal(own.url.pathname, '/app');
  assert.equal(await isSignedIn(browser), true);
});

test('PV-04 the issuer in the callback must be that of the provider, exactly and once', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t);
  const changes: ((query: URLSearchParams) => void)[] = [
    (query) => query.delete('iss'),
    (query) => query.set('iss', two.issuer),
    (query) => query.append('iss', query.get('iss') ?? ''),
    (query) => query.set('iss', `${query.get('iss')}/`),
  ];
  for (const change of changes) {
    const browser = gateway.browser();
    const { stoppedAt } = await browser.navigate('/login?provider=default', {
      stopAt: (url) => url.pathname === '/callback',
    });
    assert.equal(stoppedAt?.searchParams.get('iss'), one.issuer);
    change(stoppedAt.searchParams);
    const page = await browser.navigate(stoppedAt.href, { from: `${one.issuer}/x` });
    assert.ok(page.status >= 400, `${page.status} ${stoppedAt.search}`);
    assert.equal(one.requests.token.length + two.requests.token.length, 0);
  }
});

test('PV-05 a provider that forwards its users to another one never sees the code of that one', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t);
  // The second provider sends the browser on with its own state and challenge, as in the mix-up attack (RFC 9700 section 4.4).
  two.behaviour.authorize = ({ params }) => {
    const target = new URL(`${one.issuer}/authorize`);
    for (const [name, value] of params) target.searchParams.set(name, value);
    target.searchParams.set('client_id', one.client.id);
    return { status: 302, headers: { location: target.href } };
  };
  const browser = gateway.browser();
  const page = await browser.navigate('/login?provider=two&returnTo=/app');
  assert.equal(page.url.pathname === '/app', false);
  assert.equal(two.requests.token.length, 0, 'no code reached the second provider');
  assert.equal(await isSignedIn(browser), false);
});

test('PV-06 refresh, API call, sign-out and revocation of a session reach its own provider', async (t) => {
  const { gateway, one, two, upstream } = await startTwoProviders(t);
  for (const [id, own, other] of [
    ['default', one, two],
    ['two', two, one],
  ] as const) {
    one.clearRequests();
    two.clearRequests();
    const browser = gateway.browser();
    await signInAt(browser, id);
    assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
    assert.ok(upstream.requests.at(-1)?.header('authorization')?.startsWith('Bearer '));
    assert.equal((await browser.fetch('/session/refresh', { method: 'POST', headers: CSRF })).status, 200);
    assert.equal(own.refreshRequests().length, 1);
    const out = await browser.fetch('/logout', { method: 'POST', headers: { ...CSRF, accept: 'application/json' } });
    const next = await browser.navigate(String(out.json().location), { from: `${gateway.url}/app` });
    assert.ok(next.hops.some(({ url }) => url.href.startsWith(`${own.issuer}/end_session`)));
    await until(() => revoked(own).length === 2, { what: 'both tokens are revoked' });
    const reached = Object.entries(other.requests).filter(
      ([endpoint]) => endpoint !== 'discovery' && endpoint !== 'jwks',
    );
    assert.deepEqual(
      reached.filter(([, requests]) => requests.length > 0),
      [],
    );
  }
});

test('PV-06 a logout token counts at the endpoint of its provider alone, and ends only sessions of that one', async (t) => {
  const { gateway, one, two } = await startTwoProviders(t);
  const [first, second] = [gateway.browser(), gateway.browser()];
  await signInAt(first, 'default');
  await signInAt(second, 'two');
  const post = async (path: string, token: string) => {
    const body = new URLSearchParams({ logout_token: token });
    return (await fetch(gateway.url + path, { method: 'POST', body })).status;
  };
  const { sub } = await sessionOf(second);
  assert.equal(await post('/backchannel-logout', createLogoutToken(two, { sub })), 400);
  assert.equal(await post('/backchannel-logout/two', createLogoutToken(one, { sub })), 400);
  assert.equal(await post('/backchannel-logout/zzz', createLogoutToken(two, { sub })), 404);
  assert.deepEqual([await isSignedIn(first), await isSignedIn(second)], [true, true]);
  assert.equal(await post('/backchannel-logout/two', createLogoutToken(two, { sub })), 200);
  assert.deepEqual([await isSignedIn(first), await isSignedIn(second)], [true, false]);
});

test('PV-06 two clients of one issuer: a logout token ends the sessions of its own client, and its id is not used up at the other', async (t) => {
  const { one, entries, start } = await startTwoProviders(t);
  const gateway = await start({
    providers: [
      entries[0],
      { ...entries[1], issuer: one.issuer, clientId: 'staff-web', clientSecret: one.client.secret },
    ],
  });
  const [first, second] = [gateway.browser(), gateway.browser()];
  one.next.nextSid = 'one-sign-in';
  const ids = { default: one.client.id, two: 'staff-web' };
  await signInAt(first, 'default');
  one.client.id = ids.two;
  await signInAt(second, 'two');
  const { sub } = await sessionOf(first);
  const jti = 'the same id';
  const post = async (path: string, claims: Record<string, unknown>) => {
    const body = new URLSearchParams({ logout_token: createLogoutToken(one, { jti, ...claims }) });
    return (await fetch(gateway.url + path, { method: 'POST', body })).status;
  };
  assert.equal(await post('/backchannel-logout/two', { aud: ids.default, sub }), 400, 'a token for the other client');
  assert.equal(await post('/backchannel-logout/two', { aud: ids.two, sid: 'one-sign-in' }), 200);
  assert.deepEqual([await isSignedIn(first), await isSignedIn(second)], [true, false]);
  await signInAt(second, 'two');
  assert.equal(await post('/backchannel-logout', { aud: ids.default, sub }), 200, 'no replay');
  assert.deepEqual([await isSignedIn(first), await isSignedIn(second)], [false, true]);
});

test('PV-07 the same subject at two providers is two users', async (t) => {
  const { gateway, one, two, upstream } = await startTwoProviders(t, {
    routes: (origin) => [
      { path: '/api/**', upstream: origin, claimHeaders: { 'X-Subject': '@subject', 'X-Provider': '@provider' } },
    ],
    config: { session: { maxPerUser: 1, store: { sqlite: { file: ':memory:' } } } },
  });
  // Nor does the id of a session at the provider mean anything at the other one.
  for (const provider of [one, two]) provider.next.nextSid = 'the same session id';
  const browser = gateway.browser();
  const subjectOf = async () => {
    assert.equal((await browser.fetch('/api/x', { headers: CSRF })).status, 200);
    const request = upstream.requests.at(-1);
    return [decodeURIComponent(request?.header('x-subject') ?? ''), request?.header('x-provider')];
  };
  await signInAt(browser, 'default');
  const { sub } = await sessionOf(browser);
  assert.deepEqual(await subjectOf(), [`${one.issuer}|${sub}`, 'default']);
  const other = gateway.browser();
  await signInAt(other, 'two');
  assert.equal((await sessionOf(other)).sub, sub);
  assert.equal(await isSignedIn(browser), true, 'the limit of sessions counts each user on its own');
  await signInAt(browser, 'two');
  assert.deepEqual(await subjectOf(), [`${two.issuer}|${sub}`, 'two']);
  await until(() => revoked(one).length === 2, { what: 'the tokens of the replaced session are revoked' });
  assert.equal(await isSignedIn(other), false, 'the second sign-in of the same user');
});

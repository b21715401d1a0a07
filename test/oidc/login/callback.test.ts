/** The callback: checks of state, issuer and parameters, errors of the provider, and session fixation. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startProvider } from '../../support/provider.ts';
import { alteringRedirect, denying } from '../../support/provider-faults.ts';
import { startWorld, type World } from '../../support/world.ts';

const atCallback = (url: URL) => url.pathname === '/callback';

describe('a callback', () => {
  let world: World;
  const cleanups: (() => Promise<void>)[] = [];
  before(async () => {
    world = await startWorld({ after: (fn) => void cleanups.push(fn as () => Promise<void>) });
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  beforeEach(() => {
    world.provider.resetBehaviour();
    world.provider.clearRequests();
  });

  const issuers: Record<string, (params: URLSearchParams) => void> = {
    'a foreign iss': (params) => params.set('iss', 'https://evil.example'),
    'an iss with a trailing slash': (params) => params.set('iss', `${params.get('iss')}/`),
    'an uppercase iss': (params) => params.set('iss', String(params.get('iss')).toUpperCase()),
    'no iss although discovery announces it': (params) => params.delete('iss'),
    'an empty iss although discovery announces it': (params) => params.set('iss', ''),
  };
  for (const [name, change] of Object.entries(issuers)) {
    test(`AR-08 with ${name} does not exchange the code`, async () => {
      world.provider.behaviour.authorize = alteringRedirect(change);
      const page = await world.gateway.browser().navigate('/login');
      assert.equal(page.status, 502);
      assert.equal(world.provider.requests.token.length, 0);
    });
  }

  for (const name of [
    'id_token',
    'access_token',
    'token_type',
    'expires_in',
    'scope',
    'response',
    'error',
    'session_state',
  ])
    test(`P01 with an empty ${name} signs in as without it`, async () => {
      world.provider.behaviour.authorize = alteringRedirect((params) => params.set(name, ''));
      const page = await world.gateway.browser().navigate('/login?returnTo=/app');
      assert.equal(page.url.pathname, '/app');
      assert.equal(world.provider.requests.token.length, 1);
    });

  test('P01 with an empty code is refused, and an empty parameter beside another of its name counts as repeated', async () => {
    world.provider.behaviour.authorize = alteringRedirect((params) => params.set('code', ''));
    assert.equal((await world.gateway.browser().navigate('/login')).status, 502);
    world.provider.behaviour.authorize = alteringRedirect((params) => params.append('iss', ''));
    assert.equal((await world.gateway.browser().navigate('/login')).status, 400);
    assert.equal(world.provider.requests.token.length, 0);
  });

  for (const name of ['state', 'code', 'iss']) {
    test(`AR-11 with ${name} sent twice is rejected`, async () => {
      const browser = world.gateway.browser();
      const { stoppedAt } = await browser.navigate('/login', { stopAt: atCallback });
      assert.ok(stoppedAt);
      stoppedAt.searchParams.append(name, 'again');
      assert.equal((await browser.navigate(stoppedAt.href)).status, 400);
      assert.equal(world.provider.requests.token.length, 0);
    });
  }

  test('AR-03 with an altered or missing state is rejected', async () => {
    for (const state of ['', 'x', undefined]) {
      const browser = world.gateway.browser();
      const { stoppedAt } = await browser.navigate('/login', { stopAt: atCallback });
      assert.ok(stoppedAt);
      if (state === undefined) stoppedAt.searchParams.delete('state');
      else stoppedAt.searchParams.set('state', state);
      assert.equal((await browser.navigate(stoppedAt.href)).status, 400);
    }
    assert.equal(world.provider.requests.token.length, 0);
  });

  test('AR-03 two sign-ins have different state, nonce, code challenge and verifier', async () => {
    for (let n = 0; n < 2; n++) await world.gateway.browser().navigate('/login');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.equal(new Set(world.provider.requests.authorize.map(({ params }) => params.get(name))).size, 2, name);
    }
    for (const { params } of world.provider.requests.token) assert.ok((params.get('code_verifier') ?? '').length >= 43);
  });

  test('AR-10 an error response of the provider shows an error page, without a redirect loop and without the provider’s text', async () => {
    world.provider.behaviour.authorize = denying('access_denied');
    const page = await world.gateway.browser().navigate('/login');
    assert.equal(page.status, 403);
    assert.doesNotMatch(page.body, /canary/);
    assert.match(page.body, /href="\/login/);
    assert.equal(world.provider.requests.authorize.length, 1);
  });

  test('AR-10 temporarily_unavailable is an outage, not a denied sign-in', async () => {
    world.provider.behaviour.authorize = denying('temporarily_unavailable');
    const page = await world.gateway.browser().navigate('/login');
    assert.equal(page.status, 503);
    assert.ok(page.headers['retry-after']);
  });

  test('a silent sign-in that needs user interaction returns to the return address', async () => {
    world.provider.behaviour.authorize = denying('login_required');
    const page = await world.gateway.browser().navigate('/login?prompt=none&returnTo=/app');
    assert.equal(page.url.pathname, '/app');
  });

  test('AR-13 a login link cannot set or smuggle parameters of the authorization request', async () => {
    const links = [
      '/login?scope=admin&redirect_uri=https://evil.example&response_mode=fragment&client_id=x&state=s&nonce=n',
      `/login?returnTo=${encodeURIComponent('/x&scope=admin')}`,
      '/login?returnTo=/x%26scope%3Dadmin',
    ];
    for (const link of links) await world.gateway.browser().navigate(link);
    for (const { url, params } of world.provider.requests.authorize) {
      assert.equal(params.get('scope'), world.gateway.config.provider.scopes.join(' '));
      assert.equal(params.get('redirect_uri'), `${world.gateway.url}/callback`);
      assert.equal(params.get('response_mode'), null);
      assert.equal(params.get('response_type'), 'code');
      assert.equal(new Set(url.searchParams.keys()).size, [...url.searchParams.keys()].length, 'no duplicates');
    }
    assert.equal(world.provider.requests.authorize.length, links.length);
  });

  test('AR-14 max_age and acr_values are passed to the provider, and an ID token that does not satisfy them is rejected', async () => {
    const browser = world.gateway.browser();
    assert.equal((await browser.navigate('/login?login_hint=ada&ui_locales=de')).status, 404);
    assert.equal(world.provider.requests.authorize[0]?.params.get('login_hint'), 'ada');
    world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, acr: 'silver' } });
    assert.equal((await browser.navigate('/login?acr_values=gold')).status, 502);
    world.provider.behaviour.idToken = undefined;
    assert.notEqual((await browser.navigate('/login?acr_values=gold')).status, 502);
    world.provider.next.nextAuthAge = 3_600_000;
    assert.equal((await browser.navigate('/login?max_age=60')).status, 502);
    world.provider.next.nextAuthAge = 0;
    assert.equal((await browser.navigate('/login?max_age=minute')).status, 400);
  });

  test('SE-04 a new sign-in gets a new session id, and the previous session ends at once', async () => {
    world.provider.next.nextSid = 'same-sign-in';
    const browser = world.gateway.browser();
    await browser.navigate('/login');
    const old = browser.cookieHeader('/');
    await browser.navigate('/login');
    assert.notEqual(browser.cookieHeader('/'), old);
    const replay = await fetch(`${world.gateway.url}/api/x`, { headers: { cookie: old, 'x-csrf': '1' } });
    assert.equal(replay.status, 401);
    assert.equal(world.provider.requests.revocation.length, 0, 'the session at the provider is still in use');
  });

  test('SE-04 a session id that the browser sends is never adopted', async () => {
    const first = world.gateway.browser();
    await first.navigate('/login');
    const planted = first.cookieHeader('/');
    const victim = world.gateway.browser();
    const { stoppedAt } = await victim.navigate('/login', { stopAt: atCallback });
    const loginCookies = victim.cookieHeader('/');
    const response = await fetch(String(stoppedAt), {
      redirect: 'manual',
      headers: { cookie: `${loginCookies}; ${planted}`, accept: 'text/html' },
    });
    assert.equal(response.status, 303);
    const sessionCookie = response.headers.getSetCookie().find((line) => line.startsWith('bff='));
    assert.ok(sessionCookie && !sessionCookie.includes(planted.slice(4)));
  });
});

test('R33 AR-12 with a SameSite=Lax cookie a sign-in still ends on the gateway’s origin', async (t) => {
  const world = await startWorld(t, {
    gateway: { config: { session: { store: { sqlite: { file: ':memory:' } }, cookie: { sameSite: 'lax' } } } },
  });
  for (const target of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/%09/evil.example',
    'https:evil.example',
    '/login',
  ]) {
    const page = await world.gateway.browser().navigate(`/login?returnTo=${encodeURIComponent(target)}`);
    assert.equal(page.url.href, `${world.gateway.url}/`, target);
  }
});

test('P01 an empty iss counts as omitted: a provider that does not announce iss need not send it', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  provider.behaviour.metadata = ({ authorization_response_iss_parameter_supported: _, ...metadata }) => metadata;
  provider.behaviour.authorize = alteringRedirect((params) => params.set('iss', ''));
  const world = await startWorld(t, { running: provider });
  assert.equal((await world.gateway.browser().navigate('/login?returnTo=/app')).url.pathname, '/app');
  provider.behaviour.authorize = alteringRedirect((params) => params.set('iss', 'https://evil.example'));
  assert.equal((await world.gateway.browser().navigate('/login?returnTo=/app')).status, 502);
});

/** A user on a running gateway, end to end: sign-in, API requests, refresh, sign-out. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const CSRF = { 'x-csrf': '1' };

describe('a gateway in front of an API', () => {
  let provider: Provider;
  let upstream: Upstream;
  let gateway: TestGateway;

  before(async () => {
    provider = await startProvider();
    upstream = await startUpstream();
    gateway = await startGateway({
      provider,
      routes: [{ path: '/api/**', upstream: upstream.origin }],
      config: { logout: { revocationWait: '10s' } },
    });
  });
  after(async () => {
    await gateway.stop();
    await upstream.close();
    await provider.stop();
  });
  beforeEach(() => {
    provider.resetBehaviour();
    provider.clearRequests();
  });

  async function signedIn() {
    const browser = gateway.browser();
    const page = await browser.navigate('/login?returnTo=/app');
    assert.equal(page.url.pathname, '/app');
    return browser;
  }

  test('AR-02 AR-07 SE-02 a sign-in returns to its page with a session that reaches the API', async () => {
    const browser = await signedIn();
    const session = await browser.fetch('/session', { headers: CSRF });
    assert.equal(session.json().authenticated, true);
    const response = await browser.fetch('/api/orders', { headers: CSRF });
    assert.equal(response.status, 200);
    const [authorize] = provider.requests.authorize;
    assert.equal(authorize?.params.get('code_challenge_method'), 'S256');
    assert.equal(authorize?.params.get('redirect_uri'), `${gateway.url}/callback`);
  });

  test('HC-04 no code stays in the address bar, and no response contains a token', async () => {
    const browser = await signedIn();
    await browser.fetch('/profile', { headers: CSRF });
    await browser.fetch('/session', { headers: CSRF });
    assert.equal(browser.location()?.search, '');
    const own = browser.responses.filter((hop) => hop.url.origin === gateway.url);
    for (const hop of own) assert.doesNotMatch(hop.body, /eyJ[A-Za-z0-9_-]{20}/);
  });

  test('the profile comes from the ID token and needs a session', async () => {
    const browser = await signedIn();
    const profile = await browser.fetch('/profile', { headers: CSRF });
    assert.equal(profile.status, 200);
    assert.equal(profile.json().sub, provider.next.nextUser.sub);
    assert.equal('nonce' in profile.json(), false);
    assert.equal((await gateway.browser().fetch('/profile', { headers: CSRF })).status, 401);
  });

  test('R08 a callback that is opened in another browser is refused, and no code is exchanged', async () => {
    const [mine, other] = [gateway.browser(), gateway.browser()];
    const stopped = await mine.navigate('/login?returnTo=/app', { stopAt: (url) => url.pathname === '/callback' });
    const refused = await other.navigate(String(stopped.stoppedAt));
    assert.equal(refused.status, 400);
    assert.equal(provider.requests.token.length, 0);
    const finished = await mine.navigate(String(stopped.stoppedAt));
    assert.equal(finished.url.pathname, '/app');
  });

  test('R09 AR-05 five tabs that sign in at once each return to their own page', async () => {
    const browser = gateway.browser();
    const starts = [];
    for (const tab of ['/a', '/b', '/c', '/d', '/e']) {
      starts.push({
        tab,
        page: await browser.navigate(`/login?returnTo=${tab}`, { stopAt: (url) => url.pathname === '/callback' }),
      });
    }
    for (const { tab, page } of starts.reverse()) {
      assert.equal((await browser.navigate(String(page.stoppedAt))).url.pathname, tab);
    }
  });

  test('AR-04 a callback is consumed once', async () => {
    const browser = gateway.browser();
    const { stoppedAt } = await browser.navigate('/login', { stopAt: (url) => url.pathname === '/callback' });
    const cookie = browser.cookieHeader('/');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        fetch(String(stoppedAt), { redirect: 'manual', headers: { cookie, accept: 'text/html' } }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(provider.requests.token.length, 1);
  });

  test('R10 abandoned sign-ins do not accumulate', async () => {
    const browser = gateway.browser();
    for (let index = 0; index < 30; index++)
      await browser.navigate('/login', { stopAt: (url) => url.origin !== gateway.url });
    const done = await browser.navigate('/login?returnTo=/app');
    assert.equal(done.url.pathname, '/app');
    assert.ok(browser.longestCookieHeader() < 4096);
  });

  test('R14 anonymous traffic gets no cookie', async () => {
    for (const path of ['/', '/api/x', '/session', '/profile', '/nowhere']) {
      const response = await fetch(gateway.url + path);
      assert.equal(response.headers.get('set-cookie'), null, path);
    }
  });

  test('R25 an API request without a session is 401, not a redirect', async () => {
    const response = await fetch(`${gateway.url}/api/x`, { redirect: 'manual', headers: { accept: 'text/html' } });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('location'), null);
    assert.match(response.headers.get('content-type') ?? '', /problem\+json/);
  });

  test('AR-16 only a top-level navigation starts a sign-in', async () => {
    const browser = gateway.browser();
    assert.equal((await browser.fetch('/login', { headers: CSRF })).status, 401);
    assert.equal((await browser.fetch('/login', { dest: 'image', mode: 'no-cors' })).status, 401);
    assert.equal(browser.cookieHeader('/'), '');
  });

  test('R01 RF-01 concurrent requests at token expiry cause one refresh', async () => {
    provider.settings.accessTokenLifetime = 1_500;
    provider.settings.rotation = 'rotate-revoke-on-reuse';
    const browser = await signedIn();
    provider.settings.accessTokenLifetime = 60_000;
    await until(() => Date.now() - (provider.requests.token.at(-1)?.at ?? 0) > 1_500);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.fetch('/api/orders', { headers: CSRF })),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(provider.refreshRequests().length, 1);
  });

  test('R05 RF-05 a session survives an outage of the provider', async () => {
    provider.settings.accessTokenLifetime = 1_200;
    const browser = await signedIn();
    await until(() => Date.now() - (provider.requests.token.at(-1)?.at ?? 0) > 1_200);
    await provider.stop();
    const during = await browser.fetch('/api/orders', { headers: CSRF });
    assert.equal(during.status, 503);
    assert.ok(during.headers['retry-after']);
    await provider.start();
    await until(async () => (await browser.fetch('/api/orders', { headers: CSRF })).status === 200, {
      timeout: 12_000,
    });
  });

  test('RF-05 invalid_grant ends the session', async () => {
    provider.settings.accessTokenLifetime = 1_200;
    const browser = await signedIn();
    await until(() => Date.now() - (provider.requests.token.at(-1)?.at ?? 0) > 1_200);
    provider.behaviour.token = () => ({ status: 400, headers: {}, json: { error: 'invalid_grant' } });
    assert.equal((await browser.fetch('/api/orders', { headers: CSRF })).status, 401);
    assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
  });

  test('sign-out ends the session, revokes both tokens and continues at the provider', async () => {
    const browser = await signedIn();
    const cookie = browser.cookieHeader('/');
    const response = await browser.fetch('/logout', {
      method: 'POST',
      headers: { ...CSRF, accept: 'application/json' },
    });
    const { location } = response.json();
    assert.equal(location, '/logout/continue');
    assert.deepEqual(
      provider.requests.revocation.map(({ params }) => params.get('token_type_hint')),
      ['refresh_token', 'access_token'],
    );
    const replayed = await fetch(`${gateway.url}/api/orders`, { headers: { cookie, ...CSRF } });
    assert.equal(replayed.status, 401);
    assert.equal((await browser.navigate(String(location), { from: gateway.url })).url.pathname, '/signed-out');
    assert.ok(provider.requests.end_session[0]?.params.get('id_token_hint'));
    assert.equal(browser.cookieHeader('/'), '');
  });

  test('R17 LO-01 a failing revocation endpoint does not delay the sign-out', async () => {
    const browser = await signedIn();
    provider.behaviour.revocation = () => ({ status: 500, headers: {}, body: 'no' });
    const response = await browser.fetch('/logout', {
      method: 'POST',
      headers: { ...CSRF, accept: 'application/json' },
    });
    assert.equal(response.json().location, '/logout/continue');
    assert.equal((await browser.navigate('/logout/continue', { from: gateway.url })).url.pathname, '/signed-out');
    assert.equal(provider.requests.end_session.length, 1);
    assert.match(gateway.logText(), /token.revocation_failed/);
  });

  test('R18 CS-05 other sites cannot sign a user out', async () => {
    const browser = await signedIn();
    const { host } = new URL(provider.issuer);
    await browser.fetch('/logout', { from: `http://${host}`, dest: 'image', mode: 'no-cors' });
    await browser.navigate('/logout', { method: 'POST', from: `http://${host}/`, form: {} });
    await browser.navigate('/logout');
    assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, true);
    const { logoutUrl } = (await browser.fetch('/session', { headers: CSRF })).json();
    await browser.navigate(String(logoutUrl));
    assert.equal((await browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
  });

  test('R32 AR-10 text in a callback is never rendered as markup', async () => {
    const response = await fetch(
      `${gateway.url}/callback?error=%3Cscript%3E&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=%3Cscript%3E`,
      { headers: { accept: 'text/html' } },
    );
    assert.doesNotMatch(await response.text(), /<script/);
    assert.doesNotMatch(
      response.headers.get('content-security-policy') ?? "script-src 'unsafe-inline'",
      /unsafe-inline/,
    );
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  });

  test('R33 AR-12 a sign-in never returns to another origin', async () => {
    for (const target of ['https://evil.example', '//evil.example', '/\\evil.example', 'https:evil.example']) {
      const page = await gateway.browser().navigate(`/login?returnTo=${encodeURIComponent(target)}`);
      assert.equal(page.url.href, `${gateway.url}/`, target);
    }
  });

  test('R20 AR-07 a forged Host is refused', async () => {
    const response = await fetch(`${gateway.url}/login`, {
      redirect: 'manual',
      headers: { accept: 'text/html', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    });
    assert.doesNotMatch(response.headers.get('location') ?? '', /evil/);
  });

  test('LG-01 no token, code or state reaches the log', async () => {
    await signedIn();
    assert.doesNotMatch(gateway.logText(), /eyJ[A-Za-z0-9_-]{20}/);
    const code = provider.requests.token.find(({ params }) => params.get('code'))?.params.get('code');
    assert.ok(code && !gateway.logText().includes(code));
  });
});

/** Providers that deviate, are down at start, or have another clock; sessions that reach their limits. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const CSRF = { 'x-csrf': '1' };

async function world(t: TestContext, options: Partial<TestGatewayOptions> = {}) {
  const provider = await startProvider();
  const upstream = await startUpstream();
  const gateway = await startGateway({
    provider,
    routes: [{ path: '/api/**', upstream: upstream.origin }],
    ...options,
  });
  t.after(async () => {
    await gateway.stop();
    await upstream.close();
    await provider.stop();
  });
  const browser = gateway.browser();
  return { provider, upstream, gateway, browser, api: () => browser.fetch('/api/x', { headers: CSRF }) };
}

test('R07 a token response without expires_in: sign-in works, and exp of the token decides', async (t) => {
  const { provider, browser, api } = await world(t);
  provider.settings.accessTokenLifetime = 2_000;
  provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    delete response.json?.expires_in;
    return response;
  };
  await browser.navigate('/login?returnTo=/app');
  assert.equal((await api()).status, 200);
  await until(async () => (await api()).status === 200 && provider.refreshRequests().length === 1);
});

test('R06 after a refresh without an ID token, profile and sign-out at the provider still work', async (t) => {
  const { provider, browser, api, gateway } = await world(t);
  provider.settings.accessTokenLifetime = 1_500;
  await browser.navigate('/login?returnTo=/app');
  provider.settings.accessTokenLifetime = 60_000;
  provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    delete response.json?.id_token;
    return response;
  };
  await until(async () => (await api()).status === 200 && provider.refreshRequests().length === 1);
  assert.equal((await browser.fetch('/profile', { headers: CSRF })).json().sub, provider.next.nextUser.sub);
  const response = await browser.fetch('/logout', { method: 'POST', headers: { ...CSRF, accept: 'application/json' } });
  await browser.navigate(String(response.json().location), { from: gateway.url });
  assert.ok(provider.requests.end_session[0]?.params.get('id_token_hint'));
});

test('R19 SE-05 idle and absolute limits hold; only API requests count as activity', async (t) => {
  const config = { session: { store: { sqlite: { file: ':memory:' } }, idleTimeout: '2s', absoluteTimeout: '5s' } };
  // The clock moves only between two requests: a delayed request must not make the session idle.
  let now = Date.now();
  const { browser, api } = await world(t, { config, clock: () => now });
  /** Sends a request every 200 ms until the session ends; returns how long it lasted. */
  const lifeOf = async (isOver: () => Promise<boolean>) => {
    const started = now;
    while (!(await isOver()) && now - started < 10_000) now += 200;
    return now - started;
  };
  await browser.navigate('/login?returnTo=/app');
  const lived = await lifeOf(async () => (await api()).status === 401);
  assert.ok(lived > 4_000 && lived < 8_000, `the busy session lived ${lived} ms`);

  await browser.navigate('/login?returnTo=/app');
  const polled = async () => (await browser.fetch('/session', { headers: CSRF })).json().authenticated === false;
  assert.ok((await lifeOf(polled)) < 4_500, 'polling the session endpoint does not prolong it');
});

test('R47 a clock 5 s ahead is tolerated; one 10 minutes ahead is refused, and the log names it', async (t) => {
  const { provider, browser, gateway } = await world(t);
  provider.settings.clockOffset = 5_000;
  assert.equal((await browser.navigate('/login?returnTo=/app')).url.pathname, '/app');
  provider.settings.clockOffset = 600_000;
  assert.equal((await gateway.browser().navigate('/login?returnTo=/app')).status, 502);
  assert.match(gateway.logText(), /clocks of gateway and provider differ/);
});

test('R52 a provider that is down at start: sign-in is 503, and works once the provider is back', async (t) => {
  const provider = await startProvider();
  await provider.stop();
  const gateway = await startGateway({ provider });
  t.after(async () => {
    await gateway.stop();
    await provider.stop();
  });
  assert.equal((await gateway.browser().navigate('/login')).status, 503);
  await provider.start();
  await until(async () => (await gateway.browser().navigate('/login?returnTo=/app')).url.pathname === '/app');
});

/** Start of a sign-in as JSON, for scripts of the own origin: the address of the provider, with the limits of a redirect. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAgent, send } from '../support/browser-http.ts';
import { CSRF, startWorld, type WorldOptions } from '../support/world.ts';

const JSON_ONLY = { ...CSRF, accept: 'application/json' };
const LISTED = 'http://app.localhost:9';

async function start(t: TestContext, options: WorldOptions = {}) {
  const world = await startWorld(t, options);
  const agent = createAgent();
  t.after(() => agent.destroy());
  /** Sends exactly these headers. */
  const raw = async (headers: Record<string, string>, method = 'GET') =>
    send({ url: new URL('/login', world.gateway.url), method, headers }, agent);
  return { world, raw };
}

test('AR-16 a script of the own origin gets the address of the provider and completes the sign-in with it', async (t) => {
  const { world } = await start(t);
  const { browser, provider } = world;
  const started = await browser.fetch('/login?returnTo=/app&prompt=login&login_hint=ada', { headers: JSON_ONLY });
  assert.equal(started.status, 200);
  assert.match(String(started.headers['content-type']), /^application\/json/);
  assert.equal(started.headers['cache-control'], 'no-store');
  assert.equal(started.headers['x-bff-gateway'], 'ok');
  assert.equal(started.headers.location, undefined);
  assert.deepEqual(Object.keys(started.json()), ['location']);
  const location = new URL(String(started.json().location));
  assert.equal(location.origin, new URL(provider.issuer).origin);
  assert.equal(location.searchParams.get('login_hint'), 'ada');
  assert.equal(location.searchParams.get('code_challenge_method'), 'S256');
  assert.match(started.setCookies.join('\n'), /^[^;]*login[^;]*; .*HttpOnly; SameSite=Lax$/m);

  const page = await browser.navigate(location.href);
  assert.equal(page.url.href, `${world.gateway.url}/app`);
  assert.equal((await world.session()).authenticated, true);
});

test('R08 another browser that gets the address does not sign in with it', async (t) => {
  const { world } = await start(t);
  const { location } = (await world.browser.fetch('/login', { headers: JSON_ONLY })).json();
  const victim = world.gateway.browser();
  const page = await victim.navigate(String(location), { from: 'https://evil.example/' });
  assert.deepEqual([page.status, page.headers['x-bff-gateway']], [400, 'login_unknown']);
  assert.equal(world.provider.requests.token.length, 0);
});

test('CS-01 other origins, listed ones too, and requests without the CSRF header start nothing', async (t) => {
  const { world, raw } = await start(t, { gateway: { config: { cors: { allowedOrigins: [LISTED] } } } });
  const json = { accept: 'application/json' };
  const cases: [Record<string, string>, number, string][] = [
    [json, 403, 'csrf_header_missing'],
    [{ ...json, 'sec-fetch-site': 'same-origin' }, 403, 'csrf_header_missing'],
    [{ ...json, 'x-csrf': '2' }, 403, 'csrf_header_missing'],
    [{ ...JSON_ONLY, 'sec-fetch-site': 'cross-site' }, 403, 'csrf_cross_site'],
    [{ ...JSON_ONLY, 'sec-fetch-site': 'same-site' }, 403, 'csrf_cross_site'],
    [{ ...JSON_ONLY, 'sec-fetch-site': 'none' }, 403, 'csrf_cross_site'],
    [{ ...JSON_ONLY, origin: 'https://evil.example' }, 403, 'csrf_cross_site'],
    [{ ...JSON_ONLY, origin: 'null' }, 403, 'csrf_cross_site'],
    [{ ...JSON_ONLY, origin: LISTED, 'sec-fetch-site': 'same-site' }, 403, 'csrf_cross_site'],
    [{ ...JSON_ONLY, origin: LISTED }, 403, 'csrf_cross_site'],
  ];
  for (const [headers, status, code] of cases) {
    const refused = await raw(headers);
    const what = JSON.stringify(headers);
    assert.deepEqual([refused.status, refused.headers['x-bff-gateway']], [status, code], what);
    assert.deepEqual(refused.setCookies, [], what);
    assert.equal(refused.headers['access-control-allow-origin'], undefined, what);
    assert.doesNotMatch(refused.body, /location/);
  }
  assert.equal((await raw(JSON_ONLY)).status, 200, 'without fetch metadata, as a native shell sends it');
  const preflight = await raw(
    { origin: LISTED, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-csrf' },
    'OPTIONS',
  );
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  assert.equal(world.provider.requests.authorize.length, 0);
});

test('AR-16 whatever does not ask for JSON alone, HEAD and prefetches are handled as before', async (t) => {
  const { raw } = await start(t);
  const sameOrigin = { ...CSRF, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
  for (const accept of [
    '*/*',
    'text/plain',
    'text/html, application/json',
    'application/json;q=0.5, text/html',
    'image/*',
  ]) {
    const refused = await raw({ ...sameOrigin, accept });
    assert.deepEqual([refused.status, refused.headers['x-bff-gateway']], [401, 'login_not_navigation'], accept);
  }
  for (const [headers, method] of [
    [JSON_ONLY, 'HEAD'],
    [{ ...JSON_ONLY, 'sec-purpose': 'prefetch' }, 'GET'],
  ] as const) {
    const refused = await raw(headers, method);
    assert.deepEqual([refused.status, refused.setCookies], [401, []]);
  }
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };
  for (const accept of ['text/html', 'application/json', 'application/json, text/html'])
    assert.equal((await raw({ ...navigation, accept })).status, 303, accept);
  // A list of types that ends with anything is what HTTP libraries send.
  assert.equal((await raw({ ...sameOrigin, accept: 'application/json, text/plain, */*' })).status, 200);
});

test('the limits of a redirect hold: parameters, return address, pending sign-ins, rate', async (t) => {
  const { world } = await start(t, {
    gateway: {
      providerConfig: { allowedLoginParams: [{ name: 'kc_idp_hint', values: ['google'] }] },
      config: { login: { maxPending: 2 }, limits: { loginsPerMinute: 10 } },
    },
  });
  const { browser } = world;
  const ask = (query: string) => browser.fetch(`/login${query}`, { headers: JSON_ONLY });
  for (const [query, code] of [
    ['?kc_idp_hint=evil', 'bad_request'],
    ['?kc_idp_hint=google&kc_idp_hint=google', 'duplicate_parameter'],
    [`?returnTo=/${'a'.repeat(2_000)}`, 'bad_request'],
  ] as const) {
    const refused = await ask(query);
    assert.deepEqual([refused.status, refused.json().code, refused.setCookies], [400, code, []], query.slice(0, 40));
  }
  const { location } = (await ask('?kc_idp_hint=google&returnTo=https://evil.example/')).json();
  assert.equal(new URL(String(location)).searchParams.get('kc_idp_hint'), 'google');
  assert.equal((await browser.navigate(String(location))).url.href, `${world.gateway.url}/`);

  for (let count = 0; count < 3; count += 1) assert.equal((await ask('')).status, 200);
  assert.equal(browser.cookieHeader('/').match(/bff-login-/g)?.length, 2);

  for (let count = 0; count < 3; count += 1) await ask('');
  const limited = await ask('');
  assert.deepEqual([limited.status, limited.json().code], [429, 'too_many_requests']);
  assert.ok(limited.headers['retry-after']);
});

test('with pushed requests the address holds neither state nor parameters; an outage is a 503 as JSON', async (t) => {
  const { world } = await start(t, { provider: { settings: { pushed: 'required' } } });
  const { browser, provider } = world;
  const { location } = (await browser.fetch('/login?returnTo=/app&login_hint=ada', { headers: JSON_ONLY })).json();
  assert.deepEqual([...new URL(String(location)).searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.equal(provider.requests.par[0]?.params.get('login_hint'), 'ada');
  assert.equal((await browser.navigate(String(location))).url.pathname, '/app');
  await provider.stop();
  const failed = await browser.fetch('/login', { headers: JSON_ONLY });
  assert.deepEqual([failed.status, failed.json().code, failed.setCookies], [503, 'provider_unavailable', []]);
});

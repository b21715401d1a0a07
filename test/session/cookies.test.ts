/** Cookies over HTTPS: attributes, removal, content, and sign-in with form_post. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBrowser } from '../support/browser.ts';
import { denying } from '../support/provider-faults.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../support/world.ts';

const PUBLIC = 'https://shop.example.test';
const FRONT = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
const atCallback = (url: URL) => url.pathname === '/callback';

/** Starts a world in which a trusted proxy terminates TLS in front of the gateway. */
function startHttpsWorld(t: Parameters<typeof startWorld>[0], gateway: WorldOptions['gateway'] = {}): Promise<World> {
  const config = { trustedProxies: ['127.0.0.1'], ...gateway.config };
  return startWorld(t, { gateway: { publicUrl: PUBLIC, front: FRONT, ...gateway, config } });
}

const gatewayResponses = (world: World) => world.browser.responses.filter(({ url }) => url.origin === PUBLIC);
const setCookieLines = (world: World) => gatewayResponses(world).flatMap(({ setCookies }) => setCookies);
const signOut = async (world: World) => {
  const { location } = (await world.browser.fetch('/logout', { method: 'POST', headers: CSRF })).json();
  return await world.browser.navigate(String(location), { from: PUBLIC });
};

/** Performs every action that makes the gateway set or clear a cookie. */
async function exerciseCookies(world: World): Promise<void> {
  for (let n = 0; n < 8; n++) await world.browser.navigate('/login', { stopAt: atCallback });
  world.provider.behaviour.authorize = denying();
  await world.browser.navigate('/login');
  world.provider.resetBehaviour();
  await world.signIn();
  await world.signIn();
  await world.api();
  await signOut(world);
}

test('SE-01 SE-02 each Set-Cookie is __Host-, Secure and HttpOnly, with Path=/ and without Domain', async (t) => {
  const world = await startHttpsWorld(t);
  await exerciseCookies(world);
  const lines = setCookieLines(world);
  const names = new Set(lines.map((line) => line.split('=')[0]?.replace(/login-.*/, 'login')));
  assert.deepEqual([...names].sort(), ['__Host-bff', '__Host-bff-login', '__Host-bff-logout']);
  assert.ok(lines.length > 15, `${lines.length}`);
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ').map((part) => part.trim());
    const attributesNamed = (name: string) => attributes.filter((part) => part.toLowerCase().split('=')[0] === name);
    for (const flag of ['secure', 'httponly']) assert.equal(attributesNamed(flag).length, 1, line);
    assert.deepEqual(attributesNamed('path'), ['Path=/'], line);
    assert.deepEqual(attributesNamed('domain'), [], line);
    assert.deepEqual(
      attributesNamed('samesite'),
      [pair.includes('-login-') ? 'SameSite=Lax' : 'SameSite=Strict'],
      line,
    );
    assert.ok(line.length < 4_096, line);
  }
});

test('HC-01 a response that sets a cookie has Cache-Control: no-store', async (t) => {
  const world = await startHttpsWorld(t);
  await exerciseCookies(world);
  for (const hop of gatewayResponses(world).filter(({ setCookies }) => setCookies.length > 0))
    assert.equal(hop.headers['cache-control'], 'no-store', hop.url.pathname);
});

test('SE-08 after sign-out the browser holds no session, login or logout cookie', async (t) => {
  const world = await startHttpsWorld(t);
  await world.signIn();
  assert.deepEqual(
    world.browser.jar.all().map(({ name }) => name),
    ['__Host-bff'],
  );
  const page = await signOut(world);
  assert.equal(page.url.href, `${PUBLIC}/signed-out`);
  assert.deepEqual(world.browser.jar.all(), []);
});

test('SE-08 a cookie is cleared with the attributes it was set with, so that browsers accept it', async (t) => {
  const world = await startHttpsWorld(t);
  await exerciseCookies(world);
  const attributesOf = (line: string) =>
    line
      .split('; ')
      .slice(1)
      .filter((part) => !/^(expires|max-age)=/i.test(part))
      .sort()
      .join('; ');
  const isRemoval = (line: string) => /^[^=]+=;/.test(line);
  const removals = setCookieLines(world).filter(isRemoval);
  assert.ok(removals.length >= 4, `${removals.length}`);
  for (const line of removals) {
    assert.match(line, /Expires=Thu, 01 Jan 1970/);
    const name = line.split('=')[0];
    const set = setCookieLines(world).find((other) => other.startsWith(`${name}=`) && !isRemoval(other));
    assert.ok(set, `${name} was never set`);
    assert.equal(attributesOf(line), attributesOf(set));
  }
});

test('SE-02 with sameSite lax the session cookie is SameSite=Lax and is sent to the return address', async (t) => {
  const session = { store: { sqlite: { file: ':memory:' } }, cookie: { sameSite: 'lax' as const } };
  const world = await startHttpsWorld(t, { config: { trustedProxies: ['127.0.0.1'], session } });
  await world.signIn();
  assert.match(setCookieLines(world).find((line) => line.startsWith('__Host-bff=')) ?? '', /SameSite=Lax/);
  assert.match(gatewayResponses(world).at(-1)?.requestHeaders.cookie ?? '', /__Host-bff=/);
  assert.equal((await world.session()).authenticated, true);
});

test('AR-17 form_post: a cross-site POST completes the sign-in, bound to the browser that started it', async (t) => {
  const world = await startHttpsWorld(t, { providerConfig: { responseMode: 'form_post' } });
  await world.signIn();
  assert.equal((await world.session()).authenticated, true);
  const callback = gatewayResponses(world).find(({ url }) => url.pathname === '/callback');
  assert.equal(callback?.method, 'POST');
  assert.equal(callback?.requestHeaders['sec-fetch-site'], 'cross-site');
  assert.equal(callback?.url.search, '', 'no code in a URL');
  assert.match(setCookieLines(world).find((line) => line.startsWith('__Host-bff=')) ?? '', /SameSite=Strict/);

  world.provider.clearRequests();
  const started = await world.gateway.browser().navigate('/login', { stopAt: atCallback });
  const fields = [...started.body.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  const form: Record<string, string> = Object.fromEntries(fields);
  assert.ok(form.code && form.state);
  const otherBrowser = await world.gateway
    .browser()
    .navigate('/callback', { method: 'POST', form, from: world.provider.issuer });
  assert.equal(otherBrowser.status, 400);
  assert.equal(world.provider.requests.token.length, 0);
});

test('AR-11 form_post: a parameter in both query and body is rejected', async (t) => {
  const world = await startHttpsWorld(t, { providerConfig: { responseMode: 'form_post' } });
  const started = await world.browser.navigate('/login', { stopAt: atCallback });
  const fields = [...started.body.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  const form: Record<string, string> = Object.fromEntries(fields);
  for (const name of ['state', 'code', 'iss']) {
    const query = new URLSearchParams({ [name]: form[name] ?? '' });
    const page = await world.browser.navigate(`/callback?${query}`, {
      method: 'POST',
      form,
      from: world.provider.issuer,
    });
    assert.equal(page.status, 400, name);
  }
  assert.equal(world.provider.requests.token.length, 0);
});

test('AR-10 form_post: an error response of the provider shows an error page without the provider’s text', async (t) => {
  const world = await startHttpsWorld(t, { providerConfig: { responseMode: 'form_post' } });
  const started = await world.browser.navigate('/login', { stopAt: atCallback });
  const state = /name="state" value="([^"]*)"/.exec(started.body)?.[1] ?? '';
  const form = {
    error: 'access_denied',
    error_description: '<script>canary</script>',
    state,
    iss: world.provider.issuer,
  };
  const page = await world.browser.navigate('/callback', { method: 'POST', form, from: world.provider.issuer });
  assert.equal(page.status, 403);
  assert.doesNotMatch(page.body, /canary|<script/);
});

test('R22 a callback without the forwarded scheme fails with an explanation instead of a redirect loop', async (t) => {
  const world = await startHttpsWorld(t);
  const { stoppedAt } = await world.browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
  const port = Number(new URL(world.gateway.ownUrl).port);
  const direct = createBrowser({ baseUrl: PUBLIC, fronts: { [PUBLIC]: { port } } });
  t.after(() => direct.close());
  for (const cookie of world.browser.jar.all()) direct.jar.insert(cookie);
  const page = await direct.navigate(String(stoppedAt));
  assert.equal(page.status, 400);
  assert.match(page.body, /X-Forwarded-Proto: https/);
  assert.deepEqual(page.setCookies, []);
  assert.equal(world.provider.requests.token.length, 0, 'no code is spent on a session whose cookie could not be set');
  const problem = await direct.fetch('/login', {
    headers: { accept: 'application/json', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  });
  assert.equal(problem.json().code, 'insecure_transport');
  assert.deepEqual(problem.setCookies, []);
  assert.equal(
    (await world.browser.navigate(String(stoppedAt))).url.pathname,
    '/app',
    'the pending sign-in is still valid',
  );
});

test('SE-03 no cookie holds readable data: no token, no user data, no state', async (t) => {
  const world = await startHttpsWorld(t);
  await exerciseCookies(world);
  await until(() => world.provider.secrets.size > 10);
  for (const line of setCookieLines(world)) {
    const value = decodeURIComponent(line.split(';')[0] ?? '');
    const parts = value.split(/[=.:]/).map((part) => Buffer.from(part, 'base64').toString('latin1'));
    const decoded = [value, ...parts].join('\n');
    for (const secret of world.provider.secrets.keys()) assert.ok(!decoded.includes(secret), line.slice(0, 40));
    assert.doesNotMatch(decoded, /user-alice|Alice Example|canary-|eyJ[\w-]+\.eyJ|"returnTo"/);
  }
});

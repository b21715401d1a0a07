/** Every cookie that the gateway sets over HTTPS, how each goes away again, and the form_post way that needs another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBrowser } from '../support/browser.ts';
import { denying } from '../support/provider-lies.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld, type World, type WorldOptions } from '../support/world.ts';

const PUBLIC = 'https://shop.example.test';
const FRONT = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
const atCallback = (url: URL) => url.pathname === '/callback';

/** A world in which a trusted proxy ends TLS in front of the gateway. */
function startHttpsWorld(t: Parameters<typeof startWorld>[0], gateway: WorldOptions['gateway'] = {}): Promise<World> {
  const config = { trustedProxies: ['127.0.0.1'], ...gateway.config };
  return startWorld(t, { gateway: { publicUrl: PUBLIC, front: FRONT, ...gateway, config } });
}

const own = (world: World) => world.browser.seen.filter(({ url }) => url.origin === PUBLIC);
const setLines = (world: World) => own(world).flatMap(({ setCookies }) => setCookies);
const signOut = async (world: World) => {
  const { location } = (await world.browser.fetch('/logout', { method: 'POST', headers: CSRF })).json();
  return await world.browser.navigate(String(location), { from: PUBLIC });
};

/** Everything that makes the gateway set or remove a cookie. */
async function eventful(world: World): Promise<void> {
  for (let n = 0; n < 8; n++) await world.browser.navigate('/login', { stopAt: atCallback });
  world.provider.behaviour.authorize = denying();
  await world.browser.navigate('/login');
  world.provider.behave();
  await world.signIn();
  await world.signIn();
  await world.api();
  await signOut(world);
}

test('SE-01 SE-02 each Set-Cookie of a long visit is __Host-, Secure, HttpOnly, on / and on no domain', async (t) => {
  const world = await startHttpsWorld(t);
  await eventful(world);
  const lines = setLines(world);
  const kinds = new Set(lines.map((line) => line.split('=')[0]?.replace(/login-.*/, 'login')));
  assert.deepEqual([...kinds].sort(), ['__Host-bff', '__Host-bff-login', '__Host-bff-logout']);
  assert.ok(lines.length > 20, `${lines.length}`);
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ').map((part) => part.trim());
    const named = (name: string) => attributes.filter((part) => part.toLowerCase().split('=')[0] === name);
    for (const flag of ['secure', 'httponly']) assert.equal(named(flag).length, 1, line);
    assert.deepEqual(named('path'), ['Path=/'], line);
    assert.deepEqual(named('domain'), [], line);
    assert.deepEqual(named('samesite'), [pair.includes('-login-') ? 'SameSite=Lax' : 'SameSite=Strict'], line);
    assert.ok(line.length < 4_096, line);
  }
});

test('HC-01 no answer that sets a cookie may be stored', async (t) => {
  const world = await startHttpsWorld(t);
  await eventful(world);
  for (const hop of own(world).filter(({ setCookies }) => setCookies.length > 0))
    assert.equal(hop.headers['cache-control'], 'no-store', hop.url.pathname);
});

test('SE-08 after sign-out the browser holds no cookie of the session, the sign-in or the sign-out', async (t) => {
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

test('SE-08 a removal repeats what the cookie was set with, so that a browser obeys it', async (t) => {
  const world = await startHttpsWorld(t);
  await eventful(world);
  const shape = (line: string) =>
    line
      .split('; ')
      .slice(1)
      .filter((part) => !/^(expires|max-age)=/i.test(part))
      .sort()
      .join('; ');
  const isRemoval = (line: string) => /^[^=]+=;/.test(line);
  const removals = setLines(world).filter(isRemoval);
  assert.ok(removals.length >= 6, `${removals.length}`);
  for (const line of removals) {
    assert.match(line, /Expires=Thu, 01 Jan 1970/);
    const name = line.split('=')[0];
    const set = setLines(world).find((other) => other.startsWith(`${name}=`) && !isRemoval(other));
    assert.ok(set, `${name} was never set`);
    assert.equal(shape(line), shape(set));
  }
});

test('SE-02 with sameSite lax the landing has the cookie, which says Lax', async (t) => {
  const session = { store: { sqlite: { file: ':memory:' } }, cookie: { sameSite: 'lax' as const } };
  const world = await startHttpsWorld(t, { config: { trustedProxies: ['127.0.0.1'], session } });
  await world.signIn();
  assert.match(setLines(world).find((line) => line.startsWith('__Host-bff=')) ?? '', /SameSite=Lax/);
  assert.match(own(world).at(-1)?.requestHeaders.cookie ?? '', /__Host-bff=/);
  assert.equal((await world.session()).authenticated, true);
});

test('AR-17 form_post: a cross-site post ends the sign-in, bound to the browser that began it', async (t) => {
  const world = await startHttpsWorld(t, { provider_: { responseMode: 'form_post' } });
  await world.signIn();
  assert.equal((await world.session()).authenticated, true);
  const callback = own(world).find(({ url }) => url.pathname === '/callback');
  assert.equal(callback?.method, 'POST');
  assert.equal(callback?.requestHeaders['sec-fetch-site'], 'cross-site');
  assert.equal(callback?.url.search, '', 'no code in an address');
  assert.match(setLines(world).find((line) => line.startsWith('__Host-bff=')) ?? '', /SameSite=Strict/);

  world.provider.clearCalls();
  const begun = await world.gateway.browser().navigate('/login', { stopAt: atCallback });
  const fields = [...begun.body.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  const form: Record<string, string> = Object.fromEntries(fields);
  assert.ok(form.code && form.state);
  const elsewhere = await world.gateway
    .browser()
    .navigate('/callback', { method: 'POST', form, from: world.provider.issuer });
  assert.equal(elsewhere.status, 400);
  assert.equal(world.provider.calls.token.length, 0);
});

test('AR-11 form_post: a parameter in both query and body is refused', async (t) => {
  const world = await startHttpsWorld(t, { provider_: { responseMode: 'form_post' } });
  const begun = await world.browser.navigate('/login', { stopAt: atCallback });
  const fields = [...begun.body.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
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
  assert.equal(world.provider.calls.token.length, 0);
});

test('AR-10 form_post: a refusal of the provider ends on a page without its text', async (t) => {
  const world = await startHttpsWorld(t, { provider_: { responseMode: 'form_post' } });
  const begun = await world.browser.navigate('/login', { stopAt: atCallback });
  const state = /name="state" value="([^"]*)"/.exec(begun.body)?.[1] ?? '';
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

test('R22 a sign-in whose callback arrives without the forwarded scheme stops with the reason, not in a loop', async (t) => {
  const world = await startHttpsWorld(t);
  const { stoppedAt } = await world.browser.navigate('/login?returnTo=/app', { stopAt: atCallback });
  const port = Number(new URL(world.gateway.ownUrl).port);
  const bare = createBrowser({ baseUrl: PUBLIC, fronts: { [PUBLIC]: { port } } });
  t.after(() => bare.close());
  for (const cookie of world.browser.jar.all()) bare.jar.plant(cookie);
  const page = await bare.navigate(String(stoppedAt));
  assert.equal(page.status, 400);
  assert.match(page.body, /X-Forwarded-Proto: https/);
  assert.deepEqual(page.setCookies, []);
  assert.equal(world.provider.calls.token.length, 0, 'no code is spent on a session that no cookie could name');
  const problem = await bare.fetch('/login', {
    headers: { accept: 'application/json', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  });
  assert.equal(problem.json().code, 'insecure_transport');
  assert.deepEqual(problem.setCookies, []);
  assert.equal(
    (await world.browser.navigate(String(stoppedAt))).url.pathname,
    '/app',
    'the sign-in itself is still good',
  );
});

test('SE-03 no cookie holds anything to be read: no token, no person, no state', async (t) => {
  const world = await startHttpsWorld(t);
  await eventful(world);
  await until(() => world.provider.secrets.size > 10);
  for (const line of setLines(world)) {
    const value = decodeURIComponent(line.split(';')[0] ?? '');
    const parts = value.split(/[=.:]/).map((part) => Buffer.from(part, 'base64').toString('latin1'));
    const readable = [value, ...parts].join('\n');
    for (const secret of world.provider.secrets.keys()) assert.ok(!readable.includes(secret), line.slice(0, 40));
    assert.doesNotMatch(readable, /user-alice|Alice Example|canary-|eyJ[\w-]+\.eyJ|"returnTo"/);
  }
});

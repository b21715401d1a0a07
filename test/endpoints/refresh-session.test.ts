/** `POST /session/refresh`: a front end gets new tokens on demand, once per interval, and without any effect for another site. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { alteringJson, oauthError, status } from '../support/provider-faults.ts';
import { BOB } from '../support/provider-state.ts';
import { startTimedWorld, type TimedWorld } from '../support/timed-world.ts';
import { gate, until } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const PATH = '/session/refresh';
const refresh = ({ browser }: World, headers: Record<string, string> = {}) =>
  browser.fetch(PATH, { method: 'POST', headers: { ...CSRF, ...headers } });
const codeOf = async (response: ReturnType<typeof refresh>) => {
  const { status: code, headers } = await response;
  return [code, headers['x-bff-gateway']];
};

async function startSignedIn(t: TestContext, options: Parameters<typeof startTimedWorld>[1] = {}): Promise<TimedWorld> {
  const world = await startTimedWorld(t, options);
  await world.signIn();
  return world;
}

test('the tokens are refreshed although they have not expired; API and profile see the new ones at once', async (t) => {
  const world = await startSignedIn(t);
  await world.api();
  const before = await world.session();
  const response = await refresh(world);
  assert.equal(response.status, 200);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.deepEqual(response.json(), before, 'the response is that of /session');
  assert.equal(world.provider.refreshRequests().length, 1);
  await world.api();
  const [old, fresh] = world.upstream.requests.map((request) => request.header('authorization'));
  assert.notEqual(fresh, old);
  for (const secret of world.provider.secrets.keys()) assert.ok(!response.body.includes(secret));
});

test('claims that changed at the provider are in the profile after the refresh', async (t) => {
  const world = await startSignedIn(t);
  const profile = async () => (await world.browser.fetch('/profile', { headers: CSRF })).json();
  assert.equal((await profile()).department, undefined);
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, department: 'sales' } });
  assert.equal((await refresh(world)).status, 200);
  assert.equal((await profile()).department, 'sales');
});

test('a page cannot flood the provider: 429 until Retry-After is over, and the session goes on', async (t) => {
  const world = await startSignedIn(t);
  assert.equal((await refresh(world)).status, 200);
  world.advance(10_000);
  for (let n = 0; n < 5; n += 1) {
    const limited = await refresh(world);
    assert.deepEqual([limited.status, limited.json().code], [429, 'too_many_requests']);
    assert.equal(limited.headers['retry-after'], '20');
  }
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.equal((await world.api()).status, 200);
  world.advance(20_000);
  assert.equal((await refresh(world)).status, 200);
  assert.equal(world.provider.refreshRequests().length, 2);
});

test('the limit is that of tokens that an API refuses', async (t) => {
  const world = await startSignedIn(t);
  world.upstream.respondWith(
    (_req, res) => void res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end(),
  );
  assert.equal((await world.api()).status, 401);
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.equal((await refresh(world)).status, 429);
  world.advance(30_000);
  assert.equal((await refresh(world)).status, 200);
  assert.equal((await world.api()).status, 401);
  assert.equal(world.provider.refreshRequests().length, 2);
});

test('a token that has expired is refreshed within the interval as well', async (t) => {
  const world = await startSignedIn(t, { provider: { settings: { accessTokenLifetime: 10_000 } } });
  assert.equal((await refresh(world)).status, 200);
  world.advance(11_000);
  assert.equal((await refresh(world)).status, 200);
  assert.equal(world.provider.refreshRequests().length, 2);
});

test('RF-05 invalid_grant ends the session with 401', async (t) => {
  const world = await startSignedIn(t);
  world.provider.behaviour.token = () => oauthError('invalid_grant');
  assert.deepEqual(await codeOf(refresh(world)), [401, 'unauthenticated']);
  assert.equal((await world.session()).authenticated, false);
  assert.deepEqual(await codeOf(refresh(world)), [401, 'unauthenticated']);
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.match(world.gateway.logText(), /"session\.ended".*"reason":"invalid_grant"/);
});

test('RF-07 a sign-out during the refresh: 401, the session stays ended, the new tokens are revoked', async (t) => {
  const world = await startSignedIn(t);
  const provider = gate();
  world.provider.behaviour.token = async (_call, proceed) => {
    const response = await proceed();
    await provider.passed;
    return response;
  };
  const request = refresh(world);
  await until(() => world.provider.refreshRequests().length === 1);
  await world.browser.fetch('/logout', { method: 'POST', headers: { ...CSRF, accept: 'application/json' } });
  const revoked = world.provider.requests.revocation.length;
  provider.open();
  assert.deepEqual(await codeOf(request), [401, 'unauthenticated']);
  await until(() => world.provider.requests.revocation.length > revoked);
});

test('R05 an unavailable provider: 503, session and tokens stay, and Retry-After is kept', async (t) => {
  const world = await startSignedIn(t);
  world.provider.behaviour.token = () => status(503);
  const failed = await refresh(world);
  assert.deepEqual([failed.status, failed.json().code], [503, 'provider_unavailable']);
  const again = await refresh(world);
  assert.deepEqual([again.status, again.json().code], [503, 'provider_unavailable']);
  assert.equal(again.headers['retry-after'], failed.headers['retry-after']);
  assert.equal(world.provider.refreshRequests().length, 1);
  assert.equal((await world.session()).authenticated, true);
  assert.equal((await world.api()).status, 200, 'the previous token is good');
  world.provider.resetBehaviour();
  world.advance(Number(failed.headers['retry-after']) * 1_000);
  assert.equal((await refresh(world)).status, 200);
});

test('without a refresh token: 409 no_refresh_token, and the session goes on', async (t) => {
  const world = await startTimedWorld(t);
  world.provider.behaviour.token = alteringJson({ refresh_token: undefined });
  await world.signIn();
  assert.deepEqual(await codeOf(refresh(world)), [409, 'no_refresh_token']);
  assert.equal((await world.session()).authenticated, true);
  assert.equal((await world.api()).status, 200);
});

test('CS-01 without a session 401; without the CSRF header or from another site 403; by any other method 405', async (t) => {
  const world = await startTimedWorld(t);
  assert.deepEqual(await codeOf(refresh(world)), [401, 'unauthenticated']);
  await world.signIn();
  const post = (headers: Record<string, string>) => world.browser.fetch(PATH, { method: 'POST', headers });
  assert.deepEqual(await codeOf(post({})), [403, 'csrf_header_missing']);
  const foreign = { ...CSRF, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.deepEqual(await codeOf(post(foreign)), [403, 'csrf_cross_site']);
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    const response = await world.browser.fetch(PATH, { method, headers: CSRF });
    assert.deepEqual([response.status, response.headers.allow], [405, 'POST'], method);
  }
  assert.equal(world.provider.refreshRequests().length, 0);
});

test('B08 a page that shows another session than that of the cookie refreshes nothing: 409 session_changed', async (t) => {
  const world = await startSignedIn(t);
  const bindingOf = async () => ({ 'X-Bff-Session': String((await world.session()).binding) });
  const alice = await bindingOf();
  world.provider.next.nextUser = BOB;
  await world.signIn();
  assert.deepEqual(await codeOf(refresh(world, alice)), [409, 'session_changed']);
  assert.equal(world.provider.refreshRequests().length, 0);
  assert.equal((await refresh(world, await bindingOf())).status, 200);
});

test('it does not extend the idle limit, because a page may send it without its user', async (t) => {
  const world = await startSignedIn(t, { gateway: { config: { session: { idleTimeout: '30m' } } } });
  const { idleExpiresAt } = await world.session();
  world.advance(20 * 60_000);
  const response = await refresh(world);
  assert.deepEqual([response.status, response.json().idleExpiresAt], [200, idleExpiresAt]);
  world.advance(11 * 60_000);
  assert.deepEqual(await codeOf(refresh(world)), [401, 'unauthenticated']);
});

test('the prefix moves the endpoint, and a page of a listed origin may use it', async (t) => {
  const friend = 'http://app.localhost:5173';
  const world = await startWorld(t, {
    gateway: { config: { endpoints: { prefix: '/bff' }, cors: { allowedOrigins: [friend] } } },
  });
  await world.browser.navigate('/bff/login?returnTo=/app');
  const headers = { ...CSRF, origin: friend, 'sec-fetch-site': 'same-site' };
  const response = await world.browser.fetch(`/bff${PATH}`, { method: 'POST', headers });
  assert.deepEqual([response.status, response.headers['access-control-allow-origin']], [200, friend]);
});

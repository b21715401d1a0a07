/** Step-up (RFC 9470): the response names the required sign-in, and one new sign-in satisfies it or fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessToken } from '../support/tokens.ts';
import { startWorld, type World } from '../support/world.ts';
import { startBearerWorld } from './world.ts';

const RULES = [{ methods: ['GET' as const], token: 'user' as const, acr: ['gold', 'platinum'] }];
const AGED = [{ token: 'user' as const, maxAge: '5m' }];
const routes = (upstream: string) => [
  { path: '/api/gold/**', upstream, rules: RULES },
  { path: '/api/recent/**', upstream, rules: AGED },
  { path: '/api/**', upstream },
];

/** Does what a front end does: follows the sign-in address of the response, with a return address. */
async function follow(world: World, path: string) {
  const refused = await world.api(path);
  assert.equal(refused.status, 401);
  const problem = refused.json();
  assert.equal(problem.code, 'step_up_required');
  return await world.browser.navigate(`${String(problem.loginUrl)}&returnTo=/app`);
}

test('RS-08 a session with a weaker sign-in gets the challenge and an address; the new sign-in requests the class and passes', async (t) => {
  const world = await startWorld(t, { routes });
  await world.signIn();
  const refused = await world.api('/api/gold/x');
  assert.match(
    String(refused.headers['www-authenticate']),
    /^Bearer realm="[^"]+", error="insufficient_user_authentication", acr_values="gold platinum"$/,
  );
  assert.equal(world.upstream.requests.length, 0);
  const before = world.browser.cookieHeader('/');
  const page = await follow(world, '/api/gold/x');
  assert.equal(page.url.pathname, '/app');
  assert.equal(world.provider.requests.authorize.at(-1)?.params.get('acr_values'), 'gold platinum');
  assert.equal((await world.api('/api/gold/x')).status, 200);
  assert.notEqual(world.browser.cookieHeader('/'), before, 'SE-04 a new session');
});

test('RS-08 AR-14 a provider that ignores the request: one sign-in, an error page, and the old session unchanged', async (t) => {
  const world = await startWorld(t, { routes });
  await world.signIn();
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, acr: '1' } });
  world.provider.clearRequests();
  const page = await follow(world, '/api/gold/x');
  assert.equal(page.status, 502);
  assert.equal(world.provider.requests.authorize.length, 1, 'no loop');
  assert.equal((await world.api('/api/gold/x')).status, 401);
  assert.equal((await world.api('/api/x')).status, 200);
});

test('RS-08 a sign-in that is too old: max_age is requested and verified, and then the request passes', async (t) => {
  const world = await startWorld(t, { routes });
  world.provider.next.nextAuthAge = 3_600_000;
  await world.signIn();
  const refused = await world.api('/api/recent/x');
  assert.match(String(refused.headers['www-authenticate']), /error="insufficient_user_authentication", max_age="300"/);
  const stale = await follow(world, '/api/recent/x');
  assert.equal(stale.status, 502, 'the provider did not authenticate the user again');
  world.provider.next.nextAuthAge = 0;
  assert.equal((await follow(world, '/api/recent/x')).url.pathname, '/app');
  assert.equal(world.provider.requests.authorize.at(-1)?.params.get('max_age'), '300');
  assert.equal((await world.api('/api/recent/x')).status, 200);
});

test('RS-08 a client with a token gets the same challenge, without a sign-in address', async (t) => {
  const world = await startBearerWorld(t, {
    routes: [{ path: '/api/**', rules: [{ token: 'user', acr: 'gold', maxAge: '5m' }] }],
  });
  const { provider, call, now } = world;
  const recent = Math.floor(now() / 1000);
  const refused = await call(accessToken(provider, { acr: '1', auth_time: recent }));
  assert.equal(refused.status, 401);
  assert.match(
    refused.headers.get('www-authenticate') ?? '',
    /error="insufficient_user_authentication", acr_values="gold", max_age="300", resource_metadata=/,
  );
  assert.equal(Object(await refused.json()).loginUrl, undefined);
  for (const claims of [
    { acr: 'gold' },
    { auth_time: recent },
    { acr: ['gold'], auth_time: recent },
    { acr: 'gold', auth_time: recent - 400 },
  ])
    assert.equal((await call(accessToken(provider, claims))).status, 401, JSON.stringify(claims));
  assert.equal((await call(accessToken(provider, { acr: 'gold', auth_time: recent }))).status, 200);
});

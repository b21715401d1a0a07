/** Signing out when things go wrong at the provider, and what its sign-out is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { altering, hang, late, status } from '../../support/provider-lies.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

async function signOut(world: World) {
  const { logoutUrl } = await world.session();
  return await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
}

test('LO-01 with the provider gone the session ends here and a page says so', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  const { logoutUrl } = await world.session();
  await world.provider.stop();
  const page = await world.browser.navigate(String(logoutUrl));
  assert.equal(page.url.pathname, '/signed-out');
  assert.equal(page.status, 200);
  assert.match(page.body, /could not be reached/);
  assert.equal(world.browser.cookieHeader('/'), '');
  const replay = await fetch(`${world.gateway.url}/api/x`, { headers: { cookie, ...CSRF } });
  assert.equal(replay.status, 401);
  await world.provider.start();
});

test('LO-02 the provider is told who, from where, and where to go afterwards', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const page = await signOut(world);
  assert.equal(page.url.pathname, '/signed-out');
  assert.equal(page.url.search, '', 'a clean address');
  const [call] = world.provider.calls.end_session;
  assert.equal(call?.params.get('post_logout_redirect_uri'), `${world.gateway.url}/signed-out`);
  assert.equal(call?.params.get('client_id'), world.provider.client.id);
  assert.ok(call?.params.get('id_token_hint') && call.params.get('state'));
});

test('LO-02 an ID token too large for an address is left out', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, groups: 'g'.repeat(6_000) } });
  await world.signIn();
  await signOut(world);
  const [call] = world.provider.calls.end_session;
  assert.equal(call?.params.get('id_token_hint'), null);
  assert.equal(call?.params.get('client_id'), world.provider.client.id);
});

test('LO-03 whatever comes back from the provider ends on the same page', async (t) => {
  const world = await startWorld(t);
  for (const query of [
    '',
    '?state=wrong',
    '?state=a&state=b',
    '?error=x&iss=https://evil.example',
    '?returnTo=https://evil.example',
  ]) {
    const page = await world.browser.navigate(`/signed-out${query}`);
    assert.equal(page.status, 200, query);
    assert.equal(page.url.href.split('?')[0], `${world.gateway.url}/signed-out`);
  }
});

const slow = { 'answers 503': () => status(503), hangs: hang, 'answers late': late(5_000) } as const;
for (const [name, answer] of Object.entries(slow)) {
  test(`R17 LO-04 a revocation endpoint that ${name} holds nobody up, and is asked again`, async (t) => {
    const world = await startWorld(t);
    await world.signIn();
    world.provider.behaviour.revocation = answer as typeof hang;
    const began = Date.now();
    const page = await signOut(world);
    assert.ok(Date.now() - began < 3_000);
    assert.equal(page.url.pathname, '/signed-out');
    assert.equal(world.provider.calls.end_session.length, 1, 'the browser went on to the provider');
    world.provider.behave();
    world.provider.clearCalls();
    await until(() => world.provider.calls.revocation.some(({ status: code }) => code === 200), { timeout: 20_000 });
  });
}

test('LO-04 a provider without a revocation endpoint is no obstacle', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.metadata = ({ revocation_endpoint: _, ...metadata }) => metadata;
  await world.signIn();
  assert.equal((await signOut(world)).url.pathname, '/signed-out');
});

test('a sign-out address without a genuine value asks first; its form signs out', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const page = await world.browser.navigate('/logout?sid=guessed');
  assert.equal(page.status, 200);
  assert.equal((await world.session()).authenticated, true);
  const token = /name="sid"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="sid"/.exec(page.body);
  const done = await world.browser.navigate('/logout', {
    method: 'POST',
    form: { sid: token?.[1] ?? token?.[2] ?? '' },
    from: `${world.gateway.url}/logout`,
  });
  assert.equal(done.url.pathname, '/signed-out');
  assert.equal((await world.session()).authenticated, false);
});

test('the value of one session signs nobody else out', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const other = world.gateway.browser();
  await other.navigate('/login');
  const { logoutUrl } = (await other.fetch('/session', { headers: CSRF })).json();
  await world.browser.navigate(String(logoutUrl));
  assert.equal((await world.session()).authenticated, true);
});

test('SE-11 the signed-out page does not claim what is not so', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  assert.equal((await world.browser.navigate('/signed-out')).url.pathname, '/');
  assert.equal((await world.session()).authenticated, true);
});

test('a provider that stays silent about end_session ends on our page', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.metadata = ({ end_session_endpoint: _, ...metadata }) => metadata;
  world.provider.behaviour.token = altering({ scope: undefined });
  await world.signIn();
  assert.equal((await signOut(world)).url.pathname, '/signed-out');
  assert.equal(world.provider.calls.end_session.length, 0);
});

test('SE-11 a script that signs out learns no token, and its browser still gets to the provider once', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const answer = await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.deepEqual(answer.json(), { location: '/logout/continue' });
  const page = await world.browser.navigate('/logout/continue', { from: world.gateway.url });
  assert.equal(page.url.pathname, '/signed-out');
  assert.ok(world.provider.calls.end_session[0]?.params.get('id_token_hint'));
  assert.equal(world.browser.cookieHeader('/'), '');
  await world.browser.navigate('/logout/continue', { from: world.gateway.url });
  assert.equal(world.provider.calls.end_session.length, 1);
});

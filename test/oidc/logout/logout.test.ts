/** Sign-out: failures of the provider, the end-session request, and logout nonces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alteringJson, delayed, hang, status } from '../../support/provider-faults.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';

async function signOut(world: World) {
  const { logoutUrl } = await world.session();
  return await world.browser.navigate(String(logoutUrl), { from: world.gateway.url });
}

test('LO-01 with the provider down the session ends at the gateway and a page says so', async (t) => {
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

test('LO-02 the end-session request names the user, the client and the redirect address', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const page = await signOut(world);
  assert.equal(page.url.pathname, '/signed-out');
  assert.equal(page.url.search, '', 'no query');
  const [request] = world.provider.requests.end_session;
  assert.equal(request?.params.get('post_logout_redirect_uri'), `${world.gateway.url}/signed-out`);
  assert.equal(request?.params.get('client_id'), world.provider.client.id);
  assert.ok(request?.params.get('id_token_hint') && request.params.get('state'));
});

test('LO-02 an ID token too large for a URL is omitted', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, groups: 'g'.repeat(6_000) } });
  await world.signIn();
  await signOut(world);
  const [request] = world.provider.requests.end_session;
  assert.equal(request?.params.get('id_token_hint'), null);
  assert.equal(request?.params.get('client_id'), world.provider.client.id);
});

test('LO-03 any redirect back from the provider ends on the same page', async (t) => {
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

const failures = { 'returns 503': () => status(503), hangs: hang, 'responds late': delayed(5_000) } as const;
for (const [name, hook] of Object.entries(failures)) {
  test(`R17 LO-04 a revocation endpoint that ${name} does not delay the sign-out, and the revocation is retried`, async (t) => {
    const world = await startWorld(t);
    await world.signIn();
    world.provider.behaviour.revocation = hook as typeof hang;
    const startedAt = Date.now();
    const page = await signOut(world);
    assert.ok(Date.now() - startedAt < 3_000);
    assert.equal(page.url.pathname, '/signed-out');
    assert.equal(world.provider.requests.end_session.length, 1, 'the browser was redirected to the provider');
    world.provider.resetBehaviour();
    world.provider.clearRequests();
    await until(() => world.provider.requests.revocation.some(({ status: code }) => code === 200));
  });
}

test('LO-04 sign-out works with a provider that has no revocation endpoint', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.metadata = ({ revocation_endpoint: _, ...metadata }) => metadata;
  await world.signIn();
  assert.equal((await signOut(world)).url.pathname, '/signed-out');
});

test('a sign-out link with an invalid nonce shows a confirmation page; its form signs out', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const page = await world.browser.navigate('/logout?sid=guessed');
  assert.equal(page.status, 200);
  assert.equal((await world.session()).authenticated, true);
  const nonce = /name="sid"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="sid"/.exec(page.body);
  const signedOut = await world.browser.navigate('/logout', {
    method: 'POST',
    form: { sid: nonce?.[1] ?? nonce?.[2] ?? '' },
    from: `${world.gateway.url}/logout`,
  });
  assert.equal(signedOut.url.pathname, '/signed-out');
  assert.equal((await world.session()).authenticated, false);
});

test('the logout nonce of one session signs no other session out', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const other = world.gateway.browser();
  await other.navigate('/login');
  const { logoutUrl } = (await other.fetch('/session', { headers: CSRF })).json();
  await world.browser.navigate(String(logoutUrl));
  assert.equal((await world.session()).authenticated, true);
});

test('SE-11 the signed-out page redirects a signed-in user and does not end the session', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  assert.equal((await world.browser.navigate('/signed-out')).url.pathname, '/');
  assert.equal((await world.session()).authenticated, true);
});

test('sign-out at a provider without an end-session endpoint ends on the gateway’s page', async (t) => {
  const world = await startWorld(t);
  world.provider.behaviour.metadata = ({ end_session_endpoint: _, ...metadata }) => metadata;
  world.provider.behaviour.token = alteringJson({ scope: undefined });
  await world.signIn();
  assert.equal((await signOut(world)).url.pathname, '/signed-out');
  assert.equal(world.provider.requests.end_session.length, 0);
});

test('SE-11 a script that signs out receives no token, and its browser is redirected to the provider once', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const response = await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.deepEqual(response.json(), { location: '/logout/continue' });
  const page = await world.browser.navigate('/logout/continue', { from: world.gateway.url });
  assert.equal(page.url.pathname, '/signed-out');
  assert.ok(world.provider.requests.end_session[0]?.params.get('id_token_hint'));
  assert.equal(world.browser.cookieHeader('/'), '');
  await world.browser.navigate('/logout/continue', { from: world.gateway.url });
  assert.equal(world.provider.requests.end_session.length, 1);
});

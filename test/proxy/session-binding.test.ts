/** B08: a request that names the session it is for is refused with the cookie of any other session, before the API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTab } from '../client/page.ts';
import { BOB } from '../support/provider-state.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const HEADER = 'X-Bff-Session';
const bindingOf = async ({ session }: World) => String((await session()).binding);
const send = ({ browser }: World, headers: Record<string, string>, path = '/api/x') =>
  browser.fetch(path, { method: 'POST', headers: { ...CSRF, ...headers }, body: 'words of alice' });

test('B08 the gateway refuses a request for another session with 409 session_changed, before the API', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const binding = await bindingOf(world);
  assert.match(binding, /^[\w-]{43}$/);
  assert.equal((await send(world, { [HEADER]: binding })).status, 200);
  assert.equal(world.upstream.requests[0]?.header(HEADER), undefined, 'the header stays here');
  world.provider.next.nextUser = BOB;
  await world.signIn();
  const refused = await send(world, { [HEADER]: binding });
  assert.equal(refused.status, 409);
  assert.equal(refused.headers['x-bff-gateway'], 'session_changed');
  for (const value of ['', 'x', `${binding}, ${binding}`, await bindingOf(world).then((other) => `${other}x`)])
    assert.equal((await send(world, { [HEADER]: value })).status, 409, value);
  assert.equal(world.upstream.requests.length, 1);
  assert.equal((await send(world, { [HEADER]: await bindingOf(world) })).status, 200);
  assert.equal((await send(world, {})).status, 200, 'without the header nothing is compared');
});

test('B08 a request for a session that has ended does not pass as a guest', async (t) => {
  const routes = (upstream: string) => [{ path: '/api/**', upstream, rules: [{ token: 'user-or-none' as const }] }];
  const world = await startWorld(t, { routes });
  await world.signIn();
  const binding = await bindingOf(world);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  assert.equal((await send(world, {})).status, 200, 'a guest passes');
  const refused = await send(world, { [HEADER]: binding });
  assert.deepEqual([refused.status, refused.headers['x-bff-gateway']], [401, 'unauthenticated']);
});

test('B08 no spelling of the header reaches the upstream', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  for (const name of ['X_Bff_Session', 'x.bff.session'])
    assert.equal((await send(world, { [name]: 'forged' })).status, 200);
  for (const { headers } of world.upstream.requests) assert.ok(headers.every(([name]) => !/bff.session/i.test(name)));
});

test('B08 a page that shows the first user sends nothing as the second, and is told; the same user goes on', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  const tab = openTab(world.browser, world.gateway.url);
  t.after(() => tab.client.close());
  await tab.client.user();
  const post = () => tab.client.fetch('/api/x', { method: 'POST', body: 'words of alice' });
  await world.signIn();
  assert.equal((await post()).status, 200, 'alice signed in again: the request is repeated for her new session');
  world.provider.next.nextUser = BOB;
  await world.signIn();
  assert.equal((await post()).status, 409);
  assert.deepEqual(
    tab.events.map(({ type }) => type),
    ['signedin', 'userchanged', 'signedin'],
  );
  assert.equal((await post()).status, 409, 'the page has not asked who is signed in');
  assert.equal(world.upstream.requests.length, 1);
  assert.equal((await tab.client.user())?.sub, 'user-bob');
  assert.equal((await post()).status, 200);
});

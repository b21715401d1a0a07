/** Pushed authorization requests at a Keycloak client that accepts no others. */
import assert from 'node:assert/strict';
import { apiRequest, signIn, signOut, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const CLIENT = 'bff-gateway-par';
const world = await startWorld({
  name: 'par',
  clientId: CLIENT,
  attributes: { 'access.token.lifespan': '6' },
});
const { admin, api, browser, issuer, publicUrl } = world;
const ENDPOINT = `${issuer}/protocol/openid-connect/auth`;

browser.test(
  'AR-15 R01 sign-in, request, refresh and sign-out; the browser carries only client_id and request_uri',
  async (page) => {
    const visited: URL[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(`${ENDPOINT}?`)) visited.push(new URL(request.url()));
    });
    await signIn(page, world);
    assert.equal(visited.length, 1);
    assert.deepEqual([...(visited[0]?.searchParams.keys() ?? [])].sort(), ['client_id', 'request_uri']);

    assert.equal((await apiRequest(page, '/api/orders')).body.user, 'alice');
    await untilTokenExpired(world, '/api/orders');
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    assert.equal((await admin.events('REFRESH_TOKEN', CLIENT)).length, 1);

    const { token } = api.lastRequest('/api/orders');
    await signOut(page, world);
    assert.equal(await admin.isActive(token), false);
  },
);

browser.test('AR-15 a used request_uri, or a request that was not pushed, is refused', async (page) => {
  const visited: string[] = [];
  page.on('request', (request) => {
    if (request.url().startsWith(`${ENDPOINT}?`)) visited.push(request.url());
  });
  await signIn(page, world);
  const [used = ''] = visited;
  const again = await fetch(used, { redirect: 'manual' });
  await again.body?.cancel();
  assert.equal(again.status, 400);
  const open = new URL(ENDPOINT);
  const params = { client_id: CLIENT, response_type: 'code', scope: 'openid', redirect_uri: `${publicUrl}/callback` };
  open.search = new URLSearchParams(params).toString();
  const refused = await fetch(open, { redirect: 'manual' });
  assert.match(refused.headers.get('location') ?? '', /error=invalid_request/);
});

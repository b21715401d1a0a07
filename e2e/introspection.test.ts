/** Introspection while the provider is unavailable: the route admits no request, and no user is signed out. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { startProviderTap } from './support/provider-tap.ts';
import { sharedServers } from './support/run.ts';
import { apiRequest, signIn, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const tap = await startProviderTap(sharedServers().keycloakOrigin);
let open = true;
const closeTap = async () => {
  if (open) await tap.close();
  open = false;
};
after(closeTap);

const introspection = { clientId: 'orders-api', clientSecret: 'orders-api-secret', cache: '1s', negativeCache: '1s' };
const world = await startWorld({
  name: 'introspection',
  attributes: { 'access.token.lifespan': '300' },
  provider: { internalUrl: tap.origin },
  routes: (upstream) => [
    { path: '/api/careful/**', upstream, introspect: true, rules: [{ token: 'user-or-client' }] },
    { path: '/api/**', upstream, rules: [{ token: 'user-or-client' }] },
  ],
  config: { accessTokens: { audience: 'orders-api', provider: { introspection } } },
});
const { admin, api, browser, publicUrl } = world;
const ask = async (token: string, path: string) => {
  const response = await fetch(publicUrl + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

browser.test(
  'RS-05 a response is cached for its time; after that an unreachable provider is 503, for sessions and bearer clients',
  async (page) => {
    const token = await admin.serviceToken('orders-worker');
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/careful/x')).status, 200);
    assert.equal((await ask(token, '/api/careful/x')).status, 200);
    const asked = tap.exchangesTo('/introspect').length;
    assert.equal(asked, 2, 'one question for each token');
    await until('it is asked again', async () => {
      await ask(token, '/api/careful/x');
      return tap.exchangesTo('/introspect').length > asked;
    });

    await closeTap();
    for (const careful of [() => ask(token, '/api/careful/x'), () => apiRequest(page, '/api/careful/x')]) {
      await until('the response is too old', async () => (await careful()).status !== 200, 5);
      const before = api.requests.length;
      const { status, body } = await careful();
      assert.deepEqual([status, body.code], [503, 'provider_unavailable']);
      assert.equal(api.requests.length, before, 'the API is not called');
    }
    assert.equal((await ask(token, '/api/orders')).status, 200, 'a route that does not ask goes on');
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    assert.equal((await apiRequest(page, '/session')).body.authenticated, true, 'an outage signs nobody out');
  },
);

/** A sign-out at Keycloak ends the sessions at every gateway, with their streams. */
import assert from 'node:assert/strict';
import { apiRequest, cookieHeader, requestWithCookie, signIn, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'backchannel', replicas: 2, attributes: { 'access.token.lifespan': '300' } });
const { admin, api, browser, publicUrl } = world;
// Keycloak sends logout tokens to registered URLs only.
await admin.setUpClient('bff-gateway', publicUrl, {
  'access.token.lifespan': '300',
  'backchannel.logout.url': `${publicUrl}/backchannel-logout`,
  'backchannel.logout.session.required': 'true',
});

browser.test(
  'LO-05 SE-07 R43 all sessions of a user end within a second at both gateways, and their WebSockets close with 4401',
  async (page, context) => {
    await signIn(page, world);
    const cookie = await cookieHeader(context, world);
    const ports = world.gateways.map(({ port }) => port);
    for (const port of ports) assert.equal((await requestWithCookie(cookie, world, '/api/orders', port)).status, 200);
    const closed = page.evaluate(
      (address) =>
        new Promise<number>((resolve) => {
          new WebSocket(address).onclose = ({ code }) => resolve(code);
        }),
      `${publicUrl.replace('http', 'ws')}/api/stream`,
    );
    await until('the WebSocket is open', () => api.openStreams() > 0);
    await admin.endSessions('alice');
    const statuses = () =>
      Promise.all(ports.map(async (port) => (await requestWithCookie(cookie, world, '/api/orders', port)).status));
    await until('both gateways refuse', async () => (await statuses()).every((status) => status === 401), 1);
    assert.equal(await closed, 4401);
    assert.equal((await apiRequest(page, '/session')).body.authenticated, false);
  },
);

browser.test('LO-07 the session of another user stays', async (page, context) => {
  await signIn(page, world, '/', 'bob');
  const cookie = await cookieHeader(context, world);
  await admin.endSessions('alice');
  assert.equal((await requestWithCookie(cookie, world, '/api/orders')).status, 200);
});

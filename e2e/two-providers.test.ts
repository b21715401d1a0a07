/** Two realms of Keycloak as the two providers of one application, behind two gateways. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { createRealm, keycloakAdmin } from './support/admin.ts';
import type { Page } from './support/browser.ts';
import { startOrdersApi } from './support/orders-api.ts';
import { sharedServers } from './support/run.ts';
import { apiRequest, cookieHeader, requestWithCookie, signOut, submitCredentials, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const { keycloakOrigin } = sharedServers();
const STAFF = `staff-${randomUUID().slice(0, 8)}`;
const CLIENT = { clientId: 'desk', secret: 'desk-secret' };
const LIFETIME = { 'access.token.lifespan': '300' };

/** Another realm, with one user and a client whose tokens are for the orders API. */
await createRealm(keycloakOrigin, {
  realm: STAFF,
  enabled: true,
  sslRequired: 'none',
  users: [
    {
      username: 'sam',
      enabled: true,
      emailVerified: true,
      email: 'sam@staff.example',
      firstName: 'Sam',
      lastName: 'Staff',
      credentials: [{ type: 'password', value: 'sam-pw' }],
    },
  ],
  clients: [
    {
      ...CLIENT,
      redirectUris: ['http://localhost/'],
      protocolMappers: [
        {
          name: 'orders-api',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.custom.audience': 'orders-api', 'access.token.claim': 'true' },
        },
      ],
    },
  ],
});
const staffIssuer = `${keycloakOrigin}/realms/${STAFF}`;
const customerIssuer = `${keycloakOrigin}/realms/bff`;
const staffApi = await startOrdersApi(staffIssuer);
after(() => staffApi.close());
const common = { scopes: ['openid', 'profile', 'email'], timeout: '20s' };
const world = await startWorld({
  name: 'two-providers',
  replicas: 2,
  attributes: LIFETIME,
  config: {
    provider: undefined,
    providers: [
      {
        id: 'default',
        name: 'Customers',
        issuer: customerIssuer,
        clientId: 'bff-gateway',
        clientSecret: 'bff-gateway-secret',
        ...common,
      },
      {
        id: 'staff',
        name: 'Staff',
        issuer: staffIssuer,
        clientId: CLIENT.clientId,
        clientSecret: CLIENT.secret,
        emailDomains: ['staff.example'],
        ...common,
      },
    ],
  },
  routes: (api) => [
    { path: '/api/admin/**', upstream: staffApi.url, rules: [{ token: 'user', providers: ['staff'] }] },
    { path: '/api/**', upstream: api },
  ],
});
const { admin, browser, publicUrl } = world;
const staffAdmin = keycloakAdmin(keycloakOrigin, STAFF);
const logoutUrl = (path: string) => ({
  'backchannel.logout.url': publicUrl + path,
  'backchannel.logout.session.required': 'true',
});
await admin.setUpClient('bff-gateway', publicUrl, { ...LIFETIME, ...logoutUrl('/backchannel-logout') });
await staffAdmin.setUpClient(
  CLIENT.clientId,
  publicUrl,
  { ...LIFETIME, ...logoutUrl('/backchannel-logout/staff') },
  '/callback/staff',
);

/** Signs in as a user does: chooses the provider on the page of the gateway, then fills in the form of its realm. */
async function signInAt(page: Page, name: 'Customers' | 'Staff', user: string): Promise<void> {
  await page.goto(`${publicUrl}/login?returnTo=/`);
  await page.click(`a:has-text("${name}")`);
  await submitCredentials(page, user);
  await page.waitForURL(`${publicUrl}/`);
}

browser.test('PV-01 PV-06 a user chooses a realm, and gets its tokens and its sign-out', async (page) => {
  await signInAt(page, 'Staff', 'sam');
  const { body } = await apiRequest(page, '/session');
  assert.deepEqual([body.authenticated, body.provider], [true, 'staff']);
  assert.equal((await apiRequest(page, '/profile')).body.preferred_username, 'sam');
  assert.equal((await apiRequest(page, '/api/admin/orders')).status, 200);
  assert.equal(staffApi.lastRequest('/api/admin/orders').claims?.iss, staffIssuer);
  assert.equal((await apiRequest(page, '/session/refresh', { method: 'POST' })).status, 200);
  assert.equal(await staffAdmin.ssoSessions('sam'), 1);
  await signOut(page, world);
  await until('the session at the realm has ended', async () => (await staffAdmin.ssoSessions('sam')) === 0);
});

browser.test('PV-08 a user of the other realm does not get to the route of the first', async (page) => {
  await signInAt(page, 'Customers', 'alice');
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  const refused = await apiRequest(page, '/api/admin/orders');
  assert.deepEqual([refused.status, refused.body.reason], [403, 'provider']);
});

browser.test(
  'PV-06 a sign-out at one realm ends its sessions at both gateways, and leaves those of the other',
  async (page, context) => {
    await signInAt(page, 'Customers', 'alice');
    const alice = await cookieHeader(context, world);
    await context.clearCookies();
    await signInAt(page, 'Staff', 'sam');
    const sam = await cookieHeader(context, world);
    const status = async (cookie: string, port: number) =>
      (await requestWithCookie(cookie, world, '/profile', port)).status;
    const ports = world.gateways.map(({ port }) => port);
    for (const port of ports) assert.deepEqual([await status(alice, port), await status(sam, port)], [200, 200]);
    await admin.endSessions('alice');
    await until('both gateways have ended the session', async () =>
      (await Promise.all(ports.map((port) => status(alice, port)))).every((code) => code === 401),
    );
    for (const port of ports) assert.equal(await status(sam, port), 200);
  },
);

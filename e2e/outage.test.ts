/** Keycloak unavailable: at the start of the gateway, and during a session. */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Keycloak, startKeycloak } from './support/keycloak.ts';
import { freePort } from './support/processes.ts';
import { sharedServers } from './support/run.ts';
import { apiRequest, signIn, until, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const servers = sharedServers();
const database = join(servers.folder, 'outage-db');
await cp(servers.keycloakDatabase, database, { recursive: true });
const port = await freePort();
let keycloak: Keycloak | undefined;
after(() => keycloak?.stop());

async function bringUp(): Promise<void> {
  const log = join(servers.folder, 'outage-keycloak.log');
  keycloak = await startKeycloak({ home: servers.keycloakHome, database, log, port });
}

const world = await startWorld({
  name: 'outage',
  keycloakOrigin: `http://127.0.0.1:${port}`,
  probe: 'livez',
});
const { admin, browser, gateways, publicUrl } = world;

async function isReady(): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${gateways[0]?.adminPort}/readyz`);
  await response.body?.cancel();
  return response.ok;
}

browser.test(
  'R52 R05 the gateway starts without its provider, discovers it later, and survives an outage',
  async (page) => {
    const refused = await page.goto(`${publicUrl}/login`);
    assert.equal(refused?.status(), 503);
    assert.equal(await isReady(), false);

    await bringUp();
    await admin.setUpClient('bff-gateway', publicUrl, { 'access.token.lifespan': '8' });
    await until('the gateway has found its provider', isReady, 40);
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);

    await keycloak?.stop();
    await untilTokenExpired(world, '/api/orders');
    const away = await apiRequest(page, '/api/orders');
    assert.equal(away.status, 503);
    assert.equal(away.body.code, 'provider_unavailable');
    const { status, body } = await apiRequest(page, '/session');
    assert.deepEqual([status, body.authenticated], [200, true], 'an outage signs nobody out');

    await bringUp();
    await until('the same session works again', async () => (await apiRequest(page, '/api/orders')).status === 200, 20);
  },
);

/** Client authentication with a private key: sign-in, refresh and revocation at a client without a secret. */
import assert from 'node:assert/strict';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { apiRequest, signIn, signOut, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const CLIENT = 'bff-gateway-pkjwt';
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'gateway-1', use: 'sig', alg: 'ES256' };

const world = await startWorld({
  name: 'private-key',
  clientId: CLIENT,
  attributes: { 'access.token.lifespan': '6', 'jwks.string': JSON.stringify({ keys: [jwk] }) },
  provider: {
    clientAuth: 'private_key_jwt',
    privateKey: await exportPKCS8(privateKey),
    privateKeyId: 'gateway-1',
    privateKeyAlg: 'ES256',
  },
});
const { admin, api, browser } = world;

browser.test('sign-in, refresh and sign-out work with private_key_jwt', async (page) => {
  const refreshes = async () => (await admin.events('REFRESH_TOKEN', CLIENT)).length;
  const before = await refreshes();
  await signIn(page, world);
  assert.equal((await apiRequest(page, '/api/orders')).body.user, 'alice');
  await untilTokenExpired(world, '/api/orders');
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  assert.equal((await refreshes()) - before, 1);
  const { token } = api.lastRequest('/api/orders');
  await signOut(page, world);
  assert.equal(await admin.isActive(token), false);
  assert.equal((await admin.events('REVOKE_GRANT', CLIENT)).length > 0, true);
});

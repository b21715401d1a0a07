/** All of FAPI 2.0 at Keycloak: signed and pushed requests, a client key, bound tokens, ID tokens signed with PS256. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { decodeJwt, exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { apiRequest, signIn, signOut, untilTokenExpired } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const CLIENT = 'bff-gateway-pkjwt';
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'gateway-2', use: 'sig', alg: 'ES256' };

const STRICT = {
  'require.pushed.authorization.requests': 'true',
  'dpop.bound.access.tokens': 'true',
  'request.object.required': 'request or request_uri',
  'request.object.signature.alg': 'ES256',
  'id.token.signed.response.alg': 'PS256',
};
const USUAL = {
  'require.pushed.authorization.requests': 'false',
  'dpop.bound.access.tokens': 'false',
  'request.object.required': 'not required',
  'request.object.signature.alg': 'any',
  'id.token.signed.response.alg': 'RS256',
};

const world = await startWorld({
  name: 'fapi2',
  clientId: CLIENT,
  attributes: { 'access.token.lifespan': '15', 'jwks.string': JSON.stringify({ keys: [jwk] }), ...STRICT },
  provider: {
    profile: 'fapi2',
    signedRequests: true,
    clientAuth: 'private_key_jwt',
    privateKey: await exportPKCS8(privateKey),
    privateKeyId: 'gateway-2',
    idTokenSignedResponseAlg: 'PS256',
  },
});
const { admin, api, browser, publicUrl } = world;
// Other files use this client with its original settings.
after(() => admin.setUpClient(CLIENT, publicUrl, USUAL));

browser.test(
  'AR-15 TK-03 TK-13 profile fapi2 with signed requests: sign-in, request, refresh, sign-out',
  async (page) => {
    await signIn(page, world);
    assert.equal((await apiRequest(page, '/api/orders')).body.user, 'alice');
    const first = api.lastRequest('/api/orders');
    assert.ok(first.proof);
    await untilTokenExpired(world, '/api/orders');
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
    const { token } = api.lastRequest('/api/orders');
    assert.notEqual(token, first.token);
    assert.deepEqual(decodeJwt(token).cnf, decodeJwt(first.token).cnf);
    await signOut(page, world);
    assert.equal(await admin.isActive(token), false);
  },
);

/** Access tokens that a real Keycloak binds to the client certificate with which they were requested (RFC 8705). */
import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { LOOPBACK_CERTIFICATE, TEST_CA, TEST_KEY } from '../test/support/certificates.ts';
import { BILLING_CERTIFICATE, CLIENT_CA, clientCert, ORDERS_CERTIFICATE } from '../test/support/client-certificates.ts';
import { certificateThumbprint } from '../test/support/provider-tls.ts';
import { startKeycloak } from './support/keycloak.ts';
import { freePort } from './support/processes.ts';
import { sharedServers } from './support/run.ts';
import { startWorld } from './support/world.ts';

const CLIENT = 'certificate-job';
const servers = sharedServers();
const fileOf = async (name: string, content: string) => {
  const path = join(servers.folder, name);
  await writeFile(path, content);
  return path;
};
const database = join(servers.folder, 'certificate-db');
await cp(servers.keycloakDatabase, database, { recursive: true });
const tls = {
  port: await freePort(),
  certificate: await fileOf('keycloak.crt', LOOPBACK_CERTIFICATE),
  key: await fileOf('keycloak.key', TEST_KEY),
  clientCa: await fileOf('clients-ca.pem', CLIENT_CA),
};
const log = join(servers.folder, 'certificate-keycloak.log');
const keycloak = await startKeycloak({ home: servers.keycloakHome, database, log, tls });
after(() => keycloak.stop());

const world = await startWorld({
  name: 'certificate',
  keycloakOrigin: keycloak.origin,
  routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'client', binding: 'certificate' }] }],
  config: {
    accessTokens: { audience: 'orders-api' },
    trustedProxies: ['127.0.0.1', '::1'],
    clientCertificateHeader: { name: 'Client-Cert' },
  },
});
const { admin, api, publicUrl, issuer } = world;
await admin.createClient(CLIENT, { 'tls.client.certificate.bound.access.tokens': 'true' });
await admin.allowServiceAccount(CLIENT);

/** A token of the service, requested with a certificate. */
async function tokenWith(cert: string): Promise<string> {
  const path = `${new URL(issuer).pathname}/protocol/openid-connect/token`;
  const headers = {
    authorization: `Basic ${btoa(`${CLIENT}:${CLIENT}-secret`)}`,
    'content-type': 'application/x-www-form-urlencoded',
  };
  const req = request({
    host: 'localhost',
    port: tls.port,
    path,
    method: 'POST',
    headers,
    ca: TEST_CA,
    cert,
    key: TEST_KEY,
  });
  const body = await new Promise<string>((resolve, reject) => {
    req.on('error', reject).on('response', (response) => resolve(text(response)));
    req.end('grant_type=client_credentials');
  });
  return String(JSON.parse(body).access_token);
}

const send = (token: string, cert: string | undefined) =>
  fetch(`${publicUrl}/api/orders`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(cert === undefined ? {} : { 'client-cert': clientCert(cert) }),
    },
  });

test('RS-12 a token that Keycloak binds to a certificate is accepted with it, and refused with another one or none', async () => {
  const token = await tokenWith(ORDERS_CERTIFICATE);
  assert.deepEqual(decodeJwt(token).cnf, { 'x5t#S256': certificateThumbprint(ORDERS_CERTIFICATE) });
  assert.equal((await send(token, ORDERS_CERTIFICATE)).status, 200);
  assert.equal(api.lastRequest('/api/orders').token, token);
  for (const cert of [BILLING_CERTIFICATE, undefined]) {
    const response = await send(token, cert);
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
  }
});

test('RS-12 a token that is bound to nothing is refused where a rule requires a binding', async () => {
  const response = await send(await admin.serviceToken('orders-worker'), ORDERS_CERTIFICATE);
  assert.equal(response.status, 403);
  assert.equal(Reflect.get(Object(await response.json()), 'reason'), 'binding');
});

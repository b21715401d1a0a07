/** `doctor` against a real Keycloak: a correct client, and common mistakes with Keycloak's own error messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../src/config/schema/schema.ts';
import { doctor } from '../test/cli/doctor/world.ts';
import { keycloakAdmin } from './support/admin.ts';
import { newKey } from './support/gateway.ts';
import { sharedServers } from './support/run.ts';

const CLIENT = 'bff-gateway';
const REGISTERED = 'http://localhost:3777';
const { keycloakOrigin, redisUrl } = sharedServers();
await keycloakAdmin(keycloakOrigin).setUpClient(CLIENT, REGISTERED);

function config(publicUrl: string, provider: Partial<NonNullable<ConfigInput['provider']>> = {}): ConfigInput {
  return {
    publicUrl,
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: {
      issuer: `${keycloakOrigin}/realms/bff`,
      clientId: CLIENT,
      clientSecret: `${CLIENT}-secret`,
      scopes: ['openid', 'profile', 'email'],
      ...provider,
    },
    session: { store: { redis: { url: redisUrl, prefix: 'e2e:doctor:' } } },
  };
}

test('a correct client passes every check', async () => {
  const found = await doctor(config(REGISTERED));
  assert.deepEqual(
    found.checks.filter(({ level }) => level === 'fail'),
    [],
  );
  assert.equal(found.code, 0);
  assert.match(found.of('redirect URI').message, /callback is registered$/);
  assert.equal(found.of('PAR').message, 'supported and used');
});

test('an unregistered redirect URI is detected, with and without pushed requests', async () => {
  for (const pushedRequests of ['auto', 'never'] as const) {
    const found = await doctor(config('http://localhost:3778', { pushedRequests }));
    assert.equal(found.code, 1);
    assert.equal(found.of('client credentials').level, 'ok');
    assert.equal(found.of('redirect URI').level, 'fail');
    assert.match(found.of('redirect URI').hint ?? '', /Register exactly http:\/\/localhost:3778\/callback/);
  }
});

test('a wrong secret, an unknown client, an unknown realm, the path of old versions', async () => {
  const secret = await doctor(config(REGISTERED, { clientSecret: 'wrong' }));
  assert.match(secret.of('client credentials').message, /wrong client id or secret/);
  const client = await doctor(config(REGISTERED, { clientId: 'nobody' }));
  assert.equal(client.of('client credentials').level, 'fail');
  const realm = await doctor(config(REGISTERED, { issuer: `${keycloakOrigin}/realms/BFF` }));
  assert.match(realm.of('discovery').message, /no realm of this name/);
  const old = await doctor(config(REGISTERED, { issuer: `${keycloakOrigin}/auth/realms/bff` }));
  assert.match(old.of('discovery').hint ?? '', /Set provider\.issuer: \S+\/realms\/bff\. Keycloak before 17/);
});

/** The profile fapi2: what it enables, and which options contradict it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { createSigningKey, privatePem } from '../support/keys.ts';
import { alteringRedirect } from '../support/provider-faults.ts';
import { startWorld, type WorldOptions } from '../support/world.ts';
import { boundApi } from './bound-api.ts';

const key = createSigningKey('ES256');
const profile = {
  profile: 'fapi2',
  clientAuth: 'private_key_jwt',
  privateKey: privatePem(key),
  idTokenSignedResponseAlg: 'ES256',
} as const;
const FAPI: WorldOptions = {
  provider: {
    alg: 'ES256',
    client: { auth: 'private_key_jwt', key },
    settings: { pushed: 'required', dpop: 'required' },
  },
  gateway: { providerConfig: { clientSecret: undefined, ...profile } },
};

test('FAPI 2.0 one option enables pushed requests, a client key, bound tokens and PKCE', async (t) => {
  const world = await startWorld(t, FAPI);
  const api = boundApi(world.upstream);
  await world.signIn();
  assert.equal((await world.api()).status, 200, api.refusals.join());
  const { par, authorize, token } = world.provider.requests;
  assert.ok(par[0]?.params.get('client_assertion') && par[0].headers.dpop && par[0].params.get('dpop_jkt'));
  assert.deepEqual([...(authorize[0]?.params.keys() ?? [])].sort(), ['client_id', 'request_uri']);
  assert.ok(token[0]?.headers.dpop && token[0].params.get('code_verifier'));
});

test('AR-08 FAPI 2.0 a callback without iss is refused, whether announced or not', async (t) => {
  const world = await startWorld(t, FAPI);
  const { provider } = world;
  provider.behaviour.metadata = (found) => ({ ...found, authorization_response_iss_parameter_supported: undefined });
  const other = await startWorld(t, { ...FAPI, running: provider });
  provider.behaviour.authorize = alteringRedirect((params) => params.delete('iss'));
  assert.equal((await other.browser.navigate('/login?returnTo=/app')).status, 502);
  assert.equal(provider.requests.token.length, 0);
  provider.behaviour.authorize = undefined;
  await other.signIn();
});

test('FAPI 2.0 a provider without pushed requests is unavailable', async (t) => {
  const world = await startWorld(t, { ...FAPI, provider: { ...FAPI.provider, settings: { dpop: 'required' } } });
  assert.equal((await world.browser.navigate('/login')).status, 503);
  assert.match(world.gateway.logText(), /profile is fapi2, and the provider does not support pushed requests/);
});

function faultsOf(provider: Partial<NonNullable<ConfigInput['provider']>>, rest: Partial<ConfigInput> = {}): string {
  try {
    parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
      provider: { issuer: 'https://id.example.org', clientId: 'shop-web', ...provider },
      session: { store: { sqlite: { file: ':memory:' } } },
      ...rest,
    });
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('a configuration that contradicts itself stops the start', () => {
  const { privateKey } = profile;
  const tls = { certificate: 'cert.pem', key: 'key.pem' };
  const secret = { clientSecret: 's3cr3t-of-the-client' };
  const rows: [string, Partial<NonNullable<ConfigInput['provider']>>, RegExp | undefined][] = [
    ['fapi2 with a client key', profile, undefined],
    ['fapi2 with a certificate', { ...profile, clientAuth: 'tls_client_auth', tls, privateKey: undefined }, undefined],
    ['fapi2 with PS256', { ...profile, idTokenSignedResponseAlg: 'PS256', privateKeyAlg: 'PS256' }, undefined],
    [
      'fapi2 with a secret',
      { ...profile, clientAuth: 'client_secret_basic', ...secret },
      /does not allow client_secret_basic/,
    ],
    ['fapi2 with a posted secret', { ...profile, clientAuth: 'client_secret_post', ...secret }, /client_secret_post/],
    [
      'fapi2 with RS256 ID tokens',
      { ...profile, idTokenSignedResponseAlg: 'RS256' },
      /does not allow RS256 for ID tokens/,
    ],
    [
      'fapi2 with the default for ID tokens',
      { ...profile, idTokenSignedResponseAlg: undefined },
      /not allow RS256 for ID/,
    ],
    ['fapi2 with an RS256 client key', { ...profile, privateKeyAlg: 'RS256' }, /fapi2 does not allow RS256/],
    [
      'fapi2 without pushed requests',
      { ...profile, pushedRequests: 'never' },
      /requires pushed authorization requests/,
    ],
    ['signed requests without a key', { ...secret, signedRequests: true }, /signedRequests needs a privateKey/],
    ['signed requests with a key', { ...secret, signedRequests: true, privateKey }, undefined],
    ['a key that nothing uses', { ...secret, privateKey }, /neither clientAuth nor signedRequests uses it/],
    ['a client key without the key', { clientAuth: 'private_key_jwt' }, /private_key_jwt needs a privateKey/],
    ['tls_client_auth without files', { clientAuth: 'tls_client_auth' }, /needs tls with a certificate/],
    ['tls_client_auth with a secret', { clientAuth: 'tls_client_auth', tls, ...secret }, /does not use a clientSecret/],
    ['files that no method uses', { ...secret, tls }, /client_secret_basic does not use a certificate/],
    ['dpop', { ...secret, dpop: true }, undefined],
    ['dpop_jkt as an option', { ...secret, authorizationParams: { dpop_jkt: 'x' } }, /sets this parameter itself/],
  ];
  for (const [name, provider, fault] of rows)
    test(name, () => {
      const found = faultsOf(provider);
      if (fault === undefined) assert.equal(found, '');
      else assert.match(found, fault);
    });
});

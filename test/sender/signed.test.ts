/** Signed authorization requests: verified by the provider, in the URL and pushed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createSigningKey, privatePem } from '../support/keys.ts';
import { startWorld, type WorldOptions } from '../support/world.ts';

const key = createSigningKey('ES256', 'request-key');
const signed = (pushed: 'off' | 'required', requestKey = key): WorldOptions => ({
  provider: { settings: { signedRequests: 'required', pushed }, client: { requestKey } },
  gateway: { providerConfig: { signedRequests: true, privateKey: privatePem(key), privateKeyId: key.kid } },
});

test('RFC 9101 a signed request in the URL: all parameters that matter are signed', async (t) => {
  const world = await startWorld(t, signed('off'));
  await world.signIn();
  const [call] = world.provider.requests.authorize;
  assert.deepEqual([...(call?.params.keys() ?? [])].sort(), ['client_id', 'request', 'response_type', 'scope']);
  const request = call?.params.get('request') ?? '';
  assert.equal(decodeProtectedHeader(request).kid, key.kid);
  const { aud, iss, exp = 0, iat = 0, jti, ...inside } = decodeJwt(request);
  assert.equal(aud, world.provider.issuer);
  assert.equal(iss, world.provider.client.id);
  assert.ok(exp - iat <= 60 && jti);
  for (const name of ['state', 'nonce', 'code_challenge', 'redirect_uri', 'scope', 'response_type'])
    assert.ok(inside[name], name);
  assert.equal((await world.api()).status, 200);
});

test('AR-15 RFC 9101 signed and pushed: the browser still carries only client_id and request_uri', async (t) => {
  const world = await startWorld(t, signed('required'));
  await world.signIn('/app');
  const [pushed] = world.provider.requests.par;
  assert.ok(pushed?.params.get('request'));
  for (const name of ['state', 'nonce', 'code_challenge', 'redirect_uri'])
    assert.equal(pushed?.params.get(name), null, `${name} is signed`);
  assert.deepEqual([...(world.provider.requests.authorize[0]?.params.keys() ?? [])].sort(), [
    'client_id',
    'request_uri',
  ]);
});

test('RFC 9101 a numeric login parameter keeps its type', async (t) => {
  const world = await startWorld(t, signed('required'));
  await world.browser.navigate('/login?max_age=300');
  const { max_age: age } = decodeJwt(world.provider.requests.par[0]?.params.get('request') ?? '');
  assert.equal(age, 300);
});

test('RFC 9101 with a key that the provider does not know there is no sign-in, pushed or not', async (t) => {
  const other = createSigningKey('ES256');
  const open = await startWorld(t, signed('off', other));
  assert.equal((await open.browser.navigate('/login')).status, 400);
  const pushed = await startWorld(t, signed('required', other));
  assert.equal((await pushed.browser.navigate('/login')).status, 502);
  assert.equal(pushed.provider.requests.authorize.length, 0);
});

test('RFC 9101 metadata that requires signing, or another algorithm, is reported before any sign-in', async (t) => {
  const world = await startWorld(t);
  const { provider } = world;
  provider.behaviour.metadata = (found) => ({ ...found, require_signed_request_object: true });
  const plain = await startWorld(t, { running: provider });
  assert.equal((await plain.browser.navigate('/login')).status, 503);
  assert.match(plain.gateway.logText(), /requires signed requests, and provider\.signedRequests is off/);
  provider.behaviour.metadata = (found) => ({ ...found, request_object_signing_alg_values_supported: ['PS256'] });
  const es256 = await startWorld(t, { running: provider, gateway: signed('off').gateway ?? {} });
  assert.equal((await es256.browser.navigate('/login')).status, 503);
  assert.match(es256.gateway.logText(), /does not accept requests signed with ES256/);
});

/** Access tokens that are bound to a client certificate (RFC 8705 section 3): the token alone is of no use. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { BILLING_CERTIFICATE, clientCert, ORDERS_CERTIFICATE } from '../support/client-certificates.ts';
import { createSigningKey } from '../support/keys.ts';
import { createProof, thumbprint } from '../support/proofs.ts';
import { certificateThumbprint } from '../support/provider-tls.ts';
import { accessToken } from '../support/tokens.ts';
import { type BearerWorld, startBearerWorld } from './world.ts';

const BOUND = { 'x5t#S256': certificateThumbprint(ORDERS_CERTIFICATE) };
const ORDERS = { 'client-cert': clientCert(ORDERS_CERTIFICATE) };
const BILLING = { 'client-cert': clientCert(BILLING_CERTIFICATE) };
const key = createSigningKey('ES256');

const ends: (() => unknown)[] = [];
let world: BearerWorld;
before(async () => {
  const rule = { token: 'user-or-client' } as const;
  world = await startBearerWorld(
    { after: (end) => void ends.push(end as () => unknown) },
    {
      accessTokens: { audience: 'orders-api', provider: { introspection: {} } },
      config: { trustedProxies: ['127.0.0.1'], clientCertificateHeader: { name: 'Client-Cert' } },
      routes: [
        { path: '/api/bound', rules: [{ ...rule, binding: 'any' }] },
        { path: '/api/by-key', rules: [{ ...rule, binding: 'dpop' }] },
        { path: '/api/by-certificate', rules: [{ ...rule, binding: 'certificate' }] },
        { path: '/api/live', introspect: true, rules: [rule] },
        { path: '/api/**', rules: [rule] },
      ],
    },
  );
});
after(async () => {
  for (const end of ends) await end();
});
beforeEach(() => world.catchUp());

async function outcomeOf(token: string, headers: Record<string, string> = {}, path = '/api/x') {
  const response = await world.call(token, path, { headers });
  const { code, reason } = (await response.json()) as { code?: string; reason?: string };
  return [response.status, code, reason].filter(Boolean).join(' ');
}
const REFUSED = '401 invalid_token certificate';

test('the token is accepted with its certificate, and refused with another one, or with none', async () => {
  const token = accessToken(world.provider, { cnf: BOUND });
  assert.equal(await outcomeOf(token, ORDERS), '200');
  assert.equal(world.upstream.requests.at(-1)?.header('authorization'), `Bearer ${token}`);
  assert.equal(world.upstream.requests.at(-1)?.header('client-cert'), undefined);
  const before = world.upstream.requests.length;
  assert.equal(await outcomeOf(token, BILLING), REFUSED);
  assert.equal(await outcomeOf(token), REFUSED);
  assert.equal(await outcomeOf(token, { 'client-cert': 'nonsense' }), '400 bad_request client_certificate');
  assert.equal(world.upstream.requests.length, before);
});

test('the refusal has the challenge of RFC 6750, and does not say which certificate was expected', async () => {
  const response = await world.call(accessToken(world.provider, { cnf: BOUND }), '/api/x', { headers: BILLING });
  assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm=.*error="invalid_token"/);
  const body = await response.text();
  assert.ok(!body.includes(BOUND['x5t#S256']) && !body.includes(certificateThumbprint(BILLING_CERTIFICATE)));
});

test('a verification that is cached for one caller admits no other', async () => {
  const token = accessToken(world.provider, { cnf: BOUND });
  for (const [headers, expected] of [
    [ORDERS, '200'],
    [BILLING, REFUSED],
    [ORDERS, '200'],
    [{}, REFUSED],
  ] as const)
    assert.equal(await outcomeOf(token, headers), expected);
});

test('a token that is bound to a key as well needs both', async () => {
  const token = accessToken(world.provider, { cnf: { ...BOUND, jkt: thumbprint(key) } });
  const proofOf = () => createProof(key, { method: 'GET', url: `${world.gateway.url}/api/x`, token });
  const send = async (headers: Record<string, string>) =>
    (await world.call(undefined, '/api/x', { headers: { authorization: `DPoP ${token}`, ...headers } })).status;
  assert.equal(await send({ dpop: proofOf(), ...ORDERS }), 200);
  assert.equal(await send({ dpop: proofOf(), ...BILLING }), 401);
  assert.equal(await send({ dpop: proofOf() }), 401);
  assert.equal(await outcomeOf(token, ORDERS), '401 invalid_token');
});

test('the DPoP scheme and a proof do not replace the certificate', async () => {
  const token = accessToken(world.provider, { cnf: BOUND });
  const dpop = createProof(key, { method: 'GET', url: `${world.gateway.url}/api/x`, token });
  for (const headers of [{ dpop }, { dpop, ...ORDERS }]) {
    const sent = { authorization: `DPoP ${token}`, ...headers };
    assert.equal((await world.call(undefined, '/api/x', { headers: sent })).status, 401);
  }
});

test('a confirmation that the gateway does not know is refused, whatever stands beside it', async () => {
  for (const cnf of [
    { ...BOUND, kid: 'x' },
    { 'x5t#S256': 7 },
    { 'x5t#S256': '' },
    { x5t: BOUND['x5t#S256'] },
    [BOUND],
  ])
    assert.equal(
      await outcomeOf(accessToken(world.provider, { cnf }), ORDERS),
      '401 invalid_token',
      JSON.stringify(cnf),
    );
});

test('the confirmation of an introspection response counts: of an opaque token, and of a JWT that has none', async () => {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const live = { active: true, sub: 'user-alice', username: 'alice', aud: 'orders-api', exp };
  world.provider.introspectable.set('opaque-token', { ...live, cnf: BOUND });
  const plain = accessToken(world.provider);
  world.provider.introspectable.set(plain, { ...live, cnf: BOUND });
  for (const token of ['opaque-token', plain]) {
    assert.equal(await outcomeOf(token, ORDERS, '/api/live'), '200');
    assert.equal(await outcomeOf(token, BILLING, '/api/live'), REFUSED);
    assert.equal(await outcomeOf(token, {}, '/api/live'), REFUSED);
  }
  const other = accessToken(world.provider, { cnf: BOUND });
  world.provider.introspectable.set(other, {
    ...live,
    cnf: { 'x5t#S256': certificateThumbprint(BILLING_CERTIFICATE) },
  });
  for (const headers of [ORDERS, BILLING])
    assert.equal(
      await outcomeOf(other, headers, '/api/live'),
      '401 invalid_token',
      'two answers contradict each other',
    );
});

test('the condition binding refuses bearer tokens that are not bound in the required way', async () => {
  const denied = '403 access_denied binding';
  const plain = accessToken(world.provider);
  const bound = accessToken(world.provider, { cnf: BOUND });
  for (const path of ['/api/bound', '/api/by-key', '/api/by-certificate'])
    assert.equal(await outcomeOf(plain, ORDERS, path), denied, 'a certificate beside the token binds it to nothing');
  assert.equal(await outcomeOf(bound, ORDERS, '/api/bound'), '200');
  assert.equal(await outcomeOf(bound, ORDERS, '/api/by-certificate'), '200');
  assert.equal(await outcomeOf(bound, ORDERS, '/api/by-key'), denied);
  const keyed = accessToken(world.provider, { cnf: { jkt: thumbprint(key) } });
  for (const [path, expected] of [
    ['/api/bound', 200],
    ['/api/by-key', 200],
    ['/api/by-certificate', 403],
  ] as const) {
    const dpop = createProof(key, { method: 'GET', url: world.gateway.url + path, token: keyed });
    const headers = { authorization: `DPoP ${keyed}`, dpop };
    assert.equal((await world.call(undefined, path, { headers })).status, expected, path);
  }
});

test('binding does not concern the tokens of sessions', async () => {
  await world.signIn();
  assert.equal((await world.api('/api/by-certificate')).status, 200);
});

test('the metadata of the protected resource announces it (RFC 9728 section 2)', async (t) => {
  const read = async ({ gateway }: BearerWorld) => {
    const response = await fetch(`${gateway.url}/.well-known/oauth-protected-resource`);
    return Reflect.get(Object(await response.json()), 'tls_client_certificate_bound_access_tokens');
  };
  assert.equal(await read(world), true);
  assert.equal(await read(await startBearerWorld(t)), undefined);
});

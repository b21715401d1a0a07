/** DPoP-bound tokens of clients: possession of the key is proven, each proof is used once, a bound token is not a bearer token. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { createSigningKey, type SigningAlg, type TokenDraft } from '../support/keys.ts';
import { createProof, thumbprint } from '../support/proofs.ts';
import { startProvider } from '../support/provider.ts';
import { connectRaw } from '../support/raw.ts';
import { startRedis } from '../support/redis.ts';
import { accessToken } from '../support/tokens.ts';
import { type BearerWorld, startBearerWorld } from './world.ts';

const key = createSigningKey('ES256');
const ends: (() => unknown)[] = [];
let world: BearerWorld;
before(async () => {
  world = await startBearerWorld({ after: (end) => void ends.push(end as () => unknown) });
});
after(async () => {
  for (const end of ends) await end();
});
beforeEach(() => world.catchUp());

const boundToken = (claims: Record<string, unknown> = {}) =>
  accessToken(world.provider, { cnf: { jkt: thumbprint(key) }, ...claims });
const address = (path = '/api/x') => world.gateway.url + path;
const sendWithProof = (token: string, proof: string, path = '/api/x', scheme = 'DPoP') =>
  world.call(undefined, path, { headers: { authorization: `${scheme} ${token}`, dpop: proof } });
const validProof = (token: string, change?: (draft: TokenDraft) => void) =>
  createProof(key, { method: 'GET', url: address(), token }, change);

test('RS-12 a bound token with its proof is accepted, and forwarded as a bound token', async () => {
  const token = boundToken();
  const proof = validProof(token);
  const response = await sendWithProof(token, proof, '/api/x?page=2');
  assert.equal(response.status, 200);
  const sent = world.upstream.requests.at(-1);
  assert.equal(sent?.header('authorization'), `DPoP ${token}`);
  assert.equal(sent?.header('dpop'), proof);
});

test('RS-12 CVE-2024-49755 a bound token as a bearer token is refused with 401, with a proof or without', async () => {
  const token = boundToken();
  assert.equal((await world.call(token)).status, 401);
  assert.equal((await sendWithProof(token, validProof(token), '/api/x', 'Bearer')).status, 401);
});

test('RS-12 a token that is bound to something else is not accepted', async () => {
  for (const cnf of [
    { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' },
    { jkt: thumbprint(key), 'x5t#S256': 'x' },
    { jkt: 7 },
    { kid: 'x' },
    {},
    'text',
    [],
    null,
  ]) {
    const token = accessToken(world.provider, { cnf });
    assert.equal((await world.call(token)).status, 401, JSON.stringify(cnf));
    assert.equal((await sendWithProof(token, validProof(token))).status, 401, JSON.stringify(cnf));
  }
});

test('the DPoP scheme with a token that is not bound is refused with 401', async () => {
  const token = accessToken(world.provider);
  assert.equal((await sendWithProof(token, validProof(token))).status, 401);
});

describe('RS-12 a proof with one fault is refused with 401 invalid_dpop_proof', () => {
  const now = () => Math.floor(world.now() / 1000);
  const set = (claims: Record<string, unknown>) => (draft: TokenDraft) => void Object.assign(draft.claims, claims);
  const drop = (name: string) => (draft: TokenDraft) => void Reflect.deleteProperty(draft.claims, name);
  const head = (header: Record<string, unknown>) => (draft: TokenDraft) => void Object.assign(draft.header, header);
  const rows: Record<string, (draft: TokenDraft) => void> = {
    'another method': set({ htm: 'POST' }),
    'the method in lower case': set({ htm: 'get' }),
    'no method': drop('htm'),
    'another path': (draft) => set({ htu: `${address()}y` })(draft),
    'another host': set({ htu: 'https://evil.example/api/x' }),
    'a URL that is not a URL': set({ htu: 'nonsense' }),
    'a URL that is a list': (draft) => set({ htu: [address()] })(draft),
    'no URL': drop('htu'),
    'another token': set({ ath: 'x' }),
    'no token': drop('ath'),
    'no jti': drop('jti'),
    'an empty jti': set({ jti: '' }),
    'a jti that is too long': set({ jti: 'x'.repeat(300) }),
    'a jti that is a number': set({ jti: 7 }),
    'no iat': drop('iat'),
    'too old': (draft) => set({ iat: now() - 120 })(draft),
    'from the future': (draft) => set({ iat: now() + 60 })(draft),
    'iat as a string': (draft) => set({ iat: String(now()) })(draft),
    'another typ': head({ typ: 'JWT' }),
    'no typ': (draft) => void Reflect.deleteProperty(draft.header, 'typ'),
    'no key': (draft) => void Reflect.deleteProperty(draft.header, 'jwk'),
    'a private key': (draft) => head({ jwk: key.privateKey.export({ format: 'jwk' }) })(draft),
    'a symmetric key': head({ jwk: { kty: 'oct', k: 'AAAA' } }),
    'not signed': (draft) => {
      draft.header.alg = 'none';
      draft.signature = 'none';
    },
    'HMAC with the public key': (draft) => {
      draft.header.alg = 'HS256';
      draft.signature = 'hmac-of-public-key';
    },
    'a broken signature': (draft) => void Object.assign(draft, { signature: 'broken' }),
    'signed with another key': (draft) => {
      const other = createSigningKey('ES256');
      const { kid, alg, use, ...jwk } = other.publicJwk;
      Object.assign(draft, { key: other });
      draft.header.jwk = jwk;
    },
    'an unknown critical header': head({ crit: ['x'], x: 1 }),
  };
  for (const [name, change] of Object.entries(rows))
    test(name, async () => {
      const token = boundToken();
      const response = await sendWithProof(token, validProof(token, change));
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', /^DPoP realm=.*error="invalid_dpop_proof"/);
      assert.equal((await sendWithProof(token, validProof(token))).status, 200, 'without the fault it is accepted');
    });
});

test('RS-12 a proof can be used once', async () => {
  const token = boundToken();
  const proof = validProof(token);
  assert.equal((await sendWithProof(token, proof)).status, 200);
  assert.equal((await sendWithProof(token, proof)).status, 401);
});

test('RS-12 two proofs, or none, are refused with 400', async () => {
  const token = boundToken();
  const { port, host } = new URL(world.gateway.url);
  for (const proofs of [[], [validProof(token), validProof(token)]]) {
    const client = await connectRaw(Number(port));
    const lines = [`Authorization: DPoP ${token}`, ...proofs.map((proof) => `DPoP: ${proof}`)];
    await client.send(`GET /api/x HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\n\r\n`);
    assert.equal((await client.response()).status, 400);
    client.destroy();
  }
});

for (const alg of ['PS256', 'RS256', 'EdDSA'] as SigningAlg[])
  test(`a key for ${alg} is accepted`, async () => {
    const own = createSigningKey(alg);
    const token = accessToken(world.provider, { cnf: { jkt: thumbprint(own) } });
    assert.equal((await sendWithProof(token, createProof(own, { method: 'GET', url: address(), token }))).status, 200);
  });

test('a DPoP header without the DPoP scheme is not forwarded', async () => {
  await world.call(accessToken(world.provider), '/api/x', { headers: { dpop: 'forged' } });
  assert.equal(world.upstream.requests.at(-1)?.header('dpop'), undefined);
});

test('RS-12 a proof that one replica accepted is refused by the other', async (t) => {
  const redis = await startRedis();
  const provider = await startProvider();
  const options = {
    provider,
    redisUrl: redis.url,
    key: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx',
    routes: [{ path: '/api/**', upstream: world.upstream.origin, rules: [{ token: 'user' as const }] }],
    config: { accessTokens: { audience: 'orders-api' } },
  };
  const first = await startGateway(options);
  const second = await startGateway({ ...options, publicUrl: first.url });
  t.after(async () => {
    await first.stop();
    await second.stop();
    await provider.stop();
    await redis.stop();
  });
  const token = accessToken(provider, { cnf: { jkt: thumbprint(key) } });
  const proof = createProof(key, { method: 'GET', url: `${first.url}/api/x`, token });
  const headers = { authorization: `DPoP ${token}`, dpop: proof };
  assert.equal((await fetch(`${first.ownUrl}/api/x`, { headers })).status, 200);
  assert.equal((await fetch(`${second.ownUrl}/api/x`, { headers })).status, 401);
});

/** Validation of JWT access tokens: every check, with one change to a valid token at a time. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ConfigError } from '../../src/config/validate/faults.ts';
import { createSigningKey, type SigningAlg } from '../support/keys.ts';
import { createLogoutToken } from '../support/logout-tokens.ts';
import { accessToken, type Change, createAccessToken, drop, head, serviceToken, set } from '../support/tokens.ts';
import { type BearerWorld, codeOf, startBearerWorld } from './world.ts';

const CHALLENGE = 'error="invalid_token"';
const ends: (() => unknown)[] = [];
let world: BearerWorld;
before(async () => {
  world = await startBearerWorld({ after: (end) => void ends.push(end as () => unknown) });
});
after(async () => {
  for (const end of ends) await end();
});
beforeEach(() => world.catchUp());

test('R46 RS-02 a valid token reaches the API unchanged, with no other identity', async () => {
  const token = accessToken(world.provider);
  const response = await world.call(token, '/api/x', { headers: { 'x-user': 'forged' } });
  assert.equal(response.status, 200);
  const sent = world.upstream.requests.at(-1);
  assert.equal(sent?.header('authorization'), `Bearer ${token}`);
  assert.equal(sent?.header('x-user'), undefined);
  assert.match(response.headers.get('vary') ?? '', /Authorization/);
  assert.equal(response.headers.get('cache-control'), 'private, no-store');
});

describe('RS-02 R46 a token with one fault is refused with 401, and never forwarded', () => {
  const now = () => world.now() / 1000;
  const rows: Record<string, Change> = {
    'no issuer': drop('iss'),
    'another issuer': set({ iss: 'https://evil.example' }),
    'the issuer with a slash': (draft) => set({ iss: `${draft.claims.iss}/` })(draft),
    'the issuer in upper case': (draft) => set({ iss: String(draft.claims.iss).toUpperCase() })(draft),
    'the issuer as a list': (draft) => set({ iss: [draft.claims.iss] })(draft),
    'no audience': drop('aud'),
    'another audience': set({ aud: 'invoices-api' }),
    'an audience with the same prefix': set({ aud: 'orders-api2' }),
    'the default audience of the provider': set({ aud: 'account' }),
    'an empty list of audiences': set({ aud: [] }),
    'an audience as an object': set({ aud: { 0: 'orders-api' } }),
    'a list with a number in it': set({ aud: ['orders-api', 7] }),
    'no expiry': drop('exp'),
    expired: (draft) => set({ exp: now() - 40 })(draft),
    'an expiry as a string': (draft) => set({ exp: String(now() + 300) })(draft),
    'an absurd expiry': set({ exp: 1e300 }),
    'a negative expiry': set({ exp: -1 }),
    'an expiry that is null': set({ exp: null }),
    'not yet valid': (draft) => set({ nbf: now() + 40 })(draft),
    'nbf as a string': set({ nbf: 'soon' }),
    'from the future': (draft) => set({ iat: now() + 40 })(draft),
    'no signature': (draft) => Object.assign(draft, { signature: 'none' }) && head({ alg: 'none' })(draft),
    'no signature, in mixed case': (draft) =>
      Object.assign(draft, { signature: 'none' }) && head({ alg: 'nOnE' })(draft),
    'HMAC with the public key': (draft) =>
      Object.assign(draft, { signature: 'hmac-of-public-key' }) && head({ alg: 'HS256' })(draft),
    'a broken signature': (draft) => void Object.assign(draft, { signature: 'broken' }),
    'another key with the same id': (draft) =>
      void Object.assign(draft, { key: createSigningKey('RS256', String(draft.header.kid)) }),
    'an algorithm that does not fit the key': head({ alg: 'ES256' }),
    'an algorithm that is not listed': head({ alg: 'RS512' }),
    'an unknown key': head({ kid: 'unknown' }),
    'a key id that is not a string': head({ kid: 7 }),
    'typ JWT': head({ typ: 'JWT' }),
    'no typ': (draft) => void Reflect.deleteProperty(draft.header, 'typ'),
    'typ logout+jwt': head({ typ: 'logout+jwt' }),
    'typ dpop+jwt': head({ typ: 'dpop+jwt' }),
    'typ with the same prefix': head({ typ: 'at+jwt2' }),
    'an unknown critical header': head({ crit: ['x'], x: 1 }),
    'b64 false': head({ b64: false, crit: ['b64'] }),
    'a nonce, as an ID token has': set({ nonce: 'n' }),
    'at_hash, as an ID token has': set({ at_hash: 'x' }),
    'events, as a logout token has': set({ events: {} }),
  };
  for (const [name, change] of Object.entries(rows))
    test(name, async () => {
      world.upstream.requests.length = 0;
      const response = await world.call(accessToken(world.provider, {}, change));
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', new RegExp(CHALLENGE));
      assert.equal(await codeOf(response), 'invalid_token');
      assert.equal(world.upstream.requests.length, 0);
    });
});

describe('TK-11 unusual but valid tokens are accepted', () => {
  const now = () => world.now() / 1000;
  const rows: Record<string, Change> = {
    'an expiry with a fraction': (draft) => set({ exp: now() + 1.5 })(draft),
    'expired within the tolerance': (draft) => set({ exp: now() - 20 })(draft),
    'ahead within the tolerance': (draft) => set({ nbf: now() + 20, iat: now() + 20 })(draft),
    'no iat': drop('iat'),
    'one of several audiences': set({ aud: ['invoices-api', 'orders-api'] }),
    'typ with its prefix, in upper case': head({ typ: 'application/AT+JWT' }),
  };
  for (const [name, change] of Object.entries(rows))
    test(name, async () => assert.equal((await world.call(accessToken(world.provider, {}, change))).status, 200));
});

test('P04 scopes as a list, in scope or in scp: only whole entries of a list of strings count', async () => {
  const without = { scope: undefined };
  const rows: [Record<string, unknown>, number][] = [
    [{ scope: ['read:orders'] }, 200],
    [{ scope: ['openid', 'read:orders'] }, 200],
    [{ ...without, scp: ['read:orders'] }, 200],
    [{ ...without, scp: 'openid read:orders' }, 200],
    [{ scope: null, scp: ['read:orders'] }, 200],
    [{ scope: ['read:orders', 5] }, 403],
    [{ scope: ['read:orders', null] }, 403],
    [{ scope: [['read:orders']] }, 403],
    [{ scope: { 0: 'read:orders', length: 1 } }, 403],
    [{ scope: ['read:ordersonly', 'xread:orders'] }, 403],
    [{ scope: ['openid read:orders'] }, 403],
    [{ scope: ['read:orders', 5], scp: ['read:orders'] }, 403],
    [{ ...without, scp: ['read:orders', 5] }, 403],
    [{ ...without, scopes: ['read:orders'] }, 403],
  ];
  for (const [claims, expected] of rows)
    assert.equal((await world.call(accessToken(world.provider, claims))).status, expected, JSON.stringify(claims));
});

test('RS-03 tokens of other types are not access tokens', async () => {
  await world.signIn();
  const idTokens = [...world.provider.secrets.keys()].filter((secret) =>
    /canary-id-/.test(Buffer.from(secret.split('.')[1] ?? '', 'base64url').toString()),
  );
  assert.ok(idTokens.length > 0);
  const refreshTokens = [...world.provider.grants].map(({ refreshToken }) => refreshToken ?? '');
  const others = [...idTokens, ...refreshTokens, createLogoutToken(world.provider, { sub: 'user-alice' })];
  for (const token of others) assert.equal((await world.call(token)).status, 401, token.slice(0, 30));
});

test('RS-03 the key of another issuer does not verify, even with the same key id', async (t) => {
  const foreign = createSigningKey('RS256', world.provider.currentKey().kid);
  const own = { issuer: world.provider.issuer, key: foreign };
  assert.equal((await world.call(createAccessToken(own))).status, 401);
  t.diagnostic('the same key id, another key');
});

test('TK-06 keys that a token contains or points to are never used, nor fetched', async (t) => {
  let hits = 0;
  const canary = createServer((_req, res) => {
    hits += 1;
    res.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  t.after(() => canary.close());
  const address = canary.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/keys`;
  const own = createSigningKey('RS256');
  for (const header of [
    { jku: url },
    { x5u: url },
    { jwk: own.publicJwk },
    { jwk: own.publicJwk, jku: url, kid: undefined },
  ]) {
    const forged = (change: Change) => createAccessToken({ issuer: world.provider.issuer, key: own }, {}, change);
    assert.equal((await world.call(forged(head(header)))).status, 401);
  }
  assert.equal(hits, 0);
});

test('RS-13 a client is not a user, even if its client id is a user’s subject', async () => {
  const body = { method: 'POST', body: 'x' };
  const scope = 'read:orders write:orders';
  assert.equal((await world.call(accessToken(world.provider, { scope }), '/api/x', body)).status, 200);
  for (const sub of ['reports-job', 'user-alice']) {
    const response = await world.call(serviceToken(world.provider, { sub, client_id: sub, scope }), '/api/x', body);
    assert.equal(response.status, 403);
    const problem = Object(await response.json());
    assert.deepEqual([problem.code, problem.reason], ['access_denied', 'subject']);
  }
  assert.equal((await world.call(serviceToken(world.provider), '/api/machines/x')).status, 200);
  assert.equal((await world.call(accessToken(world.provider), '/api/machines/x')).status, 403);
});

describe('the configured algorithms', () => {
  const rows: [SigningAlg, string[], number][] = [
    ['ES256', ['ES256'], 200],
    ['ES256', ['RS256'], 401],
    ['PS256', ['PS256'], 200],
    ['EdDSA', ['EdDSA'], 200],
    ['RS256', ['RS256'], 200],
    ['RS256', ['PS256', 'ES256'], 401],
  ];
  for (const [alg, algorithms, status] of rows)
    test(`${alg} with ${algorithms} configured: ${status}`, async (t) => {
      const { provider, call } = await startBearerWorld(t, {
        provider: { alg },
        providerConfig: { idTokenSignedResponseAlg: alg },
        accessTokens: { audience: 'orders-api', provider: { algorithms: algorithms as 'RS256'[] } },
      });
      assert.equal((await call(accessToken(provider))).status, status);
    });

  test('CVE-2026-22817 with a key set that names no algorithm, the token can use only configured ones', async (t) => {
    const { provider, call } = await startBearerWorld(t);
    provider.behaviour.jwks = async (_call, proceed) => {
      const response = await proceed();
      const listed = (response.json?.keys ?? []) as Record<string, unknown>[];
      const keys = listed.map(({ alg, use, ...key }) => key);
      return { ...response, json: { keys } };
    };
    assert.equal((await call(accessToken(provider))).status, 200);
    const confused: Change = (draft) => {
      draft.header.alg = 'HS256';
      draft.signature = 'hmac-of-public-key';
    };
    assert.equal((await call(accessToken(provider, {}, confused))).status, 401);
    assert.equal((await call(accessToken(provider, {}, head({ alg: 'RS512' })))).status, 401);
  });
});

test('type any accepts plain JWTs, but no ID token, refresh token or logout token', async (t) => {
  const { provider, call } = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', provider: { type: 'any' } },
  });
  assert.equal((await call(accessToken(provider, {}, head({ typ: 'JWT' })))).status, 200);
  assert.equal(
    (await call(accessToken(provider, {}, (draft) => void Reflect.deleteProperty(draft.header, 'typ')))).status,
    200,
  );
  for (const change of [
    head({ typ: 'logout+jwt' }),
    head({ typ: 'dpop+jwt' }),
    set({ nonce: 'n' }),
    set({ at_hash: 'h' }),
    set({ events: {} }),
  ])
    assert.equal((await call(accessToken(provider, {}, change))).status, 401);
});

test('RS-02 a route that requires tokens without an audience stops the start', async (t) => {
  await assert.rejects(startBearerWorld(t, { accessTokens: {} }), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /no audience: tokens for any other API would be accepted/);
    return true;
  });
});

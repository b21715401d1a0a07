/** Introspection: opaque tokens, revoked tokens, invalid responses, and how long a response is cached. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bombard } from '../fuzz/bombard.ts';
import { startProvider } from '../support/provider.ts';
import { alteringJson, hang, invalidJson, oauthError, status } from '../support/provider-faults.ts';
import { accessToken } from '../support/tokens.ts';
import { gate, until } from '../support/wait.ts';
import { type AccessTokens, codeOf, startBearerWorld } from './world.ts';

const introspection = { cache: '10s', negativeCache: '10s' };
const accessTokens: AccessTokens = { audience: 'orders-api', provider: { introspection } };
const LIVE = { active: true, sub: 'user-alice', username: 'alice', aud: 'orders-api', scope: 'read:orders' };
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

test('R48 RS-04 the gateway introspects an opaque token as itself, once for many requests, and forwards it unchanged', async (t) => {
  const { provider, call, upstream } = await startBearerWorld(t, { accessTokens });
  provider.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() });
  const held = gate();
  provider.behaviour.introspection = async (_call, proceed) => {
    await held.passed;
    return proceed();
  };
  const calls = Array.from({ length: 50 }, () => call('opaque-token'));
  await until(() => provider.requests.introspection.length > 0);
  held.open();
  for (const response of await Promise.all(calls)) assert.equal(response.status, 200);
  assert.equal(provider.requests.introspection.length, 1);
  const [asked] = provider.requests.introspection;
  assert.match(asked?.headers.authorization ?? '', /^Basic /);
  assert.equal(asked?.method, 'POST');
  assert.equal(upstream.requests.at(-1)?.header('authorization'), 'Bearer opaque-token');
});

test('P03 optional members of an introspection response that are null or empty count as absent', async (t) => {
  const { provider, call } = await startBearerWorld(t, { accessTokens });
  for (const value of [null, '', []])
    for (const name of ['iss', 'nbf', 'iat', 'jti', 'client_id', 'nonce', 'token_type']) {
      const token = `opaque-${name}-${JSON.stringify(value)}`.replace(/[^\w-]/g, '_');
      provider.introspectable.set(token, { ...LIVE, exp: inAnHour(), [name]: value });
      assert.equal((await call(token)).status, 200, token);
    }
});

describe('RS-04 a token with an invalid introspection response is refused with 401', () => {
  const rows: Record<string, Record<string, unknown>> = {
    'not active': { active: false },
    'not active, with all claims of a valid token': { ...LIVE, active: false },
    'active as a string': { ...LIVE, active: 'true' },
    'active as a number': { ...LIVE, active: 1 },
    'no active': { ...LIVE, active: undefined },
    'no expiry': { ...LIVE, exp: undefined },
    'an expiry as a string': { ...LIVE, exp: '99999999999' },
    expired: { ...LIVE, exp: 1_000 },
    'not yet valid': { ...LIVE, exp: 99_999_999_999, nbf: 99_999_999_998 },
    'another issuer': { ...LIVE, iss: 'https://evil.example' },
    'another audience': { ...LIVE, aud: 'invoices-api' },
    'no audience': { ...LIVE, aud: undefined },
  };
  for (const [name, response] of Object.entries(rows))
    test(name, async (t) => {
      const { provider, call, upstream } = await startBearerWorld(t, { accessTokens });
      provider.introspectable.set('opaque-token', { exp: inAnHour(), ...response });
      const refused = await call('opaque-token');
      assert.equal(refused.status, 401);
      assert.equal(await codeOf(refused), 'invalid_token');
      assert.equal(upstream.requests.length, 0);
    });
  test('an HTML page in place of a response', async (t) => {
    const { provider, call } = await startBearerWorld(t, { accessTokens });
    provider.behaviour.introspection = invalidJson;
    assert.equal((await call('opaque-token')).status, 401);
  });
});

describe('R12 without a response the token is neither accepted nor refused: 503, and 200 as soon as there is one', () => {
  for (const [name, hook] of Object.entries({
    'returns 503': () => status(503),
    'returns 500 with a page': () => status(500),
    hangs: hang,
    'refuses the gateway': () => oauthError('invalid_client', 401),
  }))
    test(name, async (t) => {
      const { provider, call } = await startBearerWorld(t, { accessTokens, providerConfig: { timeout: '3s' } });
      provider.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() });
      provider.behaviour.introspection = hook;
      const response = await call('opaque-token');
      assert.equal(response.status, 503);
      assert.ok(response.headers.get('retry-after'));
      provider.resetBehaviour();
      assert.equal((await call('opaque-token')).status, 200);
    });
});

describe('RS-05 how long a response is cached', () => {
  test('a revoked token is refused when the cache expires, and no later than the token expires', async (t) => {
    const { provider, call, advance } = await startBearerWorld(t, { accessTokens });
    provider.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() });
    assert.equal((await call('opaque-token')).status, 200);
    provider.introspectable.delete('opaque-token');
    advance(9_000);
    assert.equal((await call('opaque-token')).status, 200);
    assert.equal(provider.requests.introspection.length, 1);
    advance(1_001);
    assert.equal((await call('opaque-token')).status, 401);
  });

  test('an inactive token is introspected again when the cache expires', async (t) => {
    const { provider, call, advance } = await startBearerWorld(t, { accessTokens });
    assert.equal((await call('opaque-token')).status, 401);
    provider.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() });
    assert.equal((await call('opaque-token')).status, 401);
    assert.equal(provider.requests.introspection.length, 1);
    advance(10_001);
    assert.equal((await call('opaque-token')).status, 200);
  });

  test('0ms introspects on each request', async (t) => {
    const off = { audience: 'orders-api', provider: { introspection: { cache: '0ms', negativeCache: '0ms' } } };
    const { provider, call } = await startBearerWorld(t, { accessTokens: off });
    for (let n = 0; n < 3; n += 1) await call('opaque-token');
    provider.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() });
    for (let n = 0; n < 3; n += 1) assert.equal((await call('opaque-token')).status, 200);
    assert.equal(provider.requests.introspection.length, 6);
  });

  test('never beyond the expiry of the token', async (t) => {
    const long = { audience: 'orders-api', provider: { introspection: { cache: '10m' } } };
    const { provider, call, advance, now } = await startBearerWorld(t, { accessTokens: long });
    provider.introspectable.set('opaque-token', { ...LIVE, exp: Math.floor(now() / 1000) + 60 });
    assert.equal((await call('opaque-token')).status, 200);
    advance(95_000);
    assert.equal((await call('opaque-token')).status, 401);
  });
});

describe('a route that introspects every token', () => {
  const routes = [
    { path: '/api/careful/**', introspect: true, rules: [{ token: 'user' as const }] },
    { path: '/api/**', rules: [{ token: 'user' as const }] },
  ];
  test('refuses a JWT that was revoked before it expires; other routes do not introspect', async (t) => {
    const { provider, call, advance } = await startBearerWorld(t, { accessTokens, routes });
    const token = accessToken(provider);
    provider.introspectable.set(token, { ...LIVE, exp: inAnHour() });
    assert.equal((await call(token, '/api/careful/x')).status, 200);
    provider.introspectable.delete(token);
    advance(10_001);
    assert.equal((await call(token, '/api/careful/x')).status, 401);
    assert.equal((await call(token, '/api/x')).status, 200);
  });
  test('never introspects a token that is already invalid', async (t) => {
    const { provider, call } = await startBearerWorld(t, { accessTokens, routes });
    provider.behaviour.introspection = alteringJson({ ...LIVE, exp: inAnHour() });
    for (const claims of [{ aud: 'invoices-api' }, { exp: 1_000 }, { iss: 'https://evil.example' }])
      assert.equal((await call(accessToken(provider, claims), '/api/careful/x')).status, 401);
    assert.equal(provider.requests.introspection.filter(({ params }) => params.get('token') === '').length, 0);
  });
  test('requires introspection of the issuer, or the gateway does not start', async (t) => {
    await assert.rejects(startBearerWorld(t, { routes }), /needs accessTokens\.provider\.introspection/);
  });
});

test('RS-03 RS-05 an opaque token is sent to one issuer only, and a response of another does not count', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const { provider, call } = await startBearerWorld(t, {
    accessTokens: {
      audience: 'orders-api',
      provider: { introspection },
      issuers: [
        { issuer: other.issuer, introspection: { clientId: other.client.id, clientSecret: other.client.secret } },
      ],
    },
  });
  other.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() });
  assert.equal((await call('opaque-token')).status, 401);
  assert.equal(provider.requests.introspection.length, 1);
  assert.equal(other.requests.introspection.length, 0);
});

test('an opaque token where no issuer has introspection is refused with 401, never with a parser error', async (t) => {
  const { call, gateway } = await startBearerWorld(t);
  for (const token of ['opaque-token', 'a.b', 'a.b.c.d.e', '....', 'e30.e30.e30']) {
    const response = await call(token);
    assert.equal(response.status, 401, token);
  }
  assert.doesNotMatch(gateway.logText(), /"level":"error"|SyntaxError/);
});

test('RS-05 a response from before the clock was set back is not cached for that much longer', async (t) => {
  const { provider, call, advance } = await startBearerWorld(t, { accessTokens });
  provider.introspectable.set('opaque-token', { ...LIVE, exp: inAnHour() + 7_200 });
  advance(3_600_000);
  assert.equal((await call('opaque-token')).status, 200);
  advance(-3_600_000);
  provider.introspectable.set('opaque-token', { active: false });
  assert.equal((await call('opaque-token')).status, 401);
});

describe('E12 junk tokens', () => {
  const cached: AccessTokens = {
    audience: 'orders-api',
    provider: { introspection: { cache: '10m', negativeCache: '10m' } },
  };
  const trustedProxies = ['127.0.0.0/8'];
  const junk = (count: number) => Array.from({ length: count }, (_, at) => `junk-token-${at}`);

  /** Sends requests with these tokens over a few connections. */
  async function flood(url: string, tokens: readonly string[]): Promise<Map<number, number>> {
    const { host, port } = new URL(url);
    const head = (token: string) => `GET /api/x HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    return (await bombard(Number(port), tokens.map(head))).counts;
  }

  test('E12 one address causes a bounded number of introspection requests; other addresses and known tokens go on', async (t) => {
    const { provider, call, gateway, advance } = await startBearerWorld(t, {
      accessTokens: cached,
      config: { trustedProxies },
    });
    for (const token of ['known-token', 'new-token', 'later-token'])
      provider.introspectable.set(token, { ...LIVE, exp: inAnHour() });
    assert.equal((await call('known-token')).status, 200);
    const counts = await flood(gateway.url, junk(1_000));
    assert.deepEqual([...counts].sort(), [
      [401, 600],
      [429, 400],
    ]);
    assert.equal(provider.requests.introspection.length, 601);
    assert.equal((await call('known-token')).status, 200);
    assert.equal(provider.requests.introspection.length, 601);
    const refused = await call('new-token');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.equal((await call('new-token', '/api/x', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status, 200);
    advance(61_000);
    assert.equal((await call('later-token')).status, 200);
  });
});

/** Tokens for one upstream, by client credentials and by exchange: never mixed up, requested once, never used after expiry. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser } from '../support/browser.ts';
import { decodeClaims } from '../support/keys.ts';
import { alteringJson, oauthError, status } from '../support/provider-faults.ts';
import { BOB } from '../support/provider-state.ts';
import type { Hook } from '../support/provider-types.ts';
import { accessToken, serviceToken } from '../support/tokens.ts';
import { CSRF } from '../support/world.ts';
import { type BearerWorld, codeOf, startBearerWorld } from './world.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const any = [{ token: 'user-or-client' as const }];
const routes = [
  {
    path: '/api/own/**',
    upstreamToken: { clientCredentials: { audience: 'stock-api', scopes: ['stock:read'] } },
    rules: [
      { methods: ['GET' as const], token: 'user-or-client' as const },
      { methods: ['POST' as const], token: 'user-or-none' as const },
      { methods: ['PUT' as const], token: 'none' as const },
    ],
  },
  { path: '/api/stock/**', upstreamToken: { exchange: { audience: 'stock-api', scopes: ['stock:read'] } }, rules: any },
  { path: '/api/bills/**', upstreamToken: { exchange: { audience: 'bills-api' } }, rules: any },
  {
    path: '/api/res/**',
    upstreamToken: { exchange: { resource: ['https://a.example/x', 'https://b.example/y'] } },
    rules: any,
  },
  { path: '/api/none/**', upstreamToken: 'none' as const, rules: any },
  { path: '/api/**', rules: any },
];
const start = (t: Parameters<typeof startBearerWorld>[0]) => startBearerWorld(t, { routes });
const grants = ({ provider }: BearerWorld, type: string) =>
  provider.requests.token.filter(({ params }) => params.get('grant_type') === type);
const sent = ({ upstream }: BearerWorld) =>
  (upstream.requests.at(-1)?.header('authorization') ?? '').replace('Bearer ', '');
/** Changes the provider's response to one grant type. */
const only =
  (type: string, hook: Hook): Hook =>
  (call, proceed) =>
    call.params.get('grant_type') === type ? hook(call, proceed) : proceed();

describe('a token of the gateway itself', () => {
  test('is requested once for fifty requests of several callers, and does not name them', async (t) => {
    const world = await start(t);
    const tokens = [accessToken(world.provider), serviceToken(world.provider)];
    const responses = await Promise.all(Array.from({ length: 50 }, (_, n) => world.call(tokens[n % 2], '/api/own/x')));
    assert.deepEqual(new Set(responses.map(({ status: code }) => code)), new Set([200]));
    assert.equal(grants(world, 'client_credentials').length, 1);
    const { params } = grants(world, 'client_credentials')[0] ?? { params: new URLSearchParams() };
    assert.deepEqual([params.get('audience'), params.get('scope')], ['stock-api', 'stock:read']);
    assert.deepEqual([decodeClaims(sent(world)).sub, decodeClaims(sent(world)).aud], ['shop-web', 'stock-api']);
  });

  test('is cached until shortly before it expires', async (t) => {
    const world = await start(t);
    const token = accessToken(world.provider, { exp: Math.floor(Date.now() / 1000) + 3_600 });
    await world.call(token, '/api/own/x');
    const first = sent(world);
    world.advance(269_000);
    await world.call(token, '/api/own/x');
    assert.equal(sent(world), first);
    world.advance(2_000);
    await world.call(token, '/api/own/x');
    assert.notEqual(sent(world), first);
    assert.equal(grants(world, 'client_credentials').length, 2);
  });

  test('is only for callers that a rule identified: a guest or an anonymous request gets none', async (t) => {
    const world = await start(t);
    for (const method of ['POST', 'PUT']) {
      assert.equal((await world.call(undefined, '/api/own/x', { method })).status, 200);
      assert.equal(world.upstream.requests.at(-1)?.header('authorization'), undefined);
    }
    assert.equal(grants(world, 'client_credentials').length, 0);
  });
});

describe('TK-15 TK-12 a token in exchange', () => {
  test('names the user and the API, and the API never sees the user’s own token', async (t) => {
    const world = await start(t);
    await world.signIn();
    assert.equal((await world.api('/api/stock/x')).status, 200);
    assert.deepEqual([decodeClaims(sent(world)).sub, decodeClaims(sent(world)).aud], ['user-alice', 'stock-api']);
    const [{ params } = { params: new URLSearchParams() }] = grants(world, EXCHANGE);
    const own = params.get('subject_token') ?? '';
    assert.ok(world.provider.secrets.has(own));
    assert.equal(params.get('subject_token_type'), 'urn:ietf:params:oauth:token-type:access_token');
    assert.ok(!JSON.stringify(world.upstream.requests).includes(own));
  });

  test('two users and two APIs at once: each request has the token of its user for its API, and four are requested in total', async (t) => {
    const world = await start(t);
    const signIn = async () => {
      const browser = world.gateway.browser();
      await browser.navigate('/login?returnTo=/app');
      return browser;
    };
    const alice = await signIn();
    world.provider.next.nextUser = BOB;
    const bob = await signIn();
    const users: [Browser, string][] = [
      [alice, 'user-alice'],
      [bob, 'user-bob'],
    ];
    const calls = Array.from({ length: 80 }, (_, n) => {
      const [browser, sub] = users[n % 2] ?? [alice, ''];
      const api = n % 4 < 2 ? 'stock' : 'bills';
      return browser.fetch(`/api/${api}/${sub}`, { headers: CSRF });
    });
    for (const { status: code } of await Promise.all(calls)) assert.equal(code, 200);
    assert.equal(grants(world, EXCHANGE).length, 4);
    for (const request of world.upstream.requests) {
      const [, , api, sub] = request.target.split('/');
      const claims = decodeClaims((request.header('authorization') ?? '').replace('Bearer ', ''));
      assert.deepEqual([claims.sub, claims.aud], [sub, `${api}-api`], request.target);
    }
  });

  test('is requested again after a refresh, and for a caller with another token', async (t) => {
    const world = await start(t);
    await world.signIn();
    await world.api('/api/stock/x');
    await world.api('/api/stock/x');
    assert.equal(grants(world, EXCHANGE).length, 1);
    world.advance(world.provider.settings.accessTokenLifetime - 500);
    await world.api('/api/stock/x');
    assert.equal(grants(world, EXCHANGE).length, 2);
    assert.equal(
      (await world.call(accessToken(world.provider, {}, undefined, world.now()), '/api/stock/x')).status,
      200,
    );
    assert.equal(grants(world, EXCHANGE).length, 3);
  });

  test('is requested for every configured resource (RFC 8707)', async (t) => {
    const world = await start(t);
    assert.equal((await world.call(accessToken(world.provider), '/api/res/x')).status, 200);
    assert.deepEqual(grants(world, EXCHANGE)[0]?.params.getAll('resource'), [
      'https://a.example/x',
      'https://b.example/y',
    ]);
  });

  test('P01 with an empty issued_token_type is used', async (t) => {
    for (const value of [null, '', []]) {
      const world = await start(t);
      world.provider.behaviour.token = only(EXCHANGE, alteringJson({ issued_token_type: value }));
      const response = await world.call(accessToken(world.provider), '/api/stock/x');
      assert.equal(response.status, 200, JSON.stringify(value));
    }
  });

  test('of another type is not used', async (t) => {
    const world = await start(t);
    const rows: Record<string, unknown>[] = [
      { issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { token_type: 'N_A' },
      { token_type: 'DPoP' },
    ];
    for (const changes of rows) {
      world.provider.behaviour.token = only(EXCHANGE, alteringJson(changes));
      const response = await world.call(accessToken(world.provider), '/api/stock/x');
      assert.equal(response.status, 502, JSON.stringify(changes));
      assert.equal(await codeOf(response), 'upstream_token_failed');
    }
    assert.equal(world.upstream.requests.length, 0);
  });
});

describe('without a token no request is sent to the upstream', () => {
  const rows: [string, string, Hook, number, string][] = [
    ['/api/stock/x', EXCHANGE, () => oauthError('invalid_grant'), 403, 'access_denied'],
    ['/api/stock/x', EXCHANGE, () => oauthError('access_denied', 403), 403, 'access_denied'],
    ['/api/stock/x', EXCHANGE, () => oauthError('invalid_target'), 502, 'upstream_token_failed'],
    ['/api/stock/x', EXCHANGE, () => oauthError('unauthorized_client'), 502, 'upstream_token_failed'],
    ['/api/stock/x', EXCHANGE, () => status(503), 503, 'provider_unavailable'],
    ['/api/own/x', 'client_credentials', () => oauthError('unauthorized_client'), 502, 'upstream_token_failed'],
    ['/api/own/x', 'client_credentials', () => status(500), 503, 'provider_unavailable'],
  ];
  for (const [path, grant, hook, code, name] of rows)
    test(`${path} ${code} ${name}`, async (t) => {
      const world = await start(t);
      world.provider.behaviour.token = only(grant, hook);
      const token = accessToken(world.provider);
      const response = await world.call(token, path);
      assert.equal(response.status, code);
      assert.equal(await codeOf(response), name);
      assert.equal(world.upstream.requests.length, 0);
      world.provider.resetBehaviour();
      assert.equal((await world.call(token, path)).status, 200, 'a failure is not cached');
    });
});

test('none sends no token, and forward sends the caller’s own', async (t) => {
  const world = await start(t);
  const token = accessToken(world.provider);
  await world.call(token, '/api/none/x');
  assert.equal(world.upstream.requests.at(-1)?.header('authorization'), undefined);
  await world.call(token, '/api/x');
  assert.equal(sent(world), token);
});

/** `bff-gateway/testing`: signed-in sessions without a provider, in a gateway that only a test can have. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import express from 'express';
import { stringify } from 'yaml';
import { type ConfigInput, createGateway } from '../../src/index.ts';
import {
  createTestGateway,
  signedInCookie,
  startTestProvider,
  type TestGateway,
  type TestGatewayOptions,
} from '../../src/testing/index.ts';
import { createBrowser } from '../support/browser.ts';
import { newKey } from '../support/gateway.ts';
import { decodeClaims } from '../support/keys.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { CSRF } from '../support/world.ts';

async function start(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await createTestGateway(options);
  t.after(() => gateway.close());
  return gateway;
}

async function upstreamOf(t: TestContext): Promise<Upstream> {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  return upstream;
}

const get = (gateway: TestGateway, path: string, cookie?: string) =>
  fetch(gateway.url + path, { headers: { ...CSRF, ...(cookie === undefined ? {} : { cookie }) }, redirect: 'manual' });

const lastToken = ({ requests }: Upstream) => requests.at(-1)?.header('authorization')?.replace('Bearer ', '') ?? '';

test('a signed-in user reaches an upstream, which gets a JWT with the claims', async (t) => {
  const upstream = await upstreamOf(t);
  const gateway = await start(t, { config: { routes: [{ path: '/api/**', upstream: upstream.origin }] } });
  assert.equal((await get(gateway, '/api/x')).status, 401);
  const cookie = await signedInCookie(gateway, {
    claims: { sub: 'ada', name: 'Ada' },
    scope: 'openid orders:read',
    accessTokenClaims: { roles: ['editor'] },
  });
  assert.equal((await get(gateway, '/api/x', cookie)).status, 200);
  const { sub, scope, roles } = decodeClaims(lastToken(upstream));
  assert.deepEqual([sub, scope, roles], ['ada', 'openid orders:read', ['editor']]);
  const profile = (await (await get(gateway, '/profile', cookie)).json()) as Record<string, unknown>;
  assert.deepEqual([profile.sub, profile.name], ['ada', 'Ada']);
  const session = (await (await get(gateway, '/session', cookie)).json()) as Record<string, unknown>;
  assert.deepEqual([session.authenticated, session.sub], [true, 'ada']);
});

test('an access token of the test is forwarded as it is', async (t) => {
  const upstream = await upstreamOf(t);
  const gateway = await start(t, { config: { routes: [{ path: '/api/**', upstream: upstream.origin }] } });
  await get(gateway, '/api/x', await signedInCookie(gateway, { accessToken: 'the-token' }));
  assert.equal(lastToken(upstream), 'the-token');
});

test('handlers of the application get the session, with data of hooks; options have a default user', async (t) => {
  const gateway = await start(t, {
    user: { claims: { sub: 'grace' }, data: { tenant: 't1' } },
    app: (mounted) => {
      const app = express();
      app.use(mounted.handler);
      app.get('/me', mounted.requireUser({ redirect: false }), async (req, res) => {
        const session = await req.bff.session();
        res.json([session?.sub, session?.data, (await session?.accessToken())?.length !== 0]);
      });
      return app;
    },
  });
  assert.equal((await get(gateway, '/me')).status, 401);
  const me = async (cookie: string) => (await get(gateway, '/me', cookie)).json();
  assert.deepEqual(await me(await signedInCookie(gateway)), ['grace', { tenant: 't1' }, true]);
  assert.deepEqual(await me(await signedInCookie(gateway, { claims: { sub: 'ada' } })), [
    'ada',
    { tenant: 't1' },
    true,
  ]);
});

test('rules decide as they do in production: scopes, roles of a validated token, identity', async (t) => {
  const upstream = await upstreamOf(t);
  const at = (path: string, rule: object) => ({ path, upstream: upstream.origin, rules: [{ token: 'user', ...rule }] });
  const config = {
    accessTokens: { audience: 'https://api.example' },
    routes: [
      at('/scope', { scopes: ['orders:read'] }),
      at('/role', { roles: ['admin'] }),
      at('/identity', { identity: { tenant: { equals: 't1' } } }),
    ],
  } as Omit<ConfigInput, 'publicUrl' | 'secrets'>;
  const gateway = await start(t, { config });
  const statuses = async (cookie: string) =>
    Promise.all(['/scope', '/role', '/identity'].map(async (path) => (await get(gateway, path, cookie)).status));
  assert.deepEqual(await statuses(await signedInCookie(gateway)), [403, 403, 403]);
  const allowed = await signedInCookie(gateway, {
    claims: { sub: 'ada', tenant: 't1' },
    scope: 'openid orders:read',
    accessTokenClaims: { roles: ['admin'] },
  });
  assert.deepEqual(await statuses(allowed), [200, 200, 200]);
});

test('the session ends with its access token, and after the idle limit, by the clock of the test', async (t) => {
  let now = Date.now();
  const gateway = await start(t, { clock: () => now, config: { session: { idleTimeout: '10m' } } });
  const isSignedIn = async (cookie: string) =>
    ((await (await get(gateway, '/session', cookie)).json()) as { authenticated: boolean }).authenticated;
  const cookie = await signedInCookie(gateway, { expiresIn: 7200 });
  now += 9 * 60_000;
  assert.equal(await isSignedIn(cookie), true);
  now += 2 * 60_000;
  assert.equal(await isSignedIn(cookie), false);
});

test('an expired access token cannot be refreshed: the route responds with 401', async (t) => {
  let now = Date.now();
  const upstream = await upstreamOf(t);
  const gateway = await start(t, {
    clock: () => now,
    config: { routes: [{ path: '/api/**', upstream: upstream.origin }] },
  });
  const cookie = await signedInCookie(gateway, { expiresIn: 60 });
  assert.equal((await get(gateway, '/api/x', cookie)).status, 200);
  now += 61_000;
  assert.equal((await get(gateway, '/api/x', cookie)).status, 401);
});

test('a session is valid in its own gateway only, whatever key and store the configuration has', async (t) => {
  const upstream = await upstreamOf(t);
  const folder = mkdtempSync(join(tmpdir(), 'bff-testing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  const config = {
    publicUrl: 'https://shop.example',
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: 'https://id.example', clientId: 'shop', clientSecret: 'secret' },
    session: { store: { redis: { url: 'redis://store.invalid:6379' } }, idleTimeout: '5m' },
    routes: [{ path: '/api/**', upstream: upstream.origin }],
  };
  writeFileSync(file, stringify(config));
  const [first, second] = [await start(t, { config: file }), await start(t, { config: file })];
  const cookie = await signedInCookie(first);
  assert.equal((await get(first, '/api/x', cookie)).status, 200);
  assert.equal((await get(second, '/api/x', cookie)).status, 401);
});

test('the key of the configuration signs no cookie of a test', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bff-testing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  const production = {
    publicUrl: 'http://localhost:3000',
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: 'https://id.example', clientId: 'shop', clientSecret: 'secret' },
    session: { store: { sqlite: { file: ':memory:' } } },
  };
  writeFileSync(file, stringify(production));
  const gateway = await start(t, { config: file });
  const cookie = await signedInCookie(gateway);
  // The same address, provider and key, so only another key makes the cookie of the test a foreign one.
  const real = createGateway({ ...production, publicUrl: gateway.url }, { logTo: { write: () => {} } });
  const server = createServer(real.handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    await real.close();
  });
  const { port } = server.address() as AddressInfo;
  const headers = { host: new URL(gateway.url).host, cookie };
  const status = await new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/session', headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
  // An authentic cookie would need the CSRF header: 403.
  assert.equal(status, 200);
});

test('hooks run, and get the data of the session', async (t) => {
  const upstream = await upstreamOf(t);
  const gateway = await start(t, {
    config: { routes: [{ path: '/api/**', upstream: upstream.origin }] },
    hooks: {
      onCall: ({ data }) => ({ headers: { 'x-tenant': String(data?.tenant) } }),
      onSession: ({ data }) => ({ seen: data.tenant ?? null }),
    },
  });
  const cookie = await signedInCookie(gateway, { data: { tenant: 't1' } });
  assert.equal((await get(gateway, '/api/x', cookie)).status, 200);
  assert.equal(upstream.requests.at(-1)?.header('x-tenant'), 't1');
  const session = (await (await get(gateway, '/session', cookie)).json()) as Record<string, unknown>;
  assert.deepEqual(session.custom, { seen: 't1' });
});

test('a gateway that is none of a test has no signed-in sessions', async (t) => {
  const gateway = await start(t);
  const other = { gateway: gateway.gateway, url: gateway.url, close: gateway.close };
  await assert.rejects(signedInCookie(other), /needs a gateway that createTestGateway has made/);
});

test('nothing runs with NODE_ENV=production', async (t) => {
  const gateway = await start(t);
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await assert.rejects(createTestGateway(), /refuses to run with NODE_ENV=production/);
    await assert.rejects(signedInCookie(gateway), /refuses to run with NODE_ENV=production/);
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, 'NODE_ENV');
    else process.env.NODE_ENV = before;
  }
});

test('a faulty configuration or user is an error that names what is wrong', async (t) => {
  const rootes: object = { rootes: [] };
  await assert.rejects(createTestGateway({ config: rootes }), /rootes: unknown option/);
  await assert.rejects(createTestGateway({ config: 'absent.yaml' }), /cannot be read/);
  const gateway = await start(t);
  await assert.rejects(signedInCookie(gateway, { claims: { sub: '' } }), /claims\.sub must be a text/);
  await assert.rejects(signedInCookie(gateway, { expiresIn: 0 }), /expiresIn must be a number of seconds above 0/);
  await assert.rejects(signedInCookie(gateway, { provider: 'other' }), /no provider with the id other/);
});

test('with a provider of a test, the sign-in itself is tested', async (t) => {
  const provider = await startTestProvider();
  t.after(() => provider.stop());
  const gateway = await start(t, { provider });
  const browser = createBrowser({ baseUrl: gateway.url });
  t.after(() => browser.close());
  assert.match((await browser.navigate('/login')).body, /Ada Lovelace.*Grace Hopper.*Linus Pauling/s);
  provider.signInAs('grace');
  await browser.navigate('/login');
  const profile = (await browser.fetch('/profile', { headers: CSRF })).json();
  assert.deepEqual([profile.sub, profile.roles], ['grace', ['editor']]);
});

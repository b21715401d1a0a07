/** Golden list of the endpoints: paths and methods are public, so a change of the table has to be made here as well. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import { circularPaths, offeredEndpoints, ownEndpoints } from '../../src/config/schema/endpoints.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';

const GOLDEN = readFileSync(join(import.meta.dirname, 'endpoints.golden.txt'), 'utf8');

function configOf(options: Partial<ConfigInput> = {}, provider: Partial<NonNullable<ConfigInput['provider']>> = {}) {
  const input: ConfigInput = {
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'n5Jx0WkqYt7Rz2Lb8Vd4Gh6Pm1Cs9Fa3' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'Zk3vT9qLw7Xr', ...provider },
    ...options,
  };
  return parseConfig(input, { env: {}, readFile: () => assert.fail('no file is read') });
}

const listOf = (config: ReturnType<typeof configOf>) =>
  offeredEndpoints(config).map(({ path, methods }) => `${methods.join(',')} ${path}\n`);

test('the endpoints with every option on are those of the golden list', () => {
  const config = configOf(
    { logout: { frontChannel: true }, accessTokens: { audience: 'shop-api' } },
    { responseMode: 'form_post' },
  );
  assert.equal(listOf(config).join(''), GOLDEN);
});

test('without those options the endpoints that depend on them are not offered', () => {
  const absent = GOLDEN.split('\n').filter((line) => !listOf(configOf()).includes(`${line}\n`) && line !== '');
  assert.deepEqual(absent, [
    'GET,POST /callback',
    'GET /frontchannel-logout',
    'GET /.well-known/oauth-protected-resource',
  ]);
});

test('the prefix moves every endpoint but the metadata', () => {
  const paths = offeredEndpoints(configOf({ endpoints: { prefix: '/bff' }, accessTokens: { audience: 'shop-api' } }));
  const outside = paths.filter(({ path }) => !path.startsWith('/bff/')).map(({ name }) => name);
  assert.deepEqual(outside, ['protectedResource']);
});

test('paths of endpoints belong to the gateway and are named for metrics without text of the client', () => {
  const { isOwn, nameOf } = ownEndpoints(configOf());
  for (const [path, own, name] of [
    ['/login', true, '/login'],
    ['/sessions', true, '/sessions'],
    ['/sessions/a1b2/revoke', true, '/sessions/{id}/revoke'],
    ['/sessions/a1b2', true, '/sessions/{id}/revoke'],
    ['/frontchannel-logout', true, '/frontchannel-logout'],
    ['/.well-known/oauth-protected-resource', true, '/.well-known/oauth-protected-resource'],
    ['/sessionsx', false, 'frontend'],
    ['/orders/7', false, 'frontend'],
  ] as const) {
    assert.equal(isOwn(path), own, path);
    assert.equal(nameOf(path), name, path);
  }
});

test('a sign-in may return to the pages of sessions and of a finished sign-in only', () => {
  const circular = circularPaths(configOf());
  const returnable = offeredEndpoints(configOf()).filter(({ path }) => !circular.includes(path));
  assert.deepEqual(
    returnable.map(({ name }) => name),
    ['signedIn', 'sessions'],
  );
});

test('a route must not hide an endpoint, one with a parameter included', () => {
  const routes = (path: string) => [{ path, upstream: 'https://api.example.com' }];
  for (const path of ['/login', '/sessions/*/revoke', '/*/*/revoke'])
    assert.throws(() => configOf({ routes: routes(path) }), /would hide the endpoint|1 fault/, path);
  assert.doesNotThrow(() => configOf({ routes: routes('/api/**') }));
});

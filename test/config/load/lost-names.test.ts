/** Names of the configuration: none is lost on the way, and options that exclude each other are named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig, parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';

const BASE = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: s3cret }
accessTokens: { audience: api }
`;

function faultsOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.faults.map(({ path, message, line }) => `${line ?? ''} ${path}: ${message}`);
  }
}
const load = (more: string) => () =>
  loadConfig({ file: 'gateway.yaml', text: BASE + more, env: {}, readFile: () => '' });
const routeWith = (more: string) => `routes: [{ path: /a/**, upstream: "http://a", ${more} }]\n`;

test('E15 a name that would be lost stops the start, with its line', () => {
  const rows = {
    'rules: [{ token: user, claims: { __proto__: { equals: x } } }]':
      /^5 routes\[0\]\.rules\[0\]\.claims\.__proto__: .*lost/,
    'rules: [{ token: user, claims: { sub: { equals: x }, __proto__: { equals: x } } }]': /claims\.__proto__: .*lost/,
    'rules: [{ token: user, claims: { "__proto__": { equals: x } } }]': /claims\.__proto__: .*lost/,
    'claimHeaders: { __proto__: sub }': /claimHeaders\.__proto__: .*lost/,
    'rules: [{ token: user, __proto__: { scopes: [a] } }]': /rules\[0\]\.__proto__: unknown option/,
    'rules: [{ token: user, claims: { sub: { __proto__: { equals: x } } } }]': /claims\.sub/,
  };
  for (const [more, expected] of Object.entries(rows))
    assert.match(faultsOf(load(routeWith(more))).join('\n'), expected, more);
  const params = BASE.replace('shop,', 'shop, authorizationParams: { __proto__: x },');
  const text = faultsOf(() => loadConfig({ file: 'gateway.yaml', text: params, env: {}, readFile: () => '' }));
  assert.match(text.join(), /^3 provider\.authorizationParams\.__proto__: .*lost/);
});

test('E15 names such as constructor are claims like any other', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'prototype', '__proto'])
    assert.deepEqual(faultsOf(load(routeWith(`rules: [{ token: user, claims: { ${name}: { equals: x } } }]`))), []);
});

test('E15 a condition without content stops the start, and so does a header that is set twice', () => {
  assert.match(faultsOf(load(routeWith('rules: [{ token: user, claims: {} }]'))).join(), /claims: is empty/);
  assert.match(faultsOf(load(routeWith('claimHeaders: { X-User: sub, x-user: email }'))).join(), /x-user: .*twice/);
});

test('E15 a program cannot lose a name either', () => {
  const config = (claims: object) => () =>
    parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
      accessTokens: { audience: 'api' },
      routes: [{ path: '/a/**', upstream: 'http://a', rules: [{ token: 'user', claims }] }],
    } as ConfigInput);
  assert.deepEqual(faultsOf(config({ sub: { equals: 'x' } })), []);
  const own = JSON.parse('{ "sub": { "equals": "x" }, "__proto__": { "equals": "x" } }') as object;
  const inherited = Object.assign(Object.create({ email: { equals: 'x' } }) as object, { sub: { equals: 'x' } });
  assert.match(faultsOf(config(own)).join(), /claims\.__proto__/);
  assert.match(faultsOf(config(inherited)).join(), /claims\.__proto__\.email/);
});

test('options that exclude each other are named, and so are those of which one is needed', () => {
  const rows = {
    'session: { store: { redis: { url: "redis://a" }, sqlite: {} } }': [
      '5 session.store: only one of redis, sqlite can be set',
    ],
    'session: { store: {} }': ['5 session.store: is empty'],
    'session: { store: { reddis: {} } }': ['5 session.store.reddis: unknown option'],
    'admin: { secret: { file: a, env: B } }': ['5 admin.secret: only one of env, file can be set'],
  };
  for (const [more, expected] of Object.entries(rows)) assert.deepEqual(faultsOf(load(more)), expected);
});

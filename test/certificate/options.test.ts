/** Options of client certificates that would not do what they seem to do stop the start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';

type Route = NonNullable<ConfigInput['routes']>[number];

const parse = (config: Partial<ConfigInput>, route: Partial<Route> = {}) =>
  parseConfig({
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'not-a-real-one' },
    trustedProxies: ['10.0.0.4'],
    clientCertificateHeader: { name: 'X-Cert' },
    ...config,
    routes: [{ path: '/api/**', upstream: 'http://orders:8080', rules: [{ token: 'none' }], ...route }],
  });

test('a header that no proxy may send, and one with another meaning', () => {
  assert.throws(() => parse({ trustedProxies: [] }), /clientCertificateHeader.*has no effect.*trustedProxies/s);
  assert.throws(() => parse({ clientCertificateHeader: { name: 'Cookie' } }), /Cookie has a meaning of its own/);
  assert.throws(() => parse({ clientCertificateHeader: { name: 'X-CSRF' } }), /X-CSRF has a meaning of its own/);
  assert.doesNotThrow(() => parse({}));
});

test('no route lets the header pass or sets it, in any spelling', () => {
  for (const route of [
    { requestHeaders: ['X-Cert'] },
    { requestHeaders: ['x_cert'] },
    { requestHeaders: { set: { 'X-Cert': 'text' } } },
    { claimHeaders: { 'x-cert': 'sub' } },
  ])
    assert.throws(() => parse({}, route), /has a meaning of its own/, JSON.stringify(route));
});

test('a condition that every certificate, or none, would meet', () => {
  for (const [certificate, message] of [
    [{}, /is empty/],
    [{ subject: {} }, /at least one attribute/],
    [{ thumbprints: [] }, /thumbprints/],
    [{ thumbprints: ['abc'] }, /write a SHA-256 thumbprint: 64 hexadecimal/],
    [{ dns: '' }, /dns/],
    [{ cn: 'orders' }, /cn/],
    [false, /certificate/],
  ] as const)
    assert.throws(
      () => parse({}, { rules: [{ token: 'none', certificate: certificate as true }] }),
      message,
      JSON.stringify(certificate),
    );
});

test('binding needs a token, and tokens that are validated', () => {
  assert.throws(() => parse({}, { rules: [{ token: 'user', binding: 'any' }] }), /needs accessTokens/);
  assert.throws(
    () => parse({ accessTokens: { audience: 'a' } }, { rules: [{ token: 'none', binding: 'any' }] }),
    /a rule without a token cannot require binding/,
  );
});

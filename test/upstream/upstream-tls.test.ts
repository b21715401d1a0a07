/** `upstream.tls`: requests over connections with options of their own, and files that cannot be used. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import { upstream as schema } from '../../src/config/traffic/upstream.ts';
import { readTls } from '../../src/upstream/read-tls.ts';
import { createSharedUpstreams, createUpstreams } from '../../src/upstream/upstreams.ts';
import { LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE, TEST_CA, TEST_KEY } from '../support/certificates.ts';
import { route, SHARES, startEdge } from '../support/edge.ts';
import { rawRequest } from '../support/raw.ts';
import { startUpstream } from '../support/upstream.ts';

/** Writes files; returns their paths by name. */
function filesOf<Name extends string>(t: TestContext, contents: Record<Name, string>): Record<Name, string> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const paths: Record<string, string> = {};
  for (const name in contents) {
    paths[name] = join(folder, name);
    writeFileSync(join(folder, name), contents[name]);
  }
  return paths as Record<Name, string>;
}

const routeTo = (origin: string, tls: object) => route(schema.parse({ targets: [origin], tls }));
const FILES = { ca: TEST_CA, certificate: OTHER_CERTIFICATE, key: TEST_KEY, broken: 'no PEM' };

for (const [name, status, tlsOf] of [
  ['its CA and the name of its certificate', 200, ({ ca }: typeof FILES) => ({ ca, serverName: 'other.test' })],
  ['its CA alone', 502, ({ ca }: typeof FILES) => ({ ca })],
  ['allowInsecure', 200, () => ({ allowInsecure: true })],
  ['a CA of its own that another route does not have', 502, () => ({ serverName: 'other.test' })],
] as const)
  test(`an upstream with a certificate for another name, and ${name}: ${status}`, async (t) => {
    const upstream = await startUpstream({ tls: { key: TEST_KEY, cert: OTHER_CERTIFICATE } });
    const edge = await startEdge(routeTo(upstream.origin, tlsOf(filesOf(t, FILES))));
    t.after(async () => {
      await edge.close();
      await upstream.close();
    });
    assert.equal((await rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n')).status, status);
    assert.equal(upstream.requests.length, status === 200 ? 1 : 0);
  });

test('the certificate of the upstream replaces that of the gateway', (t) => {
  const { certificate, key } = filesOf(t, FILES);
  const gateway = { cert: LOOPBACK_CERTIFICATE, key: TEST_KEY };
  assert.equal(readTls(routeTo('https://a', { certificate, key }), gateway).cert, OTHER_CERTIFICATE);
  assert.equal(readTls(routeTo('https://a', {}), gateway).cert, LOOPBACK_CERTIFICATE);
  assert.equal(readTls(route('https://a'), gateway).cert, LOOPBACK_CERTIFICATE);
});

for (const [name, tlsOf, message] of [
  [
    'a CA file without a certificate',
    ({ broken }: typeof FILES) => ({ ca: broken }),
    /upstream\.tls\.ca: the file contains no cert/,
  ],
  [
    'a certificate file without a certificate',
    ({ broken, key }: typeof FILES) => ({ certificate: broken, key }),
    /upstream\.tls\.certificate: the file contains no certificate/,
  ],
  [
    'a key file without a key',
    ({ certificate, broken }: typeof FILES) => ({ certificate, key: broken }),
    /upstream\.tls\.key: the file is not the key of the certificate/,
  ],
  [
    'a file that is not there',
    () => ({ ca: '/none.pem' }),
    /upstream\.tls\.ca: this file cannot be read: \/none\.pem does not exist/,
  ],
] as const)
  test(`${name} stops the start`, (t) => {
    const routes = [routeTo('https://localhost:1', tlsOf(filesOf(t, FILES)))];
    assert.throws(() => createUpstreams(routes, { shares: SHARES }), message);
  });

test('a file with other content after a reload is used, although its path is the same', async (t) => {
  const { ca } = filesOf(t, { ca: TEST_CA });
  const shared = createSharedUpstreams();
  const routes = [routeTo('https://localhost:1', { ca })];
  const parts = { shares: SHARES, shared };
  const before = createUpstreams(routes, parts);
  const same = createUpstreams(routes, parts);
  writeFileSync(ca, LOOPBACK_CERTIFICATE);
  const after = createUpstreams(routes, parts);
  t.after(() => Promise.all([before, same, after].map((upstreams) => upstreams.close())));
  const [first, second, third] = [before, same, after].map((upstreams) => upstreams.forRoute(routes[0] ?? route('')));
  assert.equal(second, first);
  assert.notEqual(third, first);
});

for (const [tls, message] of [
  [{ certificate: '/a.crt' }, /needs key/],
  [{ key: '/a.key' }, /needs certificate/],
  [{ serverName: '127.0.0.1' }, /expected a host name, not an address/],
  [{ allowInsecure: true, ca: '/ca.pem' }, /ca has no effect with allowInsecure/],
] as const)
  test(`tls: ${JSON.stringify(tls)} is a fault`, () => {
    assert.match(schema.safeParse({ targets: ['https://a'], tls }).error?.message ?? '', message);
  });

test('upstreamCa beside ca of upstream.tls is a fault', () => {
  const upstream = { targets: ['https://orders:8443'], tls: { ca: '/ca.pem' } };
  const configure = () =>
    parseConfig({
      publicUrl: 'https://shop.example.com',
      secrets: { keys: [{ id: 'k', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 'secret' },
      routes: [{ path: '/api/**', upstream, upstreamCa: '/other.pem' }],
    });
  assert.throws(configure, /routes\[0\]\.upstreamCa.*is set beside ca of upstream\.tls/s);
});

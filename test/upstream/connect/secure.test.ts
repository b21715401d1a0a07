/** Connections to upstreams with TLS options of their own, and to Unix sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer, type TlsOptions as ServerOptions, type TLSSocket } from 'node:tls';
import { type ConnectOptions, createConnect, type TlsOptions } from '../../../src/upstream/connect/connect.ts';
import { lookup } from '../../../src/upstream/connect/loopback.ts';
import { LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE, TEST_CA, TEST_KEY } from '../../support/certificates.ts';

function closing(t: TestContext, server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket.on('error', () => {})));
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
}

/** Starts a TLS server; returns its origin and the first connection that it accepts. */
async function startTls(t: TestContext, options: ServerOptions) {
  const server = createTlsServer({ key: TEST_KEY, ...options });
  const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve));
  closing(t, server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { origin: `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, accepted };
}

/** Connects as a route does; resolves with the socket, or with the code of the error. */
function connectTo(t: TestContext, options: Omit<ConnectOptions, 'lookup'>): Promise<Socket | string> {
  return new Promise((resolve) => {
    const connecting = createConnect({ ...options, lookup })({
      onConnected: resolve,
      onFailed: (error) => resolve(error && 'code' in error ? String(error.code) : String(error)),
    });
    t.after(() => connecting.cancel());
  });
}

const cases: [string, string, TlsOptions, string | undefined][] = [
  ['a certificate for another host', OTHER_CERTIFICATE, { ca: TEST_CA }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [
    'the name of the certificate as serverName',
    OTHER_CERTIFICATE,
    { ca: TEST_CA, serverName: 'other.test' },
    undefined,
  ],
  [
    'another serverName',
    LOOPBACK_CERTIFICATE,
    { ca: TEST_CA, serverName: 'other.test' },
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  ['a CA that is not trusted', LOOPBACK_CERTIFICATE, {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['allowInsecure', OTHER_CERTIFICATE, { allowInsecure: true }, undefined],
];
for (const [name, cert, options, error] of cases)
  test(`TLS with ${name}: ${error ?? 'connected'}`, async (t) => {
    const { origin } = await startTls(t, { cert });
    const result = await connectTo(t, { origin, ...options });
    assert.equal(typeof result === 'string' ? result : undefined, error);
  });

test('the requested name is serverName', async (t) => {
  const { origin, accepted } = await startTls(t, { cert: OTHER_CERTIFICATE });
  await connectTo(t, { origin, ca: TEST_CA, serverName: 'other.test' });
  assert.equal((await accepted).servername, 'other.test');
});

for (const [minVersion, error] of [
  ['TLSv1.3', /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_VERSION|EPROTO/],
  ['TLSv1.2', undefined],
] as const)
  test(`an upstream that speaks TLS 1.2 only, with minVersion ${minVersion}`, async (t) => {
    const { origin } = await startTls(t, { cert: LOOPBACK_CERTIFICATE, maxVersion: 'TLSv1.2' });
    const result = await connectTo(t, { origin, ca: TEST_CA, minVersion });
    if (error) assert.match(String(result), error);
    else assert.equal(typeof result, 'object');
  });

test('the client certificate is presented to an upstream that requests one', async (t) => {
  const { origin, accepted } = await startTls(t, {
    cert: LOOPBACK_CERTIFICATE,
    requestCert: true,
    rejectUnauthorized: false,
  });
  await connectTo(t, { origin, ca: TEST_CA, cert: OTHER_CERTIFICATE, key: TEST_KEY });
  assert.equal((await accepted).getPeerX509Certificate()?.subjectAltName, 'DNS:other.test');
});

test('a Unix socket is connected to, and its bytes arrive', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-socket-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'orders.sock');
  const server = createServer((socket) => socket.end('hello'));
  closing(t, server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const text = await new Promise((resolve, reject) => {
    let received = '';
    createConnect({ origin: `unix://${path}`, lookup })({
      onBytes: (chunk) => {
        received += chunk.toString();
      },
      onConnected: (socket) => socket.on('end', () => resolve(received)),
      onFailed: reject,
    });
  });
  assert.equal(text, 'hello');
  assert.equal(await connectTo(t, { origin: `unix://${folder}/missing.sock` }), 'ENOENT');
});

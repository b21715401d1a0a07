/** Client certificates on the TLS connection of the client: those that verify count, for rules and for bound access tokens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { LOOPBACK_CERTIFICATE, TEST_CA, TEST_KEY } from '../support/certificates.ts';
import {
  BILLING_CERTIFICATE,
  CLIENT_CA,
  clientCert,
  EXPIRED_CERTIFICATE,
  ORDERS_CERTIFICATE,
  SELF_SIGNED_CERTIFICATE,
} from '../support/client-certificates.ts';
import { freePort } from '../support/ports.ts';
import { certificateThumbprint } from '../support/provider-tls.ts';
import { requestOverTls } from '../support/tls-client.ts';
import { temporaryFolder } from '../support/tls-files.ts';
import { accessToken } from '../support/tokens.ts';
import { startUpstream } from '../support/upstream.ts';
import { within } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

const RULE = { token: 'none', certificate: { dns: 'orders.example.com' } } as const;

/** Starts a gateway that requests certificates of the CA; `send` returns the status of a request with a certificate. */
async function startCertificateWorld(t: TestContext, config: Partial<ConfigInput> = {}) {
  const port = await freePort();
  const folder = temporaryFolder(t, 'client-certificates');
  const files = {
    certificate: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
    clientCa: join(folder, 'ca.crt'),
  };
  writeFileSync(files.certificate, LOOPBACK_CERTIFICATE);
  writeFileSync(files.key, TEST_KEY);
  writeFileSync(files.clientCa, CLIENT_CA);
  const sockets = await startUpstream({ websocket: true });
  t.after(() => sockets.close());
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/api/free', upstream, rules: [{ token: 'none' }] },
      { path: '/api/tokens', upstream, rules: [{ token: 'user' }] },
      { path: '/api/socket', upstream: sockets.origin, websocket: true, rules: [RULE] },
      { path: '/api/**', upstream, rules: [RULE] },
    ],
    gateway: {
      publicUrl: `https://localhost:${port}`,
      config: {
        listen: { host: '127.0.0.1', port, tls: files },
        accessTokens: { audience: 'orders-api' },
        ...config,
      },
    },
  });
  const identity = (cert: string | undefined) => ({
    host: 'localhost',
    port,
    ca: TEST_CA,
    ...(cert === undefined ? {} : { cert, key: TEST_KEY }),
  });
  return {
    ...world,
    port,
    identity,
    async send(cert: string | undefined, path = '/api/x', headers: Record<string, string> = {}) {
      const { status } = await requestOverTls(port, {
        ...identity(cert),
        path,
        headers: { connection: 'close', ...headers },
      });
      return status;
    },
  };
}

test('a certificate of the CA meets a rule; none, one of nobody, and one that has expired do not', async (t) => {
  const { send, gateway } = await startCertificateWorld(t);
  assert.equal(await send(ORDERS_CERTIFICATE), 200);
  for (const cert of [undefined, BILLING_CERTIFICATE, SELF_SIGNED_CERTIFICATE, EXPIRED_CERTIFICATE]) {
    assert.equal(await send(cert), 403);
    assert.equal(await send(cert, '/api/free'), 200, 'nobody needs one where no rule says so');
  }
  assert.doesNotMatch(gateway.logText(), /certificate-without-source/);
});

test('a header of the client is no certificate', async (t) => {
  const { send } = await startCertificateWorld(t);
  assert.equal(await send(undefined, '/api/x', { 'client-cert': clientCert(ORDERS_CERTIFICATE) }), 403);
  assert.equal(await send(BILLING_CERTIFICATE, '/api/x', { 'client-cert': clientCert(ORDERS_CERTIFICATE) }), 403);
});

test('a bound access token needs its certificate on the connection', async (t) => {
  const { send, provider } = await startCertificateWorld(t);
  const tokenOf = (cert: string) => {
    const token = accessToken(provider, { cnf: { 'x5t#S256': certificateThumbprint(cert) } });
    return { authorization: `Bearer ${token}` };
  };
  const headers = tokenOf(ORDERS_CERTIFICATE);
  assert.equal(await send(ORDERS_CERTIFICATE, '/api/tokens', headers), 200);
  for (const cert of [BILLING_CERTIFICATE, undefined, SELF_SIGNED_CERTIFICATE])
    assert.equal(await send(cert, '/api/tokens', headers), 401);
  assert.equal(
    await send(SELF_SIGNED_CERTIFICATE, '/api/tokens', tokenOf(SELF_SIGNED_CERTIFICATE)),
    401,
    'a certificate that does not verify is no certificate',
  );
});

for (const isHeaderSet of [false, true])
  test(`the certificate of a trusted proxy is not the one of its client, ${isHeaderSet ? 'with' : 'without'} the header`, async (t) => {
    const { send } = await startCertificateWorld(t, {
      trustedProxies: ['127.0.0.1'],
      ...(isHeaderSet ? { clientCertificateHeader: { name: 'Client-Cert' } } : {}),
    });
    const reported = { 'client-cert': clientCert(ORDERS_CERTIFICATE) };
    assert.equal(await send(ORDERS_CERTIFICATE), 403);
    assert.equal(await send(BILLING_CERTIFICATE, '/api/x', reported), isHeaderSet ? 200 : 403);
    assert.equal(await send(undefined, '/api/x', reported), isHeaderSet ? 200 : 403);
  });

/** Opens a connection, sends a request and returns the connection, its status line, and its TLS session. */
async function exchange(options: ConnectionOptions, port: number) {
  const socket: TLSSocket = connect(options);
  const sessions: Buffer[] = [];
  socket.on('session', (session) => void sessions.push(session)).on('error', () => {});
  await within(once(socket, 'secureConnect'), 'a handshake');
  socket.write(`GET /api/x HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
  const [head] = await within(once(socket, 'data'), 'a response');
  const status = String(head).slice(9, 12);
  const isReused = socket.isSessionReused();
  socket.destroy();
  return { status, isReused, session: sessions.at(-1) };
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`a resumed session brings no other certificate than its own: ${maxVersion}`, async (t) => {
    const { identity, port } = await startCertificateWorld(t);
    const open = (cert: string | undefined, session?: Buffer) =>
      exchange({ ...identity(cert), maxVersion, ...(session === undefined ? {} : { session }) }, port);
    const first = await open(ORDERS_CERTIFICATE);
    assert.equal(first.status, '200');
    const again = await open(ORDERS_CERTIFICATE, first.session);
    assert.deepEqual([again.status, again.isReused], ['200', false]);
    assert.equal((await open(undefined, first.session)).status, '403');
    const anonymous = await open(undefined);
    assert.equal((await open(ORDERS_CERTIFICATE, anonymous.session)).status, '200');
  });

test('each request of a connection has its certificate', async (t) => {
  const { identity, port } = await startCertificateWorld(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (let count = 0; count < 3; count += 1) {
    const { status } = await requestOverTls(port, { ...identity(ORDERS_CERTIFICATE), path: '/api/x', agent });
    assert.equal(status, 200);
    ports.add(Object.values(agent.freeSockets).flat()[0]?.localPort);
  }
  assert.equal(ports.size, 1);
});

test('each stream of HTTP/2 has the certificate of its connection, and no other', async (t) => {
  const { identity, provider, gateway } = await startCertificateWorld(t);
  const cnf = { 'x5t#S256': certificateThumbprint(ORDERS_CERTIFICATE) };
  const authorization = `Bearer ${accessToken(provider, { cnf })}`;
  const statusesWith = async (cert: string | undefined) => {
    const session = connectHttp2(gateway.url, identity(cert)).on('error', () => {});
    t.after(() => session.destroy());
    const statusOf = async (headers: Record<string, string>) => {
      const stream = session.request(headers).resume();
      const [head] = await within(once(stream, 'response'), 'a response over HTTP/2');
      return head[':status'];
    };
    const tokens = { ':path': '/api/tokens', authorization };
    return await Promise.all([{ ':path': '/api/x' }, tokens, { ':path': '/api/free' }].map(statusOf));
  };
  const outcomes = await Promise.all([ORDERS_CERTIFICATE, BILLING_CERTIFICATE, undefined].map(statusesWith));
  assert.deepEqual(outcomes, [
    [200, 200, 200],
    [403, 401, 200],
    [403, 401, 200],
  ]);
});

test('a WebSocket handshake has it as well', async (t) => {
  const { identity, port } = await startCertificateWorld(t);
  const open = async (cert: string | undefined, origin?: string) => {
    const socket = new WebSocket(`wss://localhost:${port}/api/socket`, {
      ...identity(cert),
      ...(origin ? { origin } : {}),
    });
    const outcome = await within(
      Promise.race([
        once(socket, 'open').then(() => 101),
        once(socket, 'unexpected-response').then(([, response]) => response.statusCode),
      ]),
      'the outcome of a handshake',
    );
    socket.on('error', () => {}).terminate();
    return outcome;
  };
  assert.equal(await open(ORDERS_CERTIFICATE, `https://localhost:${port}`), 101);
  assert.equal(await open(BILLING_CERTIFICATE, `https://localhost:${port}`), 403);
  assert.equal(await open(undefined), 403);
  assert.equal(await open(ORDERS_CERTIFICATE, 'https://evil.test'), 403, 'a page of another site opened it');
});

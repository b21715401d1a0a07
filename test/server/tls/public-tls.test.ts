/** TLS on the public port: certificates by host name, their replacement while the gateway runs, handshakes that fail. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { createPublicTls } from '../../../src/server/tls/public-tls.ts';
import { freePort } from '../../support/ports.ts';
import { connectRaw } from '../../support/raw.ts';
import { scrape } from '../../support/scrape.ts';
import { handshake, presentedTo, requestOverTls } from '../../support/tls-client.ts';
import { createCertificate, replaceFile, temporaryFolder } from '../../support/tls-files.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until, within } from '../../support/wait.ts';
import { startWorld, type World } from '../../support/world.ts';

type Tls = NonNullable<NonNullable<ConfigInput['listen']>['tls']>;

const HOST = 'shop.example.com';

/** Starts a gateway with TLS, and an upstream that anybody may call. */
async function startTls(
  t: TestContext,
  tls: Tls,
  config: Partial<ConfigInput> = {},
): Promise<World & { port: number }> {
  const port = await freePort();
  const world = await startWorld(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'none' }] }],
    gateway: {
      publicUrl: `https://${HOST}`,
      config: { listen: { host: '127.0.0.1', port, tls }, ...config },
    },
  });
  return { ...world, port };
}

test('a request over TLS is one over https: HSTS, and sign-in without a trusted proxy', async (t) => {
  const files = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const { port, upstream, gateway } = await startTls(t, files);
  const ca = readFileSync(files.certificate);
  const request = (path: string, headers = {}) =>
    requestOverTls(port, { path, ca, servername: HOST, headers: { host: HOST, ...headers } });
  const api = await request('/api/x');
  assert.equal(api.status, 200);
  assert.match(api.headers['strict-transport-security'] ?? '', /^max-age=31536000/);
  assert.equal(upstream.requests.at(-1)?.header('x-forwarded-proto'), 'https');
  const login = await request('/login', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
  assert.equal(login.status, 303, login.body);
  assert.match(login.headers['set-cookie']?.[0] ?? '', /^__Host-.*; Secure/);
  assert.doesNotMatch(gateway.logText(), /https-without-proxy/);
});

test('the client gets the certificate with the name that it requests: exact, then with a wildcard, otherwise the first', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const first = createCertificate(folder, 'first', [HOST]);
  const wildcard = createCertificate(folder, 'wildcard', ['*.example.org', 'example.org']);
  const exact = createCertificate(folder, 'exact', ['www.example.org']);
  const { port } = await startTls(t, { ...first, certificates: [wildcard, exact] });
  const names = [HOST, 'a.example.org', 'EXAMPLE.org', 'www.example.org', 'a.b.example.org', 'other.test', ''];
  const presented = await Promise.all(names.map((name) => presentedTo(port, name)));
  assert.deepEqual(presented, ['first', 'wildcard', 'wildcard', 'exact', 'first', 'first', 'first']);
});

test('a pair that an ACME client replaces file by file is in use when it is complete; until then the old one is', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const [inUse, next] = [createCertificate(folder, 'old', [HOST]), createCertificate(folder, 'new', [HOST])];
  const adminPort = await freePort();
  const { port, gateway } = await startTls(t, inUse, { admin: { port: adminPort } });
  const reloads = async (outcome: string) =>
    (await scrape(`http://127.0.0.1:${adminPort}`)).value(`bff_tls_certificate_reloads_total{outcome="${outcome}"}`);
  replaceFile(inUse.certificate, next.certificate);
  await until(() => gateway.logText().includes('failed to reload a certificate'));
  assert.equal(await presentedTo(port, HOST), 'old');
  assert.ok((await reloads('failed')) > 0);
  assert.equal(await reloads('reloaded'), 0);
  replaceFile(inUse.key, next.key);
  await until(async () => (await presentedTo(port, HOST)) === 'new');
  assert.equal(await presentedTo(port, ''), 'new');
  assert.match(gateway.logText(), /certificate reloaded/);
  assert.equal(await reloads('reloaded'), 1);
});

test('a Secret that Kubernetes replaces through the link ..data is in use without a restart', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const mount = (version: string) => {
    const made = createCertificate(folder, version, [HOST]);
    mkdirSync(join(folder, version));
    copyFileSync(made.certificate, join(folder, version, 'tls.crt'));
    copyFileSync(made.key, join(folder, version, 'tls.key'));
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  mount('v1');
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name));
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  const { port } = await startTls(t, files);
  assert.equal(await presentedTo(port, HOST), 'v1');
  mount('v2');
  await until(async () => (await presentedTo(port, HOST)) === 'v2');
});

test('plain HTTP, an old version of TLS and an unknown protocol end without a response, and others are served', async (t) => {
  const files = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const { port, gateway } = await startTls(t, { ...files, minVersion: 'TLSv1.3' });
  const plain = await connectRaw(port);
  await plain.send(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  assert.equal((await plain.rest()).toString('latin1').includes('HTTP/1.1 2'), false);
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2' }));
  await assert.rejects(handshake(port, { ALPNProtocols: ['h2-unknown'] }));
  const socket = await handshake(port, { ALPNProtocols: ['http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
  for (const reason of ['plain_http', 'protocol_version', 'application_protocol'])
    await until(() => gateway.logText().includes(`"reason":"${reason}"`), { what: reason });
});

test('connections beyond the limit are closed before the handshake', async (t) => {
  const files = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const { port } = await startTls(t, files, { limits: { connections: 10, addressShare: 20 } });
  const silent = await Promise.all([connectRaw(port), connectRaw(port)]);
  await assert.rejects(handshake(port, {}));
  for (const client of silent) client.destroy();
  const socket = await until(() => handshake(port, {}).catch(() => undefined));
  socket.destroy();
});

test('a client that does not complete the handshake in time is disconnected', async (t) => {
  const { certificate, key } = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const failures: string[] = [];
  const metrics = {
    countHandshakeFailure: (reason: string) => void failures.push(reason),
    countCertificateReload() {},
    watchCertificates() {},
  };
  const settings = { certificate, key, certificates: [], minVersion: 'TLSv1.2' as const };
  const tls = createPublicTls(settings, { log: createLogger('silent'), metrics, handshakeTimeout: 100 });
  const server = createServer(tls.options);
  tls.attach(server);
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = await connectRaw((server.address() as AddressInfo).port);
  await client.rest();
  assert.deepEqual(failures, ['timeout']);
});

test('a WebSocket opens over TLS', async (t) => {
  const files = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const port = await freePort();
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const world = await startWorld(t, {
    routes: () => [{ path: '/api/**', upstream: upstream.origin, websocket: true, rules: [{ token: 'none' }] }],
    gateway: { publicUrl: `https://${HOST}`, config: { listen: { host: '127.0.0.1', port, tls: files } } },
  });
  const socket = await handshake(port, { servername: HOST });
  t.after(() => socket.destroy());
  socket.write(
    `GET /api/ws HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://${HOST}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const [head] = await within(once(socket, 'data'), 'the response to the handshake');
  assert.match(String(head), /^HTTP\/1\.1 101 /, world.gateway.logText());
});

test('a certificate that cannot be used stops the start, with the option, the file and the reason', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const [files, other] = [createCertificate(folder, 'a', [HOST]), createCertificate(folder, 'b', [HOST])];
  const broken = join(folder, 'broken.pem');
  writeFileSync(broken, 'no certificate');
  const start = (tls: Tls) => startTls(t, tls);
  await assert.rejects(start({ ...files, key: other.key }), /listen\.tls: the key of .*b\.key does not belong/);
  await assert.rejects(start({ ...files, certificate: broken }), /listen\.tls\.certificate: .*broken\.pem contains no/);
  await assert.rejects(start({ ...files, key: broken }), /listen\.tls\.key: .*broken\.pem contains no private key/);
  await assert.rejects(start({ ...files, clientCa: broken }), /listen\.tls\.clientCa: .*broken\.pem contains no/);
  await assert.rejects(
    start({ ...files, certificates: [{ ...other, certificate: join(folder, 'none.crt') }] }),
    /listen\.tls\.certificates\[0\]\.certificate: this file cannot be read: .*none\.crt does not exist/,
  );
});

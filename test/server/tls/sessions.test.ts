/** Resumption and renegotiation of TLS: a resumed connection skips the verification of a client certificate, so that with client CAs there is none. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { createLogger } from '../../../src/observe/log.ts';
import { createPublicTls } from '../../../src/server/tls/public-tls.ts';
import { handshake } from '../../support/tls-client.ts';
import { type CertificateFiles, createCertificate, replaceFile, temporaryFolder } from '../../support/tls-files.ts';
import { until, within } from '../../support/wait.ts';

/** A server whose response says whether it trusts the certificate of the client. */
async function startServer(t: TestContext, files: CertificateFiles, clientCa?: string) {
  const metrics = { countHandshakeFailure() {}, countCertificateReload() {}, watchCertificates() {} };
  const tls = createPublicTls(
    { ...files, certificates: [], minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { clientCa }) },
    { log: createLogger('silent'), metrics },
  );
  const server = createServer(tls.options, ({ socket }, res) => {
    res.end(`trusted: ${'authorized' in socket && socket.authorized === true}`);
  });
  tls.attach(server);
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { tls, port: (server.address() as AddressInfo).port };
}

async function askOn(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [data] = await within(once(socket, 'data'), 'a response');
  return String(data);
}

/** Whether a second connection resumes the session of a first one. */
async function isResumed(port: number, options: ConnectionOptions): Promise<boolean> {
  const first = await handshake(port, options);
  let session = first.getSession();
  first.on('session', (ticket) => {
    session = ticket;
  });
  await askOn(first);
  first.destroy();
  const second = await handshake(port, { ...options, session });
  await askOn(second);
  const isReused = second.isSessionReused();
  second.destroy();
  return isReused;
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

test('sessions are resumed without client certificates, and never with them', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const [files, client] = [createCertificate(folder, 'a', ['a']), createCertificate(folder, 'client', ['b'])];
  const plain = await startServer(t, files);
  const verifying = await startServer(t, files, client.certificate);
  const credentials = { cert: readFileSync(client.certificate), key: readFileSync(client.key) };
  for (const maxVersion of VERSIONS) {
    assert.equal(await isResumed(plain.port, { maxVersion }), true, maxVersion);
    assert.equal(await isResumed(verifying.port, { maxVersion, ...credentials }), false, maxVersion);
  }
});

test('client CAs that are replaced count for the next connection; other certificates are untrusted, not refused', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const files = createCertificate(folder, 'a', ['a']);
  const [one, two] = [createCertificate(folder, 'one', ['c']), createCertificate(folder, 'two', ['c'])];
  const inUse = createCertificate(folder, 'ca', ['c']);
  replaceFile(inUse.certificate, one.certificate);
  const { tls, port } = await startServer(t, files, inUse.certificate);
  const ask = async ({ certificate, key }: CertificateFiles) => {
    const socket = await handshake(port, { cert: readFileSync(certificate), key: readFileSync(key), servername: 'a' });
    const response = await askOn(socket);
    socket.destroy();
    return /trusted: (\w+)/.exec(response)?.[1];
  };
  assert.deepEqual([await ask(one), await ask(two)], ['true', 'false']);
  replaceFile(inUse.certificate, two.certificate);
  tls.refresh();
  assert.deepEqual([await ask(one), await ask(two)], ['false', 'true']);
  replaceFile(files.key, one.key);
  replaceFile(inUse.certificate, one.certificate);
  tls.refresh();
  assert.deepEqual([await ask(one), await ask(two)], ['true', 'false'], 'beside a pair that cannot be used');
});

test('a client that asks for a renegotiation is not served another handshake', async (t) => {
  const { port } = await startServer(t, createCertificate(temporaryFolder(t, 'tls'), 'a', ['a']));
  const socket = await handshake(port, { maxVersion: 'TLSv1.2' });
  t.after(() => socket.destroy());
  const refused = new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(true)).once('close', () => resolve(true));
    socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error !== null));
  });
  assert.equal(await within(refused, 'the refusal'), true);
  await until(async () => (await handshake(port, {})).destroy());
});

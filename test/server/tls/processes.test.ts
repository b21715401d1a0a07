/** TLS in several processes and under load: workers share the ports, take on changed certificates, and the read throttle resumes connections. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { freePort } from '../../support/ports.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { rawRequest } from '../../support/raw.ts';
import { presentedTo, requestOverTls } from '../../support/tls-client.ts';
import { createCertificate, replaceFile, temporaryFolder } from '../../support/tls-files.ts';
import { gate, until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

const HOST = 'shop.example.com';

test('workers serve TLS and the redirect on shared ports, and all of them present a certificate that was replaced', async (t) => {
  const folder = temporaryFolder(t, 'tls');
  const [inUse, next] = [createCertificate(folder, 'old', [HOST]), createCertificate(folder, 'new', [HOST])];
  const [port, redirect] = [await freePort(), await freePort()];
  const provider = await startProvider();
  t.after(() => provider.stop());
  const host = '127.0.0.1';
  const gateway = await startProcess(t, {
    provider,
    publicUrl: `https://${HOST}`,
    config: {
      workers: 2,
      listen: { host, port, tls: inUse, redirect: { host, port: redirect } },
      log: { level: 'info' },
    },
  });
  const request = () =>
    requestOverTls(port, { path: '/session', rejectUnauthorized: false, servername: HOST, headers: { host: HOST } });
  for (let count = 0; count < 4; count += 1) assert.equal((await request()).status, 200);
  const redirected = await rawRequest(redirect, `GET /x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  assert.equal(redirected.header('location'), `https://${HOST}/x`);
  replaceFile(inUse.certificate, next.certificate);
  replaceFile(inUse.key, next.key);
  gateway.signal('SIGHUP');
  const allNew = async () => {
    const names = await Promise.all(Array.from({ length: 8 }, () => presentedTo(port, HOST)));
    return names.every((name) => name === 'new');
  };
  await until(allNew, { what: 'the new certificate in all workers' });
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const [, expiry] =
    /^bff_tls_certificate_expiry_timestamp_seconds\{certificate="[^"]*old\.crt"\} (\d+)$/m.exec(metrics) ?? [];
  assert.ok(Math.abs(Number(expiry) - Date.now() / 1000 - 365 * 86_400) < 86_400, metrics.slice(-2_000));
  assert.equal(await gateway.terminate(), 0);
});

test('more connections than the read throttle lets through at once all get the responses to their requests', async (t) => {
  const files = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const port = await freePort();
  const { upstream } = await startWorld(t, {
    routes: (origin) => [{ path: '/api/**', upstream: origin, connections: 1_000, rules: [{ token: 'none' }] }],
    gateway: {
      publicUrl: `https://${HOST}`,
      config: { listen: { host: '127.0.0.1', port, tls: files }, limits: { callerShare: 100, addressShare: 100 } },
    },
  });
  const held = gate();
  upstream.respondWith(async (_req, res) => {
    await held.passed;
    res.end('ok');
  });
  const connections = 300;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false, servername: HOST });
  t.after(() => agent.destroy());
  const request = async () => (await requestOverTls(port, { agent, path: '/api/x', headers: { host: HOST } })).body;
  const first = Array.from({ length: connections }, request);
  await until(() => upstream.requests.length === connections, { what: 'all requests in progress' });
  held.open();
  const bodies = await Promise.all(first.map(async (body) => [await body, await request(), await request()]));
  assert.ok(bodies.flat().every((body) => body === 'ok'));
});

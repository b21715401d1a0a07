/** HTTP/2 on the public port of a whole gateway: its rules, its streams, its WebSockets over HTTP/1.1, its end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { freePort } from '../../support/ports.ts';
import { scrape } from '../../support/scrape.ts';
import { requestOverTls } from '../../support/tls-client.ts';
import { createCertificate, temporaryFolder } from '../../support/tls-files.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

const HOST = 'shop.example.com';

async function startHttp2World(t: TestContext, http2: NonNullable<ConfigInput['listen']>['http2'] = {}) {
  const port = await freePort();
  const adminPort = await freePort();
  const tls = createCertificate(temporaryFolder(t, 'http2'), 'shop', [HOST]);
  const world = await startWorld(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'none' }] }],
    gateway: {
      publicUrl: `https://${HOST}`,
      config: {
        listen: { host: '127.0.0.1', port, tls, http2 },
        admin: { port: adminPort },
        log: { access: 'all' },
      },
    },
  });
  const ca = readFileSync(tls.certificate);
  const open = () => {
    const session = connect(`https://127.0.0.1:${port}`, { ca, servername: HOST });
    session.on('error', () => {});
    t.after(() => session.destroy());
    return session;
  };
  return { ...world, port, adminPort, ca, open };
}

async function call(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}, body = '') {
  const stream = session.request({ ':authority': HOST, ':path': path, ...headers }, { endStream: body === '' });
  if (body !== '') stream.end(body);
  const [received] = await once(stream, 'response');
  return { status: received[':status'], headers: received, body: await text(stream) };
}

test('a client that floods its connection is in the log with its address, and in the metrics', async (t) => {
  const { port, adminPort, ca, gateway } = await startHttp2World(t);
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername: HOST, maxOutstandingPings: 5_000 });
  session.on('error', () => {});
  await once(session, 'connect');
  for (let at = 0; at < 2_000; at += 1) session.ping(() => {});
  await once(session, 'close');
  await until(() => gateway.logText().includes('HTTP/2 connection ended'));
  const line = gateway
    .logText()
    .split('\n')
    .find((text) => text.includes('HTTP/2 connection ended'));
  assert.partialDeepStrictEqual(JSON.parse(line ?? ''), { level: 'warn', reason: 'flood', clientIp: '127.0.0.1' });
  const { value } = await scrape(`http://127.0.0.1:${adminPort}`);
  assert.equal(value('bff_http2_goaways_total{reason="flood"}'), 1);
});

test('requests over HTTP/2 meet the same rules as over HTTP/1.1, and the log has their version', async (t) => {
  const { open, upstream, gateway } = await startHttp2World(t);
  const session = open();
  const api = await call(session, '/api/x?a=1', { cookie: ['a=1', 'b=2'] });
  assert.equal(api.status, 200);
  assert.match(String(api.headers['strict-transport-security']), /^max-age=/);
  const seen = upstream.requests.at(-1);
  assert.deepEqual(
    [seen?.target, seen?.header('x-forwarded-proto'), seen?.header('x-forwarded-for'), seen?.header('via')],
    ['/api/x?a=1', 'https', '127.0.0.1', '2 bff-gateway'],
  );
  assert.equal((await call(session, '/api/x', { ':authority': 'other.example.com' })).status, 421);
  assert.equal((await call(session, '/api/%2e%2e/admin')).status, 400);
  assert.equal((await call(session, '/api/x', { ':method': 'TRACE' })).status, 405);
  assert.equal((await call(session, '/profile')).status, 401);
  const login = await call(session, '/login', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
  assert.equal(login.status, 303);
  const posted = await call(session, '/api/x', { ':method': 'POST' }, 'body');
  assert.equal(posted.status, 200);
  assert.equal(upstream.requests.at(-1)?.body.toString(), 'body');
  await until(() => gateway.logText().includes('"network.protocol.version":"2"'));
});

test('CONNECT and a head that is too large are refused, and the session goes on', async (t) => {
  const { open } = await startHttp2World(t);
  const session = open();
  const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'internal.example.com:22' });
  const [refused] = await once(tunnel, 'response');
  assert.equal(refused[':status'], 405);
  tunnel.destroy();
  assert.equal((await call(session, '/api/x', { 'x-long': 'x'.repeat(20_000) })).status, 431);
  assert.equal((await call(session, '/api/x')).status, 200);
});

test('clients that do not choose HTTP/2 get HTTP/1.1, WebSockets among them; http2.enabled: false offers nothing else', async (t) => {
  const on = await startHttp2World(t);
  const off = await startHttp2World(t, { enabled: false });
  for (const { port, ca } of [on, off])
    assert.equal(
      (await requestOverTls(port, { path: '/api/x', ca, servername: HOST, headers: { host: HOST } })).status,
      200,
    );
  const chosen = async (port: number, protocols: string[]) => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      servername: HOST,
      rejectUnauthorized: false,
      ALPNProtocols: protocols,
    });
    await once(socket, 'secureConnect');
    socket.destroy();
    return socket.alpnProtocol;
  };
  assert.equal(await chosen(on.port, ['http/1.1', 'h2']), 'h2');
  assert.equal(await chosen(on.port, ['http/1.1']), 'http/1.1');
  assert.equal(await chosen(off.port, ['h2', 'http/1.1']), 'http/1.1');
});

test('metrics count requests by version, sessions and what ended them', async (t) => {
  const { open, adminPort, port, ca } = await startHttp2World(t);
  const session = open();
  await call(session, '/api/x');
  await requestOverTls(port, { path: '/api/x', ca, servername: HOST, headers: { host: HOST } });
  const { value } = await scrape(`http://127.0.0.1:${adminPort}`);
  const requests = (version: string) => value(`bff_http_version_requests_total{version="${version}"}`);
  assert.deepEqual([requests('1'), requests('2'), value('bff_http2_sessions')], [1, 1, 1]);
});

test('a gateway that stops completes its requests over HTTP/2 and ends their sessions', async (t) => {
  const { open, upstream, gateway } = await startHttp2World(t);
  const release = Promise.withResolvers<void>();
  upstream.respondWith(async (_req, res) => {
    await release.promise;
    res.end('done');
  });
  const [busy, idle] = [open(), open()];
  await Promise.all([busy, idle].map((session) => once(session, 'remoteSettings')));
  const pending = call(busy, '/api/x');
  await until(() => upstream.requests.length === 1);
  const stopped = gateway.stop();
  await once(idle, 'close');
  release.resolve();
  assert.equal((await pending).body, 'done');
  await stopped;
});

test('a gateway that stops ends its event streams over HTTP/2, and waits for no client', async (t) => {
  const { open, upstream, gateway } = await startHttp2World(t);
  upstream.respondWith((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: hello\n\n');
  });
  const session = open();
  const streams = Array.from({ length: 10 }, () => session.request({ ':authority': HOST, ':path': '/api/events' }));
  await Promise.all(streams.map((stream) => once(stream, 'data')));
  const ended = Promise.all(
    streams.map((stream) =>
      once(
        stream.on('error', () => {}),
        'close',
      ),
    ),
  );
  const closed = once(session, 'close');
  await gateway.stop();
  await ended;
  await closed;
});

/** D02: streams, slow clients and busy callers of a route leave slots for the plain requests of others. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectRaw, type RawClient, rawRequest } from '../support/raw.ts';
import { type Script, startUpstream, type Upstream } from '../support/upstream.ts';
import { until, within } from '../support/wait.ts';
import { CSRF, startWorld, type World } from '../support/world.ts';

const BIG = Buffer.alloc(32 * 1024 * 1024, 'a');
const EVENT_STREAM = { 'content-type': 'text/event-stream' };

/** `/open/hang` never responds, `/open/stream` sends one event, `/open/big` a large response, any other path `ok`. */
const script: Script = (req, res) => {
  const path = req.url?.split('?')[0];
  if (path?.endsWith('/hang')) return;
  if (path?.endsWith('/stream')) res.writeHead(200, EVENT_STREAM).write('data: 1\n\n');
  else if (path?.endsWith('/big')) res.end(BIG);
  else res.end('ok');
};

interface Open {
  world: World;
  upstream: Upstream;
  host: string;
  /** Opens a connection and sends a request on it. */
  start(request: string, options?: { read?: boolean }): Promise<RawClient>;
  startMany(count: number, request: string, options?: { read?: boolean }): Promise<RawClient[]>;
  /** The response to a plain request on a new connection. */
  plain(headers?: string): Promise<string>;
}

async function startOpen(t: TestContext, limits: Record<string, number> = {}): Promise<Open> {
  const upstream = await startUpstream({ script, websocket: true });
  const { origin } = upstream;
  const world = await startWorld(t, {
    routes: () => [
      { path: '/open/**', upstream: origin, websocket: true, rules: [{ token: 'none' }], ...limits },
      { path: '/api/**', upstream: origin, ...limits },
    ],
    gateway: {
      config: { trustedProxies: ['127.0.0.0/8'], limits: { loginsPerMinute: 0, drainDelay: '0s', drainTimeout: '0s' } },
    },
  });
  t.after(() => upstream.close());
  const { port, host } = new URL(world.gateway.url);
  const start: Open['start'] = async (request, options) => {
    const client = await connectRaw(Number(port), '127.0.0.1', options);
    t.after(() => client.destroy());
    await client.send(request.replace(' HTTP/1.1\r\n', ` HTTP/1.1\r\nHost: ${host}\r\n`));
    return client;
  };
  return {
    world,
    upstream,
    host,
    start,
    startMany: (count, request, options) => Promise.all(Array.from({ length: count }, () => start(request, options))),
    async plain(headers = '') {
      const head = `GET /open/plain HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`;
      return (await rawRequest(Number(port), head)).text;
    },
  };
}

test('D02 200 open event streams of one client do not stop a plain request', async (t) => {
  const { upstream, startMany, plain } = await startOpen(t);
  const clients = await startMany(200, 'GET /open/stream HTTP/1.1\r\n\r\n');
  await Promise.all(clients.map((client) => client.until('data: 1')));
  assert.equal(await plain(), 'ok');
  assert.equal(upstream.openConnections() >= 200, true);
});

test('D02 responses that a client does not read do not stop a plain request', async (t) => {
  const { upstream, startMany, plain } = await startOpen(t, { connections: 8 });
  await startMany(12, 'GET /open/big HTTP/1.1\r\n\r\n', { read: false });
  await until(() => upstream.requests.length === 12, { what: 'all of them reach the upstream' });
  assert.equal(await plain(), 'ok');
});

test('D02 200 uploads that drip do not stop a plain request', async (t) => {
  const { upstream, startMany, plain } = await startOpen(t);
  await startMany(200, 'POST /open/x HTTP/1.1\r\nContent-Length: 1000\r\n\r\na');
  await until(() => upstream.requests.length === 200, { what: 'all of them reach the upstream' });
  assert.equal(await plain(), 'ok');
});

test('D02 requests of one address that hang leave slots for other addresses and for sessions of the same address', async (t) => {
  const { world, upstream, startMany, plain } = await startOpen(t);
  await world.signIn();
  await startMany(300, 'GET /open/hang HTTP/1.1\r\n\r\n');
  await upstream.request(90);
  assert.equal(await plain('X-Forwarded-For: 203.0.113.7\r\n'), 'ok');
  assert.equal((await within(world.api('/api/x'), 'the response')).status, 200);
  assert.ok(upstream.requests.filter(({ target }) => target === '/open/hang').length < 128);
});

test('D02 requests of one session that hang leave slots for another session and for anonymous ones', async (t) => {
  const { world, upstream, startMany, plain } = await startOpen(t);
  await world.signIn();
  const cookie = world.browser.cookieHeader('/');
  await startMany(300, `GET /api/hang HTTP/1.1\r\nCookie: ${cookie}\r\nX-CSRF: 1\r\n\r\n`);
  await upstream.request(90);
  const other = world.gateway.browser();
  await other.navigate('/login?returnTo=/app');
  assert.equal((await within(other.fetch('/api/x', { headers: CSRF }), 'the response')).status, 200);
  assert.equal(await plain(), 'ok');
});

test('D02 as soon as an event stream begins, its slot is free for the next request', async (t) => {
  const { start, plain } = await startOpen(t, { connections: 1 });
  const stream = await start('GET /open/stream HTTP/1.1\r\n\r\n');
  await stream.until('data: 1');
  assert.equal(await plain(), 'ok');
  assert.equal(await plain(), 'ok');
  assert.equal(stream.closed(), false);
});

const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const handshake = (host: string) =>
  `GET /open/socket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://${host}\r\n${KEY}\r\n`;
const STREAM = 'GET /open/stream HTTP/1.1\r\n\r\n';

test('D02 without a free slot for streams: 503 with Retry-After for an event stream and for a WebSocket', async (t) => {
  const { upstream, start, plain, host } = await startOpen(t, { maxStreams: 1 });
  const first = await start(STREAM);
  await first.until('data: 1');
  for (const request of [STREAM, handshake(host)]) {
    const refused = await (await start(request)).response();
    assert.equal(refused.status, 503);
    assert.equal(JSON.parse(refused.text).code, 'upstream_busy');
    assert.ok(Number(refused.header('retry-after')) > 0);
  }
  await until(() => upstream.requests[1]?.aborted === true, { what: 'the refused stream is aborted at the upstream' });
  assert.equal(upstream.upgrades.length, 0);
  assert.equal(await plain(), 'ok');
});

for (const [held, request] of [
  ['an event stream', () => STREAM],
  ['a WebSocket', handshake],
] as const)
  test(`D02 ${held} holds a slot for streams, and returns it when it ends`, async (t) => {
    const { start, host } = await startOpen(t, { maxStreams: 1 });
    const status = async () => {
      const client = await start(STREAM);
      const head = await client.head();
      client.destroy();
      return head.status;
    };
    const client = await start(request(host));
    await client.head();
    assert.equal(await status(), 503);
    client.destroy();
    await until(async () => (await status()) === 200, { what: 'the slot is free again' });
  });

/** Limits on every way to a route: WebSockets, pages, forward authentication, and several processes of one host. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { startGateway } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { accessToken } from '../support/tokens.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

/** The status of a refused handshake, or 101. */
function handshake(url: string, cookie: string, origin: string): Promise<{ status: number; socket: WebSocket }> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers: { cookie }, origin });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ status: 101, socket }));
    socket.once('unexpected-response', (_req, res) => {
      res.resume();
      resolve({ status: res.statusCode ?? 0, socket });
    });
    socket.once('error', reject);
  });
}

test('a WebSocket counts as a request, and holds its place while it is open', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const world = await startWorld(t, {
    routes: () => [
      {
        path: '/api/**',
        upstream: upstream.origin,
        websocket: true,
        limits: [
          { by: 'user', requests: 3, per: '1h' },
          { by: 'user', concurrent: 1 },
        ],
      },
    ],
  });
  await world.signIn();
  const open = () => handshake(`${world.gateway.url}/api/x`, world.browser.cookieHeader('/api/x'), world.gateway.url);
  const first = await open();
  assert.equal(first.status, 101);
  assert.equal((await open()).status, 429);
  first.socket.close();
  await once(first.socket, 'close');
  // A handshake that finds no place does not count as a request.
  const second = await until(async () => {
    const opened = await open();
    return opened.status === 101 ? opened : undefined;
  });
  second.socket.terminate();
  await until(async () => (await world.api()).status === 200);
  assert.equal((await world.api()).status, 429, 'three requests were sent');
});

test('a person who opens a page too often gets a page that says so', async (t) => {
  const world = await startWorld(t, {
    routes: (upstream) => [
      { path: '/wiki/**', kind: 'page', upstream, limits: [{ by: 'user', requests: 1, per: '1h' }] },
    ],
  });
  await world.signIn();
  assert.equal((await world.browser.navigate('/wiki/x')).status, 200);
  const page = await world.browser.navigate('/wiki/x');
  assert.equal(page.status, 429);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.ok(Number(page.headers['retry-after']) > 3_000);
});

test('forward authentication counts requests, and the front proxy gets the refusal', async (t) => {
  const provider = await startProvider();
  const port = await freePort();
  const gateway = await startGateway({
    provider,
    routes: [
      {
        path: '/api/**',
        upstream: 'http://unused.test',
        limits: [
          { by: 'user', concurrent: 1 },
          { by: 'user', requests: 2, per: '1h' },
        ],
      },
    ],
    config: { forwardAuth: { port }, allowedHosts: [`127.0.0.1:${port}`] },
  });
  t.after(async () => {
    await gateway.stop();
    await provider.stop();
  });
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const headers = { ...CSRF, 'x-original-method': 'GET', 'x-original-uri': '/api/orders' };
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/auth/verify`, { headers: { ...headers, cookie: browser.cookieHeader('/api/x') } });
  assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('ratelimit-policy'), '"user-1h";q=2;w=3600');
  assert.ok(Number(refused.headers.get('retry-after')) > 3_000);
});

test('the workers of a host share the limit through the process that has the SQLite file', async (t) => {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const limits = [{ by: 'user' as const, requests: 20, per: '1h', mode: 'strict' as const }];
  const gateway = await startProcess(t, {
    provider,
    config: {
      workers: 2,
      accessTokens: { audience: 'orders-api' },
      routes: [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'user' }], limits }],
    },
  });
  const authorization = `Bearer ${accessToken(provider)}`;
  // Connections of their own, which the workers accept in turn.
  const send = async () =>
    (await fetch(`${gateway.ownUrl}/api/x`, { headers: { authorization, connection: 'close' } })).status;
  const statuses = await Promise.all(Array.from({ length: 60 }, send));
  assert.equal(statuses.filter((status) => status === 200).length, 20);
  assert.equal(statuses.filter((status) => status === 429).length, 40);
});

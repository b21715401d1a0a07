/** Draining: requests in progress end, idle connections close at once, what never ends is cut after the timeout. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { connectRaw } from '../support/raw.ts';
import { startUpstream } from '../support/upstream.ts';
import { gate, until, within } from '../support/wait.ts';
import { startWorld } from '../support/world.ts';

async function world(t: Parameters<typeof startWorld>[0], drainTimeout: string) {
  const started = await startWorld(t, { gateway: { config: { limits: { drainTimeout } } } });
  return { ...started, host: new URL(started.gateway.url).host, port: Number(new URL(started.gateway.url).port) };
}

test('DO-07 a request in progress gets its response, then its connection closes, and new connections are refused', async (t) => {
  const { gateway, upstream, browser, signIn, host, port } = await world(t, '20s');
  await signIn();
  const held = gate();
  upstream.respondWith(async (_req, res) => {
    await held.passed;
    res.end('done');
  });
  const client = await connectRaw(port);
  await client.send(
    `GET /api/x HTTP/1.1\r\nHost: ${host}\r\nX-CSRF: 1\r\nCookie: ${browser.cookieHeader('/')}\r\n\r\n`,
  );
  const idle = await connectRaw(port);
  await idle.send(`GET /session HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await idle.response();
  await until(() => upstream.requests.length === 1);
  const stopped = gateway.stop();
  await until(() => idle.closed());
  await assert.rejects(connectRaw(port));
  held.open();
  assert.equal((await client.response()).status, 200);
  await until(() => client.closed());
  await stopped;
});

test('DO-07 a request that had arrived but was not read when the stop began gets a response', async (t) => {
  const { gateway, upstream, browser, signIn, host, port } = await world(t, '20s');
  await signIn();
  upstream.respondWith((_req, res) => void res.end('done'));
  const request = `GET /api/x HTTP/1.1\r\nHost: ${host}\r\nX-CSRF: 1\r\nCookie: ${browser.cookieHeader('/')}\r\n\r\n`;
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(port)));
  for (const client of clients) {
    await client.send(request);
    assert.equal((await client.response()).status, 200);
  }
  // The gateway is in this process, so it reads nothing between these two statements.
  for (const client of clients) void client.send(request);
  const stopped = gateway.stop();
  for (const client of clients) assert.equal((await client.response()).status, 200);
  await stopped;
});

test('DO-07 an open WebSocket does not prevent the stop', async (t) => {
  const upstream = await startUpstream({ websocket: true });
  t.after(() => upstream.close());
  const { gateway } = await startWorld(t, {
    gateway: {
      routes: [{ path: '/api/**', upstream: upstream.origin, websocket: true, rules: [{ token: 'none' }] }],
      config: { limits: { drainTimeout: '300ms' } },
    },
  });
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/live`, { origin: gateway.url });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await gateway.stop();
  await closed;
});

test('D18 a connection that has sent something, but no whole head, does not delay the stop', async (t) => {
  const { gateway, host, port } = await world(t, '9m');
  const sent = ['', '\r\n', 'GET /session HT', `GET /session HTTP/1.1\r\nHost: ${host}\r\n\r\n`];
  const clients = await Promise.all(sent.map(() => connectRaw(port)));
  for (const [index, client] of clients.entries()) await client.send(sent[index] ?? '');
  await clients[3]?.response();
  await clients[3]?.send('GET /ses');
  await within(gateway.stop(), 'the stop, which does not wait for limits.drainTimeout');
  for (const client of clients) await until(() => client.closed());
});

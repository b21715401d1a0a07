/** A connection without a request must not stay open, whatever the client sends instead: every listener, and mounted. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGateway } from '../../src/index.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { connectRaw } from '../support/raw.ts';
import { startWorld, type World } from '../support/world.ts';

const CLOSED_MS = 20_000;
const limits = { loginsPerMinute: 0, keepAliveTimeout: '1s', headersTimeout: '1s' };

/** Sends a request, then these bytes again and again; resolves when the gateway closes the connection. */
async function keepOpen(port: number, first: string, repeated: string): Promise<string> {
  const client = await connectRaw(port);
  try {
    if (first !== '') await client.send(first);
    const closed = client.rest(CLOSED_MS);
    while (!client.closed()) {
      await client.send(repeated).catch(() => {});
      await sleep(50);
      if (await Promise.race([closed.then(() => true), sleep(0, false)])) break;
    }
    return (await closed).toString();
  } finally {
    client.destroy();
  }
}

describe('D17 empty lines keep no connection open', () => {
  let world: World;
  let ports: { name: string; port: number; path: string }[];
  const cleanups: (() => Promise<void>)[] = [];
  before(async () => {
    const [admin, forwardAuth] = [await freePort(), await freePort()];
    world = await startWorld(
      { after: (fn) => void cleanups.push(fn as () => Promise<void>) },
      {
        routes: (upstream) => [{ path: '/open/**', upstream, rules: [{ token: 'none' }] }],
        gateway: { config: { limits, admin: { enabled: true, port: admin }, forwardAuth: { port: forwardAuth } } },
      },
    );
    const port = Number(new URL(world.gateway.url).port);
    ports = [
      { name: 'an endpoint', port, path: '/session' },
      { name: 'a route', port, path: '/open/x' },
      { name: 'the private listener', port: admin, path: '/livez' },
      { name: 'forward authentication', port: forwardAuth, path: '/auth/verify' },
    ];
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  test('D17 after a response of any listener', async () => {
    const { host } = new URL(world.gateway.url);
    await Promise.all(
      ports.map(async ({ name, port, path }) => {
        const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
        const text = await keepOpen(port, request, '\r\n').catch((error: unknown) => assert.fail(`${name}: ${error}`));
        assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1, `${name}: ${text}`);
      }),
    );
  });

  test('D17 before the first request of any listener, and in place of a head', async () => {
    await Promise.all(
      ports.flatMap(({ port }) => [keepOpen(port, '', '\r\n'), keepOpen(port, 'GET / HTTP/1.1\r\n', 'a: b\r\n')]),
    );
  });

  test('D17 a connection with a request in progress stays open', async () => {
    const { port, host } = new URL(world.gateway.url);
    world.upstream.respondWith(async (_req, res) => {
      await sleep(4_000);
      res.end('late');
    });
    const client = await connectRaw(Number(port));
    await client.send(`GET /open/late HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal((await client.response()).text, 'late');
    client.destroy();
  });
});

test('D17 mounted: empty lines keep no connection open, and a WebSocket of the app stays open', async (t) => {
  const port = await freePort();
  const gateway = createGateway({
    publicUrl: `http://localhost:${port}`,
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: 'http://127.0.0.1:1', clientId: 'a', clientSecret: 'b' },
    session: { store: { sqlite: { file: ':memory:' } } },
    log: { level: 'silent' },
  });
  const options = { keepAliveTimeout: 1_000, headersTimeout: 1_000, connectionsCheckingInterval: 200 };
  const server = createServer(options, (req, res) => gateway.handler(req, res, () => res.end('app')));
  server.on('upgrade', (_req, socket) => {
    socket.on('error', () => socket.destroy()).on('end', () => socket.end());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const head = `HTTP/1.1\r\nHost: localhost:${(server.address() as AddressInfo).port}\r\n`;
  const socket = await connectRaw(port);
  t.after(async () => {
    socket.destroy();
    server.closeAllConnections();
    await gateway.close(server);
  });
  await socket.send(`GET /app ${head}\r\n`);
  assert.equal((await socket.response()).text, 'app');
  await socket.send(`GET /socket ${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  assert.equal((await socket.head()).status, 101);
  await keepOpen(port, `GET /session ${head}\r\n`, '\r\n');
  assert.equal(socket.closed(), false);
});

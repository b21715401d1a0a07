/** Server for the WebSocket tests that forwards every handshake through the tunnel. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { GatewayError } from '../../../src/base/errors.ts';
import type { RouteConfig } from '../../../src/config/schema/schema.ts';
import { baseUrl } from '../../../src/config/traffic/upstream-targets.ts';
import { createOpenStreams } from '../../../src/proxy/forwarding/open-streams.ts';
import { createTunnel } from '../../../src/proxy/websocket/tunnel.ts';
import { renderErrorOnSocket } from '../../../src/responses/socket-response.ts';
import { createUpstreams, type UpstreamParts } from '../../../src/upstream/upstreams.ts';
import { contextOf, quiet, route, SHARES, withoutHopByHop } from '../../support/edge.ts';
import { startUpstream, type UpstreamOptions } from '../../support/upstream.ts';
import { within } from '../../support/wait.ts';

/** Starts a server that forwards every handshake to `upstream`, for the session named by the query. */
export async function edgeTo(
  t: TestContext,
  upstream: RouteConfig['upstream'],
  changes: Partial<RouteConfig> = {},
  parts: Partial<UpstreamParts> = {},
) {
  const ended = new Set<string>();
  const time = { ahead: 0 };
  const clock = () => Date.now() + time.ahead;
  const store = { missing: async (keys: readonly string[]) => keys.filter((key) => ended.has(key)) };
  const streams = createOpenStreams({ store, log: quiet, clock, interval: 20 });
  const chosen = route(upstream, changes);
  const upstreams = createUpstreams([chosen], { shares: SHARES, ...parts });
  t.after(() => upstreams.close());
  const tunnel = createTunnel({ routes: [chosen], upstreams, streams });
  const endsAt = clock() + 3_600_000;
  let over = 0;
  const server = createServer();
  server.on('upgrade', async (req, socket, head) => {
    const { host } = new URL(baseUrl(upstream));
    const headers = ['host', host, ...withoutHopByHop(req.rawHeaders), 'connection', 'Upgrade', 'upgrade', 'websocket'];
    headers.push('authorization', 'Bearer token', 'x-double', '1', 'X-Double', '2');
    const streamKey = new URLSearchParams(req.url?.split('?')[1]).get('session') ?? 'nobody';
    const options = { headers, path: req.url ?? '/', rewriteHeaders: () => [], streamKey, endsAt };
    await tunnel.open(contextOf(req), socket, head, chosen, options).catch((error: GatewayError) => {
      renderErrorOnSocket(socket, error, 'test');
    });
    over += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    streams.close();
    server.close();
    server.closeAllConnections();
  });
  const connect = async (path: string, protocols: string[] = []) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
    t.after(() => socket.terminate());
    await within(once(socket, 'open'), 'the WebSocket is open');
    return socket;
  };
  return { port, streams, ended, time, connect, over: () => over };
}

/** Starts the server with an upstream that echoes. */
export async function world(t: TestContext, options: UpstreamOptions = {}) {
  const upstream = await startUpstream({ websocket: true, ...options });
  t.after(() => upstream.close());
  return { upstream, ...(await edgeTo(t, upstream.origin)) };
}

/** Returns the next message as text. */
export const next = async (socket: WebSocket) => String((await within(once(socket, 'message'), 'a message'))[0]);
/** Returns the bytes of a handshake. */
export const handshake = (path = '/') =>
  `GET ${path} HTTP/1.1\r\nHost: gw\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

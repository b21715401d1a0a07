/** Opens WebSocket tunnels to the upstreams of routes; a tunnel never outlives its session. */
import type { Socket } from 'node:net';
import { GatewayError } from '../../base/errors.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { FailureRecord } from '../../upstream/failure-record.ts';
import type { ClientCertificate } from '../../upstream/read-tls.ts';
import type { UpstreamOptions } from '../../upstream/route-pool.ts';
import type { Upstreams } from '../../upstream/upstreams.ts';
import type { AttemptHooks, ForwardOptions } from '../forwarding/forward-options.ts';
import type { OpenStream, OpenStreams } from '../forwarding/open-streams.ts';
import { slotOwner } from '../forwarding/slot-owner.ts';
import { createTunnelSpans } from './tunnel-spans.ts';
import { createTunnelTargets, type TunnelTarget } from './tunnel-target.ts';
import type { Tunnel } from './upgrade.ts';
import { createWebSocketTunnel } from './websocket-tunnel.ts';

interface WebSocketParts {
  readonly context: RequestContext;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly route: UpstreamOptions & Pick<RouteConfig, 'websocketIdleTimeout'>;
  readonly options: ForwardOptions;
  readonly target: TunnelTarget;
  readonly streams: OpenStreams;
  readonly failures: FailureRecord;
}

/** Sends the handshake to its target; resolves when the client's socket is closed. */
async function carry(parts: WebSocketParts): Promise<void> {
  const { context, socket, head, route, options, target, streams, failures } = parts;
  const { path, attempts, streamKey, endsAt } = options;
  let stream: OpenStream | undefined;
  let leave = () => {};
  const spans = createTunnelSpans(context.span, options.span);
  const onHandshakeResponse: AttemptHooks['onResponse'] = (status, responseHeaders) => {
    spans.recordHandshake(status);
    target.onResponse(status);
    return attempts?.onResponse(status, responseHeaders) ?? false;
  };
  const { hooks, end, endAfterFrame } = createWebSocketTunnel({
    context,
    socket,
    path,
    onHandshakeResponse,
    onRefused(error) {
      failures.note(error);
      target.onRefused(error);
    },
    onOpen() {
      spans.open();
      if (stream) stream.lasting = true;
      leave = streams.lasting.add(endAfterFrame);
      // Bytes in either direction pass through this socket, and each restarts its timer; 0 is no limit.
      socket.setTimeout(route.websocketIdleTimeout, endAfterFrame);
    },
  });
  if (streamKey !== undefined || endsAt !== undefined)
    stream = streams.track(streamKey, endsAt ?? Number.POSITIVE_INFINITY, end);
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    target.proxy.upgrade(context.req, socket, head, target.headers, hooks);
  });
  spans.end();
  stream?.done();
  leave();
}

/**
 * Creates the tunnels of all routes. `open` resolves when the WebSocket is closed; after a failure it
 * sends the response on the socket. Throws when the CA file of an upstream cannot be read.
 */
export function createTunnel({
  routes,
  upstreams,
  streams,
  certificate,
}: {
  routes: readonly UpstreamOptions[];
  upstreams: Pick<Upstreams, 'forRoute'>;
  streams: OpenStreams;
  certificate?: ClientCertificate | undefined;
}): Tunnel {
  const targetsOf = (route: UpstreamOptions) => createTunnelTargets(route, upstreams.forRoute(route), certificate);
  const targets = new Map(routes.map((route) => [route, targetsOf(route)]));
  return {
    async open(context, duplex, head, route, options) {
      // Node types the argument of the upgrade event as a Duplex; on a node:http server it is a socket.
      const socket = duplex as Socket;
      if (socket.destroyed) return;
      const { slots, failures } = upstreams.forRoute(route);
      const owner = slotOwner(context, options);
      const target = (targets.get(route) ?? targetsOf(route))(options);
      if (!slots.tryTakeStream(owner)) {
        target.onEnd();
        throw new GatewayError('upstream_busy', { detail: 'no free slot for a WebSocket' });
      }
      await carry({ context, socket, head, route, options, target, streams, failures });
      target.onEnd();
      slots.giveStream(owner);
    },
  };
}

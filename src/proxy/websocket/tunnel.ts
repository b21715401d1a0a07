/** WebSockets to the upstreams of routes: as prepared on the way out, and no longer than the session. */
import type { Socket } from 'node:net';
import { type ClientCertificate, readCa, type UpstreamOptions } from '../../upstream/upstreams.ts';
import type { OpenStream, OpenStreams } from '../forwarding/open-streams.ts';
import { createHttpProxy, type HttpProxy } from './http-proxy.ts';
import type { Tunnel } from './upgrade.ts';
import { createWebSocketTunnel } from './websocket-tunnel.ts';

function proxyTo(route: UpstreamOptions, own: ClientCertificate | undefined): HttpProxy {
  const upgradeTimeout = route.timeouts.connect + route.timeouts.headers;
  return createHttpProxy(new URL(route.upstream).origin, {
    upgradeTimeout,
    ...readCa(route),
    ...(own ? { cert: own.cert, key: own.key } : {}),
  });
}

/**
 * Builds what carries admitted handshakes. `open` resolves when the conversation is over; whatever goes wrong after its call
 * is answered on the socket. Throws when the CA file of an upstream cannot be read.
 */
export function createTunnel(parts: {
  routes: readonly UpstreamOptions[];
  streams: OpenStreams;
  certificate?: ClientCertificate | undefined;
}): Tunnel {
  const { certificate } = parts;
  const proxies = new Map(parts.routes.map((route) => [route, proxyTo(route, certificate)]));
  return {
    async open(context, duplex, head, route, options) {
      // The parameter of Node's upgrade event is typed as a Duplex; on a server of node:http it is a socket.
      const socket = duplex as Socket;
      if (socket.destroyed) return;
      let stream: OpenStream | undefined;
      const onOpen = () => {
        if (stream) stream.lasting = true;
      };
      const { path, attempts } = options;
      const conversation = createWebSocketTunnel({
        context,
        socket,
        path,
        ...(attempts ? { onAnswer: attempts.answered } : {}),
        onOpen,
      });
      if (options.streamKey !== undefined || options.endsAt !== undefined) {
        stream = parts.streams.track(options.streamKey, options.endsAt ?? Number.POSITIVE_INFINITY, conversation.end);
      }
      const proxy = proxies.get(route) ?? proxyTo(route, certificate);
      await new Promise<void>((resolve) => {
        socket.once('close', resolve);
        proxy.upgrade(context.req, socket, head, options.headers, conversation.passage);
      });
      stream?.done();
    },
  };
}

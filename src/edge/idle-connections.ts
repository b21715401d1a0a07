/** Closes client connections on which no request is in progress and none arrives, whatever else they send. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { isHttp2 } from '../base/system/protocol-version.ts';
import type { Config } from '../config/schema/schema.ts';
import { responseOn } from './in-turn.ts';

export interface IdleConnections {
  /** Watches a connection of a node:http server until it closes or changes its protocol. */
  watch(socket: Socket): void;
  stop(): void;
}

interface Watched {
  /** Bytes sent so far, and since when no more were. */
  sent: number;
  since: number;
}

const CHECK_INTERVAL_MS = 1_000;

const hasRequest = (socket: Socket) => responseOn(socket) !== undefined;
/** Node takes the parser away when a connection becomes a WebSocket. */
const isUpgraded = (socket: Socket) => 'parser' in socket && socket.parser === null;

/** Whether a request is in progress on the connection, or it has become a WebSocket. */
export const isInUse = (socket: Socket) => hasRequest(socket) || isUpgraded(socket);

/** The head of the next request may begin to arrive at the end of the keep-alive time-out of the server; 0 is no time-out. */
function idleLimit(socket: Socket): number {
  const { keepAliveTimeout = 0, headersTimeout = 0 } = 'server' in socket ? (socket.server as Partial<Server>) : {};
  return keepAliveTimeout === 0 || headersTimeout === 0 ? Number.POSITIVE_INFINITY : keepAliveTimeout + headersTimeout;
}

/**
 * Calls `close` unless a request has arrived on the connection. Timers run before sockets are read: after a turn of the event
 * loop that took long, a request that arrived in time still waits to be read. All sockets are read before `setImmediate`.
 */
export function closeUnlessRequested(socket: Socket, close: () => void): void {
  // A response in progress says nothing about the next request.
  if (hasRequest(socket)) {
    close();
    return;
  }
  const sent = socket.bytesWritten;
  setImmediate(() => {
    if (socket.destroyed || isInUse(socket) || socket.bytesWritten !== sent) return;
    close();
  });
}

/** For the keep-alive time-out of Node. The beginning of a head is enough: the head has a time-out of its own. */
function closeUnlessRead(socket: Socket): void {
  const received = socket.bytesRead;
  setImmediate(() => {
    if (socket.bytesRead === received) socket.destroy();
  });
}

/**
 * Node ends its keep-alive time-out with the first byte that arrives, and starts the one for the head with the first byte of a
 * request line. Empty lines before it (RFC 9112 section 2.2) are neither, so a client that sends them could keep a connection
 * open forever. A connection is idle while nothing is sent on it; this costs nothing per request.
 */
export function createIdleConnections(): IdleConnections {
  const watched = new Map<Socket, Watched>();

  function check(): void {
    const now = performance.now();
    for (const [socket, state] of watched) {
      const sent = socket.bytesWritten;
      if (isUpgraded(socket)) watched.delete(socket);
      else if (sent !== state.sent || hasRequest(socket)) Object.assign(state, { sent, since: now });
      else if (now - state.since >= idleLimit(socket)) closeUnlessRequested(socket, () => socket.destroy());
    }
  }
  const timer = setInterval(check, CHECK_INTERVAL_MS).unref();

  return {
    watch(socket) {
      // A session of HTTP/2 has time-outs of its own.
      if (watched.has(socket) || socket.destroyed || isHttp2(socket)) return;
      watched.set(socket, { sent: socket.bytesWritten, since: performance.now() });
      socket.once('close', () => watched.delete(socket));
    },
    stop: () => clearInterval(timer),
  };
}

/** Options of node:http that limit the head of a request and an idle connection, for every listener of the gateway. */
export const listenerLimits = ({ headerSize, headersTimeout, keepAliveTimeout }: Config['limits']) => ({
  maxHeaderSize: headerSize,
  headersTimeout,
  keepAliveTimeout,
  // An upload may take as long as it makes progress; bodies of endpoints have a limit of their own.
  requestTimeout: 0,
  connectionsCheckingInterval: Math.min(1_000, headersTimeout),
});

/** Closes the idle connections of a server until the server closes. Returns the server. */
export function closeIdleConnections(server: Server): Server {
  const idle = createIdleConnections();
  // The parser of a TLS connection reads the socket inside of it; until the handshake is complete, that has a time-out of its own.
  const accepted = server instanceof TlsServer ? 'secureConnection' : 'connection';
  return server.on(accepted, idle.watch).on('timeout', closeUnlessRead).on('close', idle.stop);
}

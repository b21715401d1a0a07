/** Drains a listener without losing a request: responses close their connections, the load balancer gets time, requests end. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { isHttp2 } from '../../base/system/protocol-version.ts';
import { isInUse } from '../../edge/idle-connections.ts';
import { responseOn } from '../../edge/in-turn.ts';
import { closeServer } from '../../tuning/listening-sockets.ts';

/** The requests behind a listener. */
export interface DrainedRequests {
  /** Number of requests in progress that end on their own. */
  running(): number;
  /** Ends the event streams and WebSockets, and those that open later. */
  endStreams(): void;
}

export interface Drain {
  /**
   * Accepts requests until `delayOver`, so that a load balancer can choose other instances, then stops listening and lets
   * requests in progress end. Then event streams and WebSockets end. What is left `timeout` milliseconds later is cut.
   */
  run(delayOver: Promise<unknown>, timeout: number, requests?: DrainedRequests): Promise<void>;
}

/** How often idle connections are closed. Also the minimum delay. */
const POLL_INTERVAL_MS = 50;

/**
 * Sends `Connection: close` with the response (RFC 9112 section 9.6). Node closes idle connections of a server that is
 * stopping, but sends `keep-alive` until then, so the next request on the connection would be lost.
 */
function closeAfterResponse(_req: IncomingMessage | undefined, res: ServerResponse): void {
  if (!res.headersSent) res.shouldKeepAlive = false;
}

/**
 * The open connections of a server, each as the socket on which its requests arrive. On a TLS server that is the socket of
 * `secureConnection`; the one of `connection` stands for it until the handshake is complete.
 */
function trackConnections(server: Server): ReadonlySet<Duplex> {
  const connections = new Set<Duplex>();
  const track = (socket: Duplex) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  };
  server.on('connection', track);
  server.on('secureConnection', (socket: TLSSocket & { _parent?: Duplex }) => {
    if (socket._parent) connections.delete(socket._parent);
    track(socket);
  });
  return connections;
}

/** Tracks the connections of a server. `close` stops listening and resolves when all connections have ended. */
export function createDrain(server: Server, close = () => closeServer(server)): Drain {
  const connections = trackConnections(server);
  const received = new WeakMap<Duplex, number>();

  /**
   * Closes the connections that have no request and received nothing since the last call. Node does not count those as idle
   * on which something else than a whole head arrived, or nothing yet: browsers open them ahead of time.
   */
  function closeUnused(): void {
    for (const socket of connections) {
      // A session of HTTP/2 closes its connection after its streams, which Node does not show here.
      if (!(socket instanceof Socket) || isHttp2(socket) || isInUse(socket)) continue;
      if (received.get(socket) === socket.bytesRead) socket.destroy();
      else received.set(socket, socket.bytesRead);
    }
  }

  function closeAfterResponses(): void {
    for (const socket of connections) {
      const response = responseOn(socket);
      if (response) closeAfterResponse(undefined, response);
    }
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const)
      server.prependListener(event, closeAfterResponse);
  }

  return {
    async run(delayOver, timeout, requests) {
      closeAfterResponses();
      // A minimum in any case: a request that has arrived but was not read yet would be lost.
      await Promise.all([delayOver, sleep(POLL_INTERVAL_MS)]);
      const closed = close();
      const idleTimer = setInterval(() => {
        server.closeIdleConnections();
        closeUnused();
        if (requests?.running() === 0) requests.endStreams();
      }, POLL_INTERVAL_MS);
      // Includes upgraded sockets, which Node no longer counts as connections of the server.
      const timer = setTimeout(async () => {
        requests?.endStreams();
        await sleep(POLL_INTERVAL_MS);
        for (const socket of connections) socket.destroy();
      }, timeout);
      await closed;
      clearInterval(idleTimer);
      clearTimeout(timer);
    },
  };
}

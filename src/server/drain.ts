/** Ends a listener without losing a call: answers say that their connection ends, the balancer gets time, running calls end. */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeServer } from '../tuning/listening-sockets.ts';

export interface Drain {
  /**
   * Goes on taking calls for `delay` milliseconds, so that whoever sends them here can look elsewhere, then stops listening
   * and lets running calls end. What is left `timeout` milliseconds after that is cut.
   */
  run(delay: number, timeout: number): Promise<void>;
}

/** How often connections that have become idle are looked for. */
const POLL_INTERVAL_MS = 50;

/**
 * The client learns from the answer itself that the connection ends (RFC 9112 section 9.6). Node closes idle connections
 * of a server that is stopping, but says `keep-alive` until then, and the next call would meet the close.
 */
function lastOfItsConnection(_req: IncomingMessage | undefined, res: ServerResponse): void {
  if (!res.headersSent) res.shouldKeepAlive = false;
}

/** The answer that a connection is busy with. */
function answerOn(socket: Duplex): ServerResponse | undefined {
  const current = '_httpMessage' in socket ? socket._httpMessage : undefined;
  return current instanceof ServerResponse ? current : undefined;
}

/** Watches the connections of a server from the start. `close` stops listening and resolves when all connections have ended. */
export function createDrain(server: Server, close = () => closeServer(server)): Drain {
  const connections = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  function announce(): void {
    for (const socket of connections) {
      const current = answerOn(socket);
      if (current) lastOfItsConnection(undefined, current);
    }
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const)
      server.prependListener(event, lastOfItsConnection);
  }

  return {
    async run(delay, timeout) {
      announce();
      // A moment in any case: what has arrived and was not read yet is a call that nobody will make again.
      await sleep(Math.max(delay, POLL_INTERVAL_MS));
      const end = close();
      const look = setInterval(() => server.closeIdleConnections(), POLL_INTERVAL_MS);
      // Sockets that were given away in an upgrade as well, which Node does not count any more.
      const timer = setTimeout(() => {
        for (const socket of connections) socket.destroy();
      }, timeout);
      await end;
      clearInterval(look);
      clearTimeout(timer);
    },
  };
}

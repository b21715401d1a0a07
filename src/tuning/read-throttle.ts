/** The pace of the public port: under load a connection that got its answer waits its turn before its next request is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests at a time from which on connections take turns. What is not read waits in the kernel and costs nothing here,
 * where a thousand begun calls fill the young generation, so that each collection copies all of them
 * (docs/decisions/0012-turns.md).
 */
const MAX_ACTIVE_REQUESTS = 256;
/** So many are read in each turn of the event loop, however many wait for a slow upstream: nobody is kept out by those. */
const MIN_RESUMED_PER_TICK = 16;
/** New connections in one turn from which on there is a rush. Then their first calls go before the next ones of the others. */
const RUSH_THRESHOLD = 16;

export interface ReadThrottle {
  /** To be called with each connection as it comes. */
  onConnection(): void;
  /** To be called with each answer as its call begins. */
  onRequest(res: ServerResponse): void;
  /** Lets all go on, now and from now on: of a listener that is to end, all that was sent has to be read soon. */
  release(): void;
}

/** Sets the pace of one listener. */
export function createReadThrottle(): ReadThrottle {
  const waiting: Socket[] = [];
  let under = 0;
  let newcomers = 0;
  let rush = false;
  let released = false;

  function takeTurns(): void {
    const count = rush ? MIN_RESUMED_PER_TICK : Math.max(MIN_RESUMED_PER_TICK, MAX_ACTIVE_REQUESTS - under);
    for (const socket of waiting.splice(0, count)) socket.resume();
    if (waiting.length > 0) setImmediate(takeTurns);
  }

  function turnOver(): void {
    rush = newcomers >= RUSH_THRESHOLD;
    newcomers = 0;
    if (rush) setImmediate(turnOver);
  }

  /** `this` is the answer, so that no closure is made for each call. */
  function ended(this: ServerResponse & { req: IncomingMessage }): void {
    under -= 1;
    if (released || (under < MAX_ACTIVE_REQUESTS && waiting.length === 0 && !rush)) return;
    const { socket } = this.req;
    if (!this.writableFinished || socket.destroyed || !socket.writable) return;
    socket.pause();
    waiting.push(socket);
    // Whoever finds others in line finds that a turn is on its way.
    if (waiting.length === 1) setImmediate(takeTurns);
  }

  return {
    onConnection() {
      newcomers += 1;
      if (newcomers === 1 && !rush) setImmediate(turnOver);
    },
    onRequest(res) {
      under += 1;
      res.on('close', ended);
    },
    release() {
      released = true;
      for (const socket of waiting.splice(0)) socket.resume();
    },
  };
}

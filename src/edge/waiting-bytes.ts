/** Bounds the memory of pipelined requests that wait for their turn. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Estimated bytes of a request and its response object, besides the head. */
const REQUEST_BYTES = 1_500;
/**
 * The most that the waiting requests of one connection may hold: some 600 small requests, 60 with heads of 16 KiB, or 15 with bodies
 * of 64 KiB.
 */
const MAX_CONNECTION_BYTES = 1024 * 1024;
/** The most that the waiting requests of all connections may hold. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

export interface WaitingBytes {
  /**
   * Counts a request that waits; returns the function that ends its wait. Closes the connection instead, and returns undefined,
   * if a limit is exceeded: a connection that is not read any more would not show that its client has left.
   */
  add(req: IncomingMessage): (() => void) | undefined;
}

/** The most of its body that a request keeps while nothing reads it: then the connection is not read any more. */
function bodySizeOf({ headers, readableHighWaterMark: most }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return most;
  return Math.min(Number(headers['content-length'] ?? 0), most);
}

function sizeOf(req: IncomingMessage): number {
  const { url = '', rawHeaders } = req;
  return rawHeaders.reduce((size, text) => size + text.length, REQUEST_BYTES + url.length) + bodySizeOf(req);
}

/** Creates the count of one listener. */
export function createWaitingBytes(): WaitingBytes {
  const connections = new WeakMap<Socket, { bytes: number }>();
  let total = 0;

  function countOf(socket: Socket): { bytes: number } {
    const known = connections.get(socket);
    if (known) return known;
    const count = { bytes: 0 };
    connections.set(socket, count);
    socket.once('close', () => {
      total -= count.bytes;
      count.bytes = 0;
    });
    return count;
  }

  return {
    add(req) {
      const { socket } = req;
      // The rest of a packet is parsed although the connection is closed.
      if (socket.destroyed) return undefined;
      const count = countOf(socket);
      const size = sizeOf(req);
      if (count.bytes + size > MAX_CONNECTION_BYTES || total + size > MAX_TOTAL_BYTES) {
        socket.destroy();
        return undefined;
      }
      count.bytes += size;
      total += size;
      return () => {
        if (count.bytes === 0) return;
        count.bytes -= size;
        total -= size;
      };
    },
  };
}

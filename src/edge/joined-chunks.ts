/** Joins the chunks of a request body that arrive together, so that a body of tiny chunks costs no more than any other. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** A chunk below this size counts as tiny: most of what is sent for it is its frame. */
const TINY_BYTES = 16;
/** Tiny chunks that a connection may send at once, and per second. A user who types in a terminal sends ten. */
const TINY_CHUNKS = 1_000;

/** The tiny chunks that a connection may still send, and when that was counted, in milliseconds. */
interface Allowance {
  left: number;
  at: number;
}

const allowances = new WeakMap<Socket, Allowance>();

/** The allowance of a connection, with what has been added to it since the last read. */
function allowanceOf(socket: Socket): Allowance {
  const now = performance.now();
  const { left, at } = allowances.get(socket) ?? { left: TINY_CHUNKS, at: now };
  const allowance = { left: Math.min(TINY_CHUNKS, left + ((now - at) / 1_000) * TINY_CHUNKS), at: now };
  allowances.set(socket, allowance);
  return allowance;
}

/**
 * Joins the chunks that Node's parser finds in one read of the connection into one. A single read can hold ten thousand chunks of
 * a byte; each would be a buffer of its own in memory, and a write of its own to the upstream. A connection with too many of them
 * is closed: parsing alone would keep the process busy for everyone else. Call before anything reads the request.
 */
export function joinChunks(req: IncomingMessage): void {
  if (req.headers['transfer-encoding'] === undefined) return;
  const { socket } = req;
  const push = req.push.bind(req);
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let allowance: Allowance | undefined;

  function flush(): void {
    const [first] = chunks;
    if (first === undefined) return;
    const joined = chunks.length === 1 ? first : Buffer.concat(chunks, bytes);
    chunks = [];
    bytes = 0;
    allowance = undefined;
    push(joined);
  }

  /** Whether the connection may send this chunk. */
  function isAllowed(chunk: Uint8Array): boolean {
    if (chunk.length >= TINY_BYTES) return true;
    allowance ??= allowanceOf(socket);
    allowance.left -= 1;
    return allowance.left >= 0;
  }

  // The parser calls `push` for each chunk of a read. Ticks run after each of them, immediates after the read.
  req.push = function pushJoined(chunk: Uint8Array | null) {
    if (chunk === null) {
      flush();
      return push(null);
    }
    // The rest of a packet is parsed although the connection is closed.
    if (socket.destroyed) return false;
    if (!isAllowed(chunk)) {
      socket.destroy();
      return false;
    }
    if (chunks.length === 0) setImmediate(flush);
    chunks.push(chunk);
    bytes += chunk.length;
    return req.readableLength + bytes < req.readableHighWaterMark;
  };
}

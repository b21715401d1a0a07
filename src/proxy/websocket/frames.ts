/** Follows WebSocket frame boundaries, so that the gateway can insert a Close frame between two frames. */

export interface FrameTracker {
  /** Follows bytes of one direction, in order. */
  follow(chunk: Uint8Array): void;
  /** Follows bytes up to the end of the current frame; returns their number. */
  followFrame(chunk: Uint8Array): number;
  /** Returns whether a frame may be inserted: the last frame is complete, and no Close frame has passed. */
  mayInsert(): boolean;
}

/** RFC 6455 section 5.2. */
const OPCODE = 0x0f;
const CLOSE = 0x08;
const MASKED = 0x80;
const LENGTH = 0x7f;

/** Returns the size of a frame header in bytes, given its second byte. */
function headerSize(second: number): number {
  const length = second & LENGTH;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  return 2 + extended + (second & MASKED ? 4 : 0);
}

function payloadSize(header: readonly number[]): number {
  const length = (header[1] ?? 0) & LENGTH;
  if (length < 126) return length;
  const extended = header.slice(2, length === 126 ? 4 : 10);
  return extended.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Creates a tracker for one direction of a WebSocket connection, from its first frame on. */
export function createFrameTracker(): FrameTracker {
  let header: number[] = [];
  let payload = 0;
  let closing = false;
  const mayInsert = () => header.length === 0 && payload === 0 && !closing;

  /** Follows the next bytes of one kind, from `at` on; returns their number. */
  function step(chunk: Uint8Array, at: number): number {
    if (payload > 0) {
      const skipped = Math.min(payload, chunk.length - at);
      payload -= skipped;
      return skipped;
    }
    header.push(chunk[at] ?? 0);
    if (header.length >= 2 && header.length >= headerSize(header[1] ?? 0)) {
      payload = payloadSize(header);
      closing ||= ((header[0] ?? 0) & OPCODE) === CLOSE;
      header = [];
    }
    return 1;
  }

  return {
    follow(chunk) {
      for (let at = 0; at < chunk.length; ) at += step(chunk, at);
    },
    followFrame(chunk) {
      let at = 0;
      while (at < chunk.length && !mayInsert()) at += step(chunk, at);
      return at;
    },
    mayInsert,
  };
}

/** Returns a server's Close frame (RFC 6455 section 5.5.1); `reason` is ASCII of at most 123 characters. */
export function closeFrame(code: number, reason: string): Buffer {
  const frame = Buffer.alloc(4 + reason.length);
  frame.writeUInt8(0x80 | CLOSE, 0);
  frame.writeUInt8(2 + reason.length, 1);
  frame.writeUInt16BE(code, 2);
  frame.write(reason, 4, 'latin1');
  return frame;
}

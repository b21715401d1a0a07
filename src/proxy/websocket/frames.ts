/** Just enough of the WebSocket protocol to say goodbye between two frames of somebody else's conversation. */

export interface FrameTracker {
  /** Follows bytes of the conversation, in order. */
  follow(chunk: Uint8Array): void;
  /** Whether a frame may be put in here: the last one is complete, and none of them was a Close frame. */
  mayInsert(): boolean;
}

/** RFC 6455 section 5.2. */
const OPCODE = 0x0f;
const CLOSE = 0x08;
const MASKED = 0x80;
const LENGTH = 0x7f;

/** Bytes of a frame's head, as far as its first two bytes tell. */
function headSize(second: number): number {
  const length = second & LENGTH;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  return 2 + extended + (second & MASKED ? 4 : 0);
}

function payloadSize(head: readonly number[]): number {
  const length = (head[1] ?? 0) & LENGTH;
  if (length < 126) return length;
  const extended = head.slice(2, length === 126 ? 4 : 10);
  return extended.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Follows one direction of a WebSocket connection from its first frame on. */
export function createFrameTracker(): FrameTracker {
  let head: number[] = [];
  let payload = 0;
  let closing = false;
  return {
    follow(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (payload > 0) {
          const skipped = Math.min(payload, chunk.length - at);
          payload -= skipped;
          at += skipped;
          continue;
        }
        head.push(chunk[at] ?? 0);
        at += 1;
        if (head.length < 2 || head.length < headSize(head[1] ?? 0)) continue;
        payload = payloadSize(head);
        closing ||= ((head[0] ?? 0) & OPCODE) === CLOSE;
        head = [];
      }
    },
    mayInsert: () => head.length === 0 && payload === 0 && !closing,
  };
}

/** A Close frame of a server (RFC 6455 section 5.5.1); `reason` is ASCII of at most 123 characters. */
export function closeFrame(code: number, reason: string): Buffer {
  const frame = Buffer.alloc(4 + reason.length);
  frame.writeUInt8(0x80 | CLOSE, 0);
  frame.writeUInt8(2 + reason.length, 1);
  frame.writeUInt16BE(code, 2);
  frame.write(reason, 4, 'latin1');
  return frame;
}

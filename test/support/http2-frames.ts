/** An HTTP/2 client that writes single frames and reads those of the other side, for what Node's client does not send. */
import { connect, type TLSSocket } from 'node:tls';
import { TEST_CA } from './certificates.ts';
import { within } from './wait.ts';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;
/** Error codes (RFC 9113 section 7). */
export const CODE = { none: 0, protocol: 1, flowControl: 3, closed: 5, cancel: 8, calm: 11 } as const;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The bytes of a frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A payload of one 32-bit number: an error code, or an increment. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string of HPACK without Huffman coding (RFC 7541 section 5.2). */
function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const head = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) head.push((rest & 127) | 128);
    head.push(rest);
  }
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** A header block of literal fields that are not indexed (RFC 7541 section 6.2.2). */
export const block = (fields: readonly (readonly [string, string])[]) =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), hpackString(name), hpackString(value)]));

/** The header block of a request. */
export const requestBlock = (method: string, path: string, fields: readonly (readonly [string, string])[] = []) =>
  block([[':method', method], [':scheme', 'https'], [':path', path], [':authority', 'localhost'], ...fields]);

/** A HEADERS frame of a GET request. */
export const get = (stream: number, path = '/') =>
  frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders, stream, requestBlock('GET', path));

export interface FrameClient {
  readonly socket: TLSSocket;
  /** All frames received so far. */
  readonly frames: readonly Frame[];
  send(...frames: readonly Uint8Array[]): void;
  /** The first frame received, or to be received, that fulfils the condition. */
  find(condition: (frame: Frame) => boolean, what: string): Promise<Frame>;
  /**
   * Waits for the end of the connection; the code of the last GOAWAY. Undefined when none arrived: a server that closes while
   * more arrives resets the connection, and what it sent is lost.
   */
  end(): Promise<number | undefined>;
  destroy(): void;
}

/** Adds the frames that are complete, and returns the bytes after them. */
export function readFrames(bytes: Buffer, frames: Frame[]): Buffer {
  let at = 0;
  while (bytes.length - at >= 9) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type, flags, stream] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5)];
    frames.push({ type, flags, stream, payload: Buffer.from(bytes.subarray(at + 9, end)) });
    at = end;
  }
  return bytes.subarray(at);
}

/** Opens a session: sends the preface with settings, and acknowledges nothing by itself. */
export async function connectFrames(port: number, settings: Uint8Array = Buffer.alloc(0)): Promise<FrameClient> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: TEST_CA, ALPNProtocols: ['h2'] });
  socket.setNoDelay(true);
  const frames: Frame[] = [];
  let rest = Buffer.alloc(0);
  let isClosed = false;
  let changed: () => void = () => {};
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.from(readFrames(Buffer.concat([rest, bytes]), frames));
    changed();
  });
  socket.on('close', () => {
    isClosed = true;
    changed();
  });

  const wait = <T>(take: () => T | undefined, what: string) =>
    within(
      (async () => {
        for (;;) {
          const value = take();
          if (value !== undefined) return value;
          if (isClosed) throw new Error(`connection closed before ${what}: ${JSON.stringify(frames.slice(-3))}`);
          await new Promise<void>((resolve) => {
            changed = resolve;
          });
        }
      })(),
      what,
      20_000,
    );

  socket.write(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0, settings)]));
  const find = (condition: (each: Frame) => boolean, what: string) => wait(() => frames.find(condition), what);
  return {
    socket,
    frames,
    send: (...parts) => void socket.write(Buffer.concat(parts)),
    find,
    async end() {
      await wait(() => isClosed || undefined, 'the end of the connection');
      return frames.findLast(({ type }) => type === FRAME.goaway)?.payload.readUInt32BE(4);
    },
    destroy: () => void socket.destroy(),
  };
}

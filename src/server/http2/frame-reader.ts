/** Reads the heads of the frames that a client sends (RFC 9113 section 4.1); the frames themselves are handled by Node. */

/** The head of a frame. */
export interface FrameHead {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

export interface FrameSink {
  /** The head of a frame, with the first bytes of its payload: as many as `PREFIX_BYTES`, if there are. */
  onFrame(head: FrameHead, prefix: Buffer): void;
}

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
/** Enough for the pad length and the dependency of a HEADERS frame (RFC 9113 section 6.2). */
export const PREFIX_BYTES = 5;
export const MAX_STREAM_ID = 0x7fffffff;

/** A class and not closures, because its methods run for every packet. */
export class FrameReader {
  readonly #sink: FrameSink;
  /** The start of a frame that is split between packets. */
  #partial: Buffer | undefined;
  /** Bytes of the preface or of a payload that are still to come. */
  #skip = PREFACE_BYTES;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether the rest of a payload, or of the preface, is to come. */
  get isInPayload(): boolean {
    return this.#skip > 0;
  }

  /** Whether a part of the head of a frame has arrived. */
  get isInHead(): boolean {
    return this.#partial !== undefined;
  }

  feed(packet: Buffer): void {
    const bytes = this.#partial ? Buffer.concat([this.#partial, packet]) : packet;
    this.#partial = undefined;
    let at = 0;
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (at === bytes.length) return;
      const next = this.#readHead(bytes, at);
      if (next === at) break;
      at = next;
    }
    this.#partial = Buffer.from(bytes.subarray(at));
  }

  /** Returns the index behind the head, or the same index if bytes are missing. */
  #readHead(bytes: Buffer, at: number): number {
    if (bytes.length - at < HEAD_BYTES) return at;
    const length = bytes.readUIntBE(at, 3);
    const payload = at + HEAD_BYTES;
    const prefixEnd = payload + Math.min(length, PREFIX_BYTES);
    if (bytes.length < prefixEnd) return at;
    const head = {
      length,
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5) & MAX_STREAM_ID,
    };
    this.#skip = length;
    this.#sink.onFrame(head, bytes.subarray(payload, prefixEnd));
    return payload;
  }
}

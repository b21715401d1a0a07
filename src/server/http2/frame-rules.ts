/** Rules for the frames of a client that Node does not enforce: order of streams, priorities, and floods of cheap frames. */
import { constants } from 'node:http2';
import { Allowance } from './allowance.ts';
import { type FrameHead, FrameReader, type FrameSink, MAX_STREAM_ID } from './frame-reader.ts';

/** Why a session is ended. */
export interface FrameFault {
  readonly reason: 'flood' | 'protocol';
  /** Error code of the GOAWAY frame (RFC 9113 section 7). */
  readonly code: number;
}

const FRAME = { data: 0, headers: 1, priority: 2, reset: 3, continuation: 9 } as const;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_STREAM_CLOSED } = constants;
/** A stream that depends on itself, or the connection instead of a stream (RFC 9113 section 6.3). */
function isOwnDependency(stream: number, dependency: Buffer): boolean {
  if (stream === 0) return true;
  return dependency.length >= 4 && (dependency.readUInt32BE(0) & MAX_STREAM_ID) === stream;
}

const FLOOD: FrameFault = { reason: 'flood', code: NGHTTP2_ENHANCE_YOUR_CALM };
const PROTOCOL: FrameFault = { reason: 'protocol', code: NGHTTP2_PROTOCOL_ERROR };
const CLOSED: FrameFault = { reason: 'protocol', code: NGHTTP2_STREAM_CLOSED };

/** Frames without a request or a body that a client may send at once, and per second. */
const CONTROL_FRAMES = 1_000;
const CONTROL_FRAMES_PER_SECOND = 100;
/** What a request adds to that: browsers send a priority or a window update with it. */
const FRAMES_PER_REQUEST = 4;
/** What a response adds: window updates acknowledge its bytes, for the stream and for the connection. */
const SENT_BYTES_PER_FRAME = 1_024;
/** Streams that the client has not ended. Those that the gateway reset stay among them, as frames may be under way. */
const MAX_UNENDED = 1_000;

/** A class and not closures, because its methods run for every packet. */
export class FrameRules implements FrameSink {
  readonly #reader = new FrameReader(this);
  readonly #control: Allowance;
  readonly #unended = new Set<number>();
  #lastStream = 0;
  /** Whether the last frame was of a header block; the preface counts as one. */
  #isOfBlock = true;
  /** Whether the header block continues in another frame. */
  #isOpenBlock = false;
  #incompleteSince: number | undefined;
  #fault: FrameFault | undefined;
  #now: number;

  /** `now` is on the scale of performance.now(). */
  constructor(now: number) {
    this.#control = new Allowance(CONTROL_FRAMES, CONTROL_FRAMES_PER_SECOND, now);
    this.#incompleteSince = now;
    this.#now = now;
  }

  /** Since when a header block or the preface is incomplete; undefined if none is. */
  get incompleteSince(): number | undefined {
    return this.#incompleteSince;
  }

  /** Reads what a client sent; returns why its session has to end. */
  read(packet: Buffer, now: number): FrameFault | undefined {
    this.#now = now;
    this.#reader.feed(packet);
    const { isInHead, isInPayload } = this.#reader;
    if (this.#isOpenBlock || isInHead || (isInPayload && this.#isOfBlock)) this.#incompleteSince ??= now;
    else this.#incompleteSince = undefined;
    return this.#fault;
  }

  /** Bytes were sent to the client, which it will acknowledge. */
  onSent(bytes: number): void {
    this.#control.take(-bytes / SENT_BYTES_PER_FRAME, this.#now);
  }

  onFrame(head: FrameHead, prefix: Buffer): void {
    const isContinuation = head.type === FRAME.continuation;
    this.#isOfBlock = isContinuation || head.type === FRAME.headers;
    // A continuation does not give its block more time.
    if (!isContinuation) this.#incompleteSince = undefined;
    if (this.#isOfBlock) this.#isOpenBlock = (head.flags & END_HEADERS) === 0;
    this.#fault ??= this.#faultOf(head, prefix);
  }

  #faultOf(head: FrameHead, prefix: Buffer): FrameFault | undefined {
    switch (head.type) {
      case FRAME.data:
        return this.#checkData(head, prefix);
      case FRAME.headers:
        return this.#checkHeaders(head, prefix);
      case FRAME.priority:
        return isOwnDependency(head.stream, prefix) ? PROTOCOL : this.#checkFlood();
      case FRAME.reset:
        this.#unended.delete(head.stream);
        return undefined;
      case FRAME.continuation:
        return undefined;
      default:
        return this.#checkFlood();
    }
  }

  #checkFlood(): FrameFault | undefined {
    return this.#control.take(1, this.#now) ? undefined : FLOOD;
  }

  #checkData({ stream, flags, length }: FrameHead, prefix: Buffer): FrameFault | undefined {
    // RFC 9113 section 5.1; a stream that was never opened is a fault that Node finds.
    if (!this.#unended.has(stream)) return stream <= this.#lastStream ? CLOSED : undefined;
    if (flags & END_STREAM) this.#unended.delete(stream);
    else if (length === 0 || (flags & PADDED && prefix.readUInt8(0) + 1 >= length)) return this.#checkFlood();
    return undefined;
  }

  #checkHeaders({ stream, flags }: FrameHead, prefix: Buffer): FrameFault | undefined {
    const dependency = prefix.subarray(flags & PADDED ? 1 : 0);
    if (flags & PRIORITY && isOwnDependency(stream, dependency)) return PROTOCOL;
    const isTrailer = this.#unended.has(stream);
    // RFC 9113 sections 5.1 and 5.1.1.
    if (!isTrailer && stream <= this.#lastStream) return stream === this.#lastStream ? CLOSED : PROTOCOL;
    if (flags & END_STREAM) this.#unended.delete(stream);
    else if (!isTrailer) this.#addUnended(stream);
    if (isTrailer) return undefined;
    this.#lastStream = stream;
    this.#control.take(-FRAMES_PER_REQUEST, this.#now);
    return undefined;
  }

  #addUnended(stream: number): void {
    this.#unended.add(stream);
    if (this.#unended.size <= MAX_UNENDED) return;
    const [oldest = 0] = this.#unended;
    this.#unended.delete(oldest);
  }
}

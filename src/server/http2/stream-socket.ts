/** One HTTP/2 stream, presented to node:http as a connection that carries a single HTTP/1.1 request. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ResponseParser } from '../../upstream/http/response-parser.ts';
import type { TranslatedHead } from './request-head.ts';
import { ResponseSink } from './response-sink.ts';
import { SocketView } from './socket-view.ts';

/** Larger than any head that the gateway sends: those of upstreams have limits of their own. */
const MAX_RESPONSE_HEAD_BYTES = 1024 * 1024;
/** Node counts what waits for the client as memory of the session, and refuses further requests above its limit. */
const PART_BYTES = 32 * 1024;
const LAST_CHUNK = '0\r\n\r\n';

type Callback = (error?: Error | null) => void;

/**
 * Node's HTTP/1.1 server reads the request from this socket and writes the response to it, so that every rule of the edge holds
 * for HTTP/2 too. Flow control passes through in both directions.
 */
export class StreamSocket extends SocketView {
  bytesRead = 0;
  /** Bytes of the response that the flow control of the client has let through. */
  bytesWritten = 0;
  readonly #stream: ServerHttp2Stream;
  readonly #sink: ResponseSink;
  readonly #parser: ResponseParser;
  readonly #chunked: boolean;
  #isCut = false;
  #head: string | undefined;
  /** Continues a write that waits for the client. */
  #continue: (() => void) | undefined;

  constructor(
    stream: ServerHttp2Stream,
    tls: TLSSocket,
    { method, text, chunked, trailers }: TranslatedHead,
    ended: boolean,
  ) {
    super(tls);
    this.#stream = stream;
    this.#sink = new ResponseSink(stream, trailers);
    this.#parser = new ResponseParser(this.#sink, MAX_RESPONSE_HEAD_BYTES);
    this.#parser.expectResponse({ isHead: method === 'HEAD', skipLeftover: false });
    this.#chunked = chunked;
    this.#head = text;
    // A reset has an error, which says no more than that the stream was closed.
    stream.on('error', () => {});
    stream.on('close', () => this.#onStreamClose());
    stream.on('drain', () => this.#onSent());
    if (ended) return;
    this.#receiveBody();
    stream.on('finish', () => this.#discardBody());
  }

  /** Bytes of a complete response that the client has not taken; 0 while the response is in progress. */
  get unsentBytes(): number {
    return this.#sink.ended && !this.#stream.writableFinished ? this.#stream.bufferSize : 0;
  }

  /** Whether the response is complete, though not necessarily sent. */
  get isAnswered(): boolean {
    return this.#sink.ended;
  }

  /** Whether the gateway reset the stream in the middle of the response. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Closes the socket when all that was written is sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  /** The rest of a body is not needed after the response and its trailers (RFC 9113 section 8.1). */
  #discardBody(): void {
    const stream = this.#stream;
    const close = () => stream.readableEnded || stream.close(constants.NGHTTP2_NO_ERROR);
    // Not at once after the trailers: a reset would overtake them.
    if (this.#sink.sendsTrailers && !stream.sentTrailers) stream.once('wantTrailers', () => setImmediate(close));
    else close();
  }

  #receiveBody(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => {
      this.bytesRead += chunk.length;
      if (!this.#pushBody(chunk)) stream.pause();
    });
    stream.on('end', () => {
      // Node also ends the body of a stream that the client cancelled: this must not look complete (RFC 9113 section 8.1).
      if (!this.#chunked || this.destroyed || stream.closed) return;
      // Node ends an empty body even while the stream is paused: the head may not have been read.
      this.#pushHead();
      this.push(LAST_CHUNK, 'latin1');
    });
    stream.pause();
  }

  #pushBody(chunk: Buffer): boolean {
    if (this.destroyed || chunk.length === 0) return true;
    if (!this.#chunked) return this.push(chunk);
    this.push(`${chunk.length.toString(16)}\r\n`, 'latin1');
    this.push(chunk);
    return this.push('\r\n', 'latin1');
  }

  override _read(): void {
    if (!this.#pushHead() && this.#stream.isPaused()) this.#stream.resume();
  }

  /** Returns whether there was a head. */
  #pushHead(): boolean {
    if (this.#head === undefined) return false;
    const head = Buffer.from(this.#head, 'latin1');
    this.#head = undefined;
    this.bytesRead += head.length;
    this.push(head);
    return true;
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: Callback): void {
    this.#send(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, 0, callback);
  }

  /** Sends the bytes from `at` on, a part at a time, each when the client takes more. */
  #send(bytes: Buffer, at: number, callback: Callback): void {
    for (let from = at; from < bytes.length; from += PART_BYTES) {
      const part = bytes.subarray(from, from + PART_BYTES);
      try {
        this.#parser.feed(part);
      } catch (error) {
        callback(error instanceof Error ? error : new Error('invalid response'));
        return;
      }
      if (!this.#sink.writable) {
        this.#sendLater(bytes, from + part.length, part.length, callback);
        return;
      }
      this.bytesWritten += part.length;
    }
    callback();
    if (this.#sink.ended) this.#endResponse();
  }

  #sendLater(bytes: Buffer, next: number, waiting: number, callback: Callback): void {
    this.#continue = () => {
      this.bytesWritten += waiting;
      this.#send(bytes, next, callback);
    };
    // A stream that ends has no `drain`.
    if (this.#sink.ended) this.#stream.once('finish', () => this.#onSent());
  }

  override _final(callback: Callback): void {
    try {
      this.#parser.end();
      callback();
    } catch {
      callback();
      this.destroy();
    }
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const stream = this.#stream;
    if (!this.#sink.ended && !stream.closed) {
      // A response that is cut must not look complete (RFC 9113 section 8.1).
      this.#isCut = true;
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
    callback(error);
  }

  #onSent(): void {
    const proceed = this.#continue;
    this.#continue = undefined;
    this.#sink.writable = true;
    proceed?.();
  }

  /** Ends the connection of node:http after the response object has finished. */
  #endResponse(): void {
    setImmediate(() => {
      if (!this.destroyed) this.destroy();
    });
  }

  #onStreamClose(): void {
    // A complete response ends on its own.
    if (!this.#sink.ended || this.#continue) this.destroy();
  }
}

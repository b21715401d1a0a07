/** Parses the bytes of a connection into responses, incrementally. */
import { protocolError, strayBytes, UpstreamFault } from './fault.ts';
import { type Framing, parseFields, parseHead, type ResponseHead } from './response-head.ts';

/** Receives the parsed parts. */
export interface ParserSink {
  /** An informational or a final head; the body of a final one follows. */
  onHead(head: ResponseHead): void;
  /** A part of the body; its bytes may be overwritten after this returns. */
  onBody(chunk: Buffer): void;
  /** The message is complete. */
  onMessageEnd(): void;
}

type State = 'idle' | 'head' | 'length' | 'until-close' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'stopped';

const VERSION = 'HTTP/1.';
const HEAD_END = '\r\n\r\n';
/** Size in hexadecimal and chunk extensions, which are ignored (RFC 9112 section 7.1.1). */
const SIZE_LINE = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const MAX_SIZE_LINE_BYTES = 1024;

/** The parser of one connection. A class and not closures, because its methods run for every packet. */
export class ResponseParser {
  readonly #sink: ParserSink;
  readonly #maxHeadBytes: number;
  #state: State = 'idle';
  #isHead = false;
  #paused = false;
  /** Whether an earlier response on this connection is complete. */
  #hasCompleted = false;
  /** Bytes that are still missing from the current body or chunk. */
  #remaining = 0;
  /** Text of a head or a line that is not complete yet. */
  #text = '';
  /** Index in the current chunk after the text that #readUntil consumed. */
  #next = 0;

  constructor(sink: ParserSink, maxHeadBytes: number) {
    this.#sink = sink;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** A request is about to be sent, so a response may arrive. `isHead`: its method is HEAD. */
  expectResponse(isHead: boolean): void {
    this.#state = 'head';
    this.#isHead = isHead;
    this.#text = '';
  }

  /** Whether a part of the response has arrived. */
  get started(): boolean {
    return this.#state !== 'head' || this.#text !== '';
  }

  /** Ignores all further bytes. */
  stop(): void {
    this.#state = 'stopped';
  }

  /** While paused, `feed` consumes nothing. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** Returns how many bytes were consumed: all of them unless paused. Throws `UpstreamFault`; the connection is then unusable. */
  feed(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.#state !== 'stopped' && !this.#paused) at = this.#parseNext(chunk, at);
    return this.#state === 'stopped' ? chunk.length : at;
  }

  /** The upstream closed its side. Throws when the response is not complete. */
  end(): void {
    if (this.#state === 'until-close') this.#complete();
    else if (this.#state !== 'idle' && this.#state !== 'stopped') {
      if (!this.started) throw new UpstreamFault('UPSTREAM_CLOSED', 'the connection ended before the response');
      throw new UpstreamFault('UPSTREAM_CUT', 'the connection ended inside the response');
    }
  }

  #parseNext(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#parseHead(chunk, at);
      case 'length':
      case 'chunk':
        return this.#parseCounted(chunk, at);
      case 'until-close':
        this.#sink.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      case 'size':
        return this.#parseChunkSize(chunk, at);
      case 'chunk-end':
        return this.#parseChunkEnd(chunk, at);
      case 'trailer':
        return this.#parseTrailer(chunk, at);
      default:
        throw strayBytes(chunk.subarray(at));
    }
  }

  /** Returns whether `end` was found. If so, #text holds the text before it, and #next is the index after it. */
  #readUntil(end: string, chunk: Buffer, at: number, max: number): boolean {
    const before = this.#text.length;
    if (before === 0) {
      const found = chunk.indexOf(end, at, 'latin1');
      if (found >= 0 && found - at <= max) {
        this.#text = chunk.toString('latin1', at, found);
        this.#next = found + end.length;
        return true;
      }
    }
    // One byte more than the maximum is enough to detect that it is exceeded.
    this.#text += chunk.toString('latin1', at, Math.min(chunk.length, at + max + end.length + 1));
    const found = this.#text.indexOf(end, Math.max(0, before - end.length + 1));
    if (found > max || (found < 0 && this.#text.length > max + end.length))
      throw protocolError(`a head or a line of more than ${max} bytes`);
    this.#next = found < 0 ? chunk.length : at + found + end.length - before;
    if (found >= 0) this.#text = this.#text.slice(0, found);
    return found >= 0;
  }

  #takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #parseHead(chunk: Buffer, at: number): number {
    // After a complete response, a line break or an end of chunks before the head may belong to that response.
    if (this.#hasCompleted && this.#text === '' && chunk[at] !== VERSION.charCodeAt(0))
      throw strayBytes(chunk.subarray(at));
    if (!this.#readUntil(HEAD_END, chunk, at, this.#maxHeadBytes)) {
      // Fails early, because another protocol may never send an empty line.
      const start = this.#text.slice(0, VERSION.length);
      if (!VERSION.startsWith(start)) throw protocolError('not an HTTP/1.1 response');
      return this.#next;
    }
    const head = parseHead(this.#takeText(), this.#isHead);
    const next = this.#next;
    const final = head.status >= 200;
    if (final) this.#startBody(head.framing);
    this.#sink.onHead(head);
    if (final && this.#state === 'length' && this.#remaining === 0) this.#complete();
    return next;
  }

  #startBody(framing: Framing): void {
    this.#remaining = framing.kind === 'length' ? framing.length : 0;
    // No body is handled as a body of length 0.
    if (framing.kind === 'chunked') this.#state = 'size';
    else this.#state = framing.kind === 'until-close' ? 'until-close' : 'length';
  }

  #parseCounted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.#sink.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#remaining === 0) {
      if (this.#state === 'length') this.#complete();
      else if (this.#state === 'chunk') this.#state = 'chunk-end';
    }
    return end;
  }

  #parseChunkSize(chunk: Buffer, at: number): number {
    if (!this.#readUntil('\r\n', chunk, at, MAX_SIZE_LINE_BYTES)) return this.#next;
    const size = SIZE_LINE.exec(this.#takeText())?.[1];
    if (size === undefined) throw protocolError('invalid chunk size');
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
    return this.#next;
  }

  #parseChunkEnd(chunk: Buffer, at: number): number {
    if (!this.#readUntil('\r\n', chunk, at, 0)) return this.#next;
    this.#takeText();
    this.#state = 'size';
    return this.#next;
  }

  /** Validates the trailer and discards it: trailer fields must not be merged into the headers (RFC 9110 section 6.5.1). */
  #parseTrailer(chunk: Buffer, at: number): number {
    // Starts with the line break that ended the last chunk size, so that an empty trailer ends like any other.
    if (this.#text === '') this.#text = '\r\n';
    if (!this.#readUntil(HEAD_END, chunk, at, this.#maxHeadBytes)) return this.#next;
    parseFields(this.#takeText());
    this.#complete();
    return this.#next;
  }

  #complete(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'idle';
    this.#hasCompleted = true;
    this.#sink.onMessageEnd();
  }
}

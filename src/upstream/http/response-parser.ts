/** Parses the bytes of a connection into responses, incrementally. */
import { checkIncompleteEnd, checkIncompleteSize, parseChunkSize } from './chunk.ts';
import { strayBytes, UpstreamFault } from './fault.ts';
import type { Framing } from './framing.ts';
import { InformationalBudget } from './informational-budget.ts';
import { matchLeftover } from './leftover.ts';
import type { ExpectedResponse, ParserSink } from './request-port.ts';
import { checkIncompleteHead, parseFields, parseHead } from './response-head.ts';
import { TextReader } from './text-reader.ts';

type State =
  | 'idle'
  | 'leftover'
  | 'head'
  | 'length'
  | 'until-close'
  | 'size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'stopped';

const LINE_BREAK = '\r\n';
const HEAD_END = '\r\n\r\n';
const H = 'H'.charCodeAt(0);
const MAX_SIZE_LINE_BYTES = 1024;
const NO_TRAILERS: readonly string[] = [];

/** The parser of one connection. A class and not closures, because its methods run for every packet. */
export class ResponseParser {
  /** Whether a part of the response has arrived. */
  started = false;
  readonly #sink: ParserSink;
  readonly #maxHeadBytes: number;
  readonly #reader = new TextReader();
  #state: State = 'idle';
  #isHead = false;
  #paused = false;
  /** Whether an earlier response on this connection is complete. */
  #hasCompleted = false;
  readonly #informational: InformationalBudget;
  /** Bytes that are still missing from the current body or chunk. */
  #remaining = 0;

  constructor(sink: ParserSink, maxHeadBytes: number) {
    this.#sink = sink;
    this.#maxHeadBytes = maxHeadBytes;
    this.#informational = new InformationalBudget(maxHeadBytes);
  }

  /** A request is about to be sent, so a response may arrive. */
  expectResponse({ isHead, skipLeftover }: ExpectedResponse): void {
    this.#state = this.#hasCompleted && skipLeftover ? 'leftover' : 'head';
    this.#isHead = isHead;
    this.started = false;
    this.#informational.reset();
    this.#reader.reset();
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
      case 'leftover':
        return this.#skipLeftover(chunk, at);
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

  /** Skips one leftover, byte by byte. A leftover is whole or a fault. */
  #skipLeftover(chunk: Buffer, at: number): number {
    const before = this.#reader.text;
    if (before === '' && chunk[at] === H) {
      this.#state = 'head';
      return at;
    }
    const text = before + chunk.toString('latin1', at, at + 1);
    const match = matchLeftover(text);
    if (match === undefined) throw strayBytes(chunk.subarray(at));
    this.#reader.reset(match === 'whole' ? '' : text);
    if (match === 'whole') {
      // A second leftover is a fault.
      this.#state = 'head';
      this.#sink.onLeftover();
    }
    return at + 1;
  }

  #parseHead(chunk: Buffer, at: number): number {
    // After a complete response, bytes that cannot begin a head may belong to that response.
    if (this.#hasCompleted && !this.started && chunk[at] !== H) throw strayBytes(chunk.subarray(at));
    this.started = true;
    if (!this.#reader.read(HEAD_END, chunk, at, this.#maxHeadBytes, checkIncompleteHead)) return this.#reader.next;
    const { next } = this.#reader;
    const text = this.#reader.take();
    const head = parseHead(text, this.#isHead);
    if (head.status < 200) this.#informational.add(text.length);
    else this.#startBody(head.framing);
    this.#sink.onHead(head);
    if (this.#state === 'length' && this.#remaining === 0) this.#complete();
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
    if (!this.#reader.read(LINE_BREAK, chunk, at, MAX_SIZE_LINE_BYTES, checkIncompleteSize)) return this.#reader.next;
    this.#remaining = parseChunkSize(this.#reader.take());
    this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
    // The line break of this line is part of the trailer, so that an empty trailer ends like any other.
    if (this.#state === 'trailer') this.#reader.reset(LINE_BREAK);
    return this.#reader.next;
  }

  #parseChunkEnd(chunk: Buffer, at: number): number {
    if (!this.#reader.read(LINE_BREAK, chunk, at, 0, checkIncompleteEnd)) return this.#reader.next;
    this.#reader.take();
    this.#state = 'size';
    return this.#reader.next;
  }

  #parseTrailer(chunk: Buffer, at: number): number {
    if (!this.#reader.read(HEAD_END, chunk, at, this.#maxHeadBytes, checkIncompleteHead)) return this.#reader.next;
    const { next } = this.#reader;
    this.#complete(parseFields(this.#reader.take()));
    return next;
  }

  #complete(trailers: readonly string[] = NO_TRAILERS): void {
    if (this.#state === 'stopped') return;
    this.#state = 'idle';
    this.#hasCompleted = true;
    this.#sink.onMessageEnd(trailers);
  }
}

/** Cuts the bytes of a connection into responses, as they come. */
import { protocolError, stray, UpstreamFault } from './fault.ts';
import { type Framing, type ResponseHead, readFields, readHead } from './response-head.ts';

/** Who is told what was found. */
export interface ParserSink {
  /** An informational or a final head; the body of a final one follows. */
  onHead(head: ResponseHead): void;
  /** A part of the body; its bytes may be overwritten after the call. */
  onBody(chunk: Buffer): void;
  /** The message is complete. */
  onMessageEnd(): void;
}

type Mode = 'idle' | 'head' | 'length' | 'until-close' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'stopped';

const VERSION = 'HTTP/1.';
const HEAD_END = '\r\n\r\n';
/** Size in hexadecimal, then extensions that nobody needs (RFC 9112 section 7.1.1). */
const SIZE_LINE = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const MAX_SIZE_LINE = 1024;

/** One for each connection. A class, for the reason that `Relay` is one. */
export class ResponseParser {
  readonly #sink: ParserSink;
  readonly #maxHead: number;
  #mode: Mode = 'idle';
  #noBody = false;
  #held = false;
  /** Whether a response was complete before. */
  #served = false;
  /** Bytes that the current body or chunk still has to bring. */
  #left = 0;
  /** What came of a head or a line that is not complete yet. */
  #text = '';
  #next = 0;

  constructor(sink: ParserSink, maxHead: number) {
    this.#sink = sink;
    this.#maxHead = maxHead;
  }

  /** A request goes out: its response may come. */
  begin(noBody: boolean): void {
    this.#mode = 'head';
    this.#noBody = noBody;
    this.#text = '';
  }

  /** Whether a part of the response has come. */
  get begun(): boolean {
    return this.#mode !== 'head' || this.#text !== '';
  }

  /** Nothing of what is still to come is of interest. */
  stop(): void {
    this.#mode = 'stopped';
  }

  /** Takes no more in, until it is told to go on. */
  hold(held: boolean): void {
    this.#held = held;
  }

  /** Takes bytes in; returns how many, all of them unless it is held. Throws `UpstreamFault`: the connection is of no use then. */
  feed(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.#mode !== 'stopped' && !this.#held) at = this.#step(chunk, at);
    return this.#mode === 'stopped' ? chunk.length : at;
  }

  /** The upstream sends no more. Throws when the response is not complete. */
  end(): void {
    if (this.#mode === 'until-close') this.#complete();
    else if (this.#mode !== 'idle' && this.#mode !== 'stopped') {
      if (!this.begun) throw new UpstreamFault('UPSTREAM_CLOSED', 'the connection ended before the answer');
      throw new UpstreamFault('UPSTREAM_CUT', 'the connection ended in the middle of the answer');
    }
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#mode) {
      case 'head':
        return this.#head(chunk, at);
      case 'length':
      case 'chunk':
        return this.#counted(chunk, at);
      case 'until-close':
        this.#sink.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      case 'size':
        return this.#size(chunk, at);
      case 'chunk-end':
        return this.#chunkEnd(chunk, at);
      case 'trailer':
        return this.#trailer(chunk, at);
      default:
        throw stray(chunk.subarray(at));
    }
  }

  /** Whether `end` is in what came so far; the text before it is in `#text` then, and `#next` is behind it. */
  #upTo(end: string, chunk: Buffer, at: number, max: number): boolean {
    const before = this.#text.length;
    if (before === 0) {
      const found = chunk.indexOf(end, at, 'latin1');
      if (found >= 0 && found - at <= max) {
        this.#text = chunk.toString('latin1', at, found);
        this.#next = found + end.length;
        return true;
      }
    }
    // One byte more than allowed is enough to see that it is too much.
    this.#text += chunk.toString('latin1', at, Math.min(chunk.length, at + max + end.length + 1));
    const found = this.#text.indexOf(end, Math.max(0, before - end.length + 1));
    if (found > max || (found < 0 && this.#text.length > max + end.length))
      throw protocolError(`more than ${max} bytes of head`);
    this.#next = found < 0 ? chunk.length : at + found + end.length - before;
    if (found >= 0) this.#text = this.#text.slice(0, found);
    return found >= 0;
  }

  #takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #head(chunk: Buffer, at: number): number {
    // A late line break or end of chunks: what follows may as well belong to the earlier response.
    if (this.#served && this.#text === '' && chunk[at] !== VERSION.charCodeAt(0)) throw stray(chunk.subarray(at));
    if (!this.#upTo(HEAD_END, chunk, at, this.#maxHead)) {
      // Something else may never send an empty line.
      const start = this.#text.slice(0, VERSION.length);
      if (!VERSION.startsWith(start)) throw protocolError('no answer of HTTP/1.1');
      return this.#next;
    }
    const head = readHead(this.#takeText(), this.#noBody);
    const next = this.#next;
    const final = head.status >= 200;
    if (final) this.#open(head.framing);
    this.#sink.onHead(head);
    if (final && this.#mode === 'length' && this.#left === 0) this.#complete();
    return next;
  }

  #open(framing: Framing): void {
    this.#left = framing.kind === 'length' ? framing.length : 0;
    // No body at all is one of length 0.
    if (framing.kind === 'chunked') this.#mode = 'size';
    else this.#mode = framing.kind === 'until-close' ? 'until-close' : 'length';
  }

  #counted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.#sink.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#left === 0) {
      if (this.#mode === 'length') this.#complete();
      else if (this.#mode === 'chunk') this.#mode = 'chunk-end';
    }
    return end;
  }

  #size(chunk: Buffer, at: number): number {
    if (!this.#upTo('\r\n', chunk, at, MAX_SIZE_LINE)) return this.#next;
    const size = SIZE_LINE.exec(this.#takeText())?.[1];
    if (size === undefined) throw protocolError('a chunk without a size');
    this.#left = Number.parseInt(size, 16);
    this.#mode = this.#left === 0 ? 'trailer' : 'chunk';
    return this.#next;
  }

  #chunkEnd(chunk: Buffer, at: number): number {
    if (!this.#upTo('\r\n', chunk, at, 0)) return this.#next;
    this.#takeText();
    this.#mode = 'size';
    return this.#next;
  }

  /** Checked and dropped: nothing in it may go on as a header (RFC 9110 section 6.5.1). */
  #trailer(chunk: Buffer, at: number): number {
    // The trailer may be empty, and its last line ends where its first would begin.
    if (this.#text === '') this.#text = '\r\n';
    if (!this.#upTo(HEAD_END, chunk, at, this.#maxHead)) return this.#next;
    readFields(this.#takeText());
    this.#complete();
    return this.#next;
  }

  #complete(): void {
    if (this.#mode === 'stopped') return;
    this.#mode = 'idle';
    this.#served = true;
    this.#sink.onMessageEnd();
  }
}

/** Writes one response to the client. Its start is held back until the packet that it arrived in was parsed. */
import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import { placeContentLength } from './content-length.ts';

/** Bytes of a reason phrase that are safe to pass on (RFC 9112 section 4). */
const REASON = /^[\t\x20-\x7e]*$/;

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: string[];
}

/** A class and not closures, because its methods run for every packet. */
export class ResponseWriter {
  readonly #res: ServerResponse;
  /** A fault in the same packet discards the head and these parts, so that the client can still receive a 502. */
  #held: Head | undefined;
  #heldParts: Buffer[] = [];
  /** Whether the head was written. */
  started = false;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Whether a head is held back. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  begin(head: Head): void {
    this.#held = head;
  }

  discard(): void {
    this.#held = undefined;
  }

  /** Writes a copy of a part of the body, or holds it back with the head. Returns false when the client reads too slowly. */
  write(chunk: Buffer): boolean {
    const part = Buffer.from(chunk);
    if (this.started) return this.#res.write(part);
    this.#heldParts.push(part);
    return true;
  }

  /** Writes what was held back. Returns false when the client reads too slowly. */
  flush(): boolean {
    const parts = this.#heldParts;
    this.#heldParts = [];
    this.#writeHead();
    // Not `flushHeaders`, which encodes the head as UTF-8: field values are bytes (RFC 9110 section 5.5).
    if (parts.length === 0) return this.#res.write('', 'latin1');
    let writable = true;
    for (const part of parts) writable = this.#res.write(part);
    return writable;
  }

  /** Ends the response. Node leaves the trailers out where the response has no chunks that could carry them. */
  end(trailers?: OutgoingHttpHeaders): void {
    if (this.#heldParts.length > 0) this.flush();
    this.#writeHead();
    if (trailers !== undefined) this.#res.addTrailers(trailers);
    this.#res.end();
  }

  /** Ends a response that consists of this part, so that head and body leave in one packet. */
  endWith(body: Buffer): void {
    this.#writeHead();
    this.#res.end(body.toString('latin1'), 'latin1');
  }

  #writeHead(): void {
    if (this.#held === undefined) return;
    const { status, reason, headers } = this.#held;
    const raw = placeContentLength(status, headers);
    const ownReason = reason !== '' && reason !== STATUS_CODES[status] && REASON.test(reason);
    if (ownReason) this.#res.writeHead(status, reason, raw);
    else this.#res.writeHead(status, raw);
    this.#held = undefined;
    this.started = true;
  }
}

/**
 * Cuts a response that has begun and cannot be completed. Without a length or chunks, a regular close looks like the end of
 * the body, so HTTP/1.0 clients need a reset.
 */
export function cutClient(req: IncomingMessage, res: ServerResponse): void {
  if (req.httpVersion === '1.0') req.socket.resetAndDestroy();
  else res.destroy();
}

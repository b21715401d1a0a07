/** Relays one response from the upstream connection to the client. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import { upstreamError } from '../../upstream/failures.ts';
import type { RequestControl, ResponseHandler } from '../../upstream/http/request-port.ts';
import { headerValues, type ResponseHead } from '../../upstream/http/response-head.ts';
import { writeInformational } from './informational.ts';

/** Largest body that is sent as one string, so that Node writes head and body in one packet. */
const MAX_SINGLE_WRITE_BYTES = 64 * 1024;
/** Bytes of a reason phrase that are safe to pass on (RFC 9112 section 4). */
const REASON = /^[\t\x20-\x7e]*$/;

export interface RelayOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  rewriteHeaders(headers: readonly string[]): string[];
  /** Maximum time that a client may leave its response unread, in milliseconds; 0 is no limit. */
  readonly idle: number;
  readonly owner: RelayOwner;
}

/** Decides on retries, and is notified of the course of a relay. */
export interface RelayOwner {
  /** The response is a stream by type. */
  onStream(): void;
  /** Called for a failure before any byte of a response. True: the owner sends the request again. */
  shouldRetry(error: Error): boolean;
  /** Called for each response. True: it is not for the client, and the owner sends the request again. */
  shouldRepeat(head: ResponseHead): boolean;
  /** Called for each 401. A promise holds the response back; when it resolves to true, the request is repeated. */
  refreshToken(head: ResponseHead): Promise<boolean> | undefined;
  /** A response that is not for the client has ended, so the request can be sent again. */
  onRepeat(): void;
  /** The upstream connection is done with this request; successfully unless there is an error. */
  onDone(error: GatewayError | undefined): void;
}

/**
 * `waiting` for a response, `informed` after a 1xx, `held` until the token is refreshed, `discarding` a response before the
 * request is repeated, `streaming` the body, `sent` completely, `abandoned` by the owner.
 */
type State = 'waiting' | 'informed' | 'held' | 'discarding' | 'streaming' | 'sent' | 'abandoned';

/** RFC 9110 section 8.6: 204 has no Content-Length, and some clients would wait for that many bytes. */
function withoutContentLength(headers: string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.toLowerCase() !== 'content-length') kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
}

/** A class because its methods run for every packet, and one object per request is cheaper than seven closures. */
export class Relay implements ResponseHandler {
  readonly #options: RelayOptions;
  #control: RequestControl | undefined;
  #state: State = 'waiting';
  /** Declared length of the body; -1 when unknown. */
  #length = -1;
  #headFlushed = false;
  #unreadTimer: NodeJS.Timeout | undefined;
  /** The end of a response that is still held back, to be processed later. */
  #deferredEnd: (() => void) | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether the head of the response was sent to the client. */
  get started(): boolean {
    return this.#state === 'streaming' || this.#state === 'sent';
  }

  /** Aborts the upstream request: the client no longer needs the response. */
  abandon(): void {
    this.#state = 'abandoned';
    clearTimeout(this.#unreadTimer);
    this.#control?.abort(this);
  }

  onSend(control: RequestControl): void {
    this.#control = control;
    // Abandoned while it waited for a connection: a response that is never read would pause this connection forever.
    if (this.#state === 'abandoned') control.abort(this);
  }

  onInformational({ status, headers }: ResponseHead): void {
    if (this.#state !== 'waiting' && this.#state !== 'informed') return;
    this.#state = 'informed';
    writeInformational(this.#options.req, this.#options.res, status, headerValues(headers, 'link'));
  }

  onHead(head: ResponseHead): void {
    if (this.#state === 'abandoned') return;
    const { owner } = this.#options;
    if (owner.shouldRepeat(head)) {
      this.#state = 'discarding';
      return;
    }
    const refresh = head.status === 401 ? owner.refreshToken(head) : undefined;
    if (refresh) this.#hold(refresh, head);
    else this.#begin(head);
  }

  /** Holds the response back; its body, if any, waits in the connection. */
  #hold(refresh: Promise<boolean>, head: ResponseHead): void {
    this.#state = 'held';
    this.#control?.pause(this);
    const release = (repeat: boolean) => {
      if (this.#state !== 'held') return;
      if (repeat) this.#state = 'discarding';
      else this.#begin(head);
      this.#control?.resume(this);
      this.#deferredEnd?.();
    };
    refresh.then(release).catch(() => this.#control?.abort(this));
  }

  #begin({ status, reason, headers, framing }: ResponseHead): void {
    const { res, owner } = this.#options;
    const passed = this.#options.rewriteHeaders(headers);
    const rewritten = status === 204 ? withoutContentLength(passed) : passed;
    if (framing.kind === 'length') this.#length = framing.length;
    if (headerValues(headers, 'content-type')[0]?.startsWith('text/event-stream')) owner.onStream();
    if (reason !== '' && reason !== STATUS_CODES[status] && REASON.test(reason))
      res.writeHead(status, reason, rewritten);
    else res.writeHead(status, rewritten);
    this.#state = 'streaming';
    // RFC 9112 section 6.3: no body, whatever the head declares.
    if (framing.kind === 'none') this.#finish();
    else queueMicrotask(() => this.#flushHead());
  }

  /** Sends the head alone when no part of the body arrived in the same packet. */
  #flushHead(): void {
    if (this.#headFlushed || this.#state !== 'streaming') return;
    this.#headFlushed = true;
    this.#options.res.flushHeaders();
  }

  onData(chunk: Buffer): void {
    if (this.#state !== 'streaming') return;
    const { res } = this.#options;
    const first = !this.#headFlushed;
    this.#headFlushed = true;
    if (first && chunk.length === this.#length && chunk.length <= MAX_SINGLE_WRITE_BYTES) {
      this.#state = 'sent';
      res.end(chunk.toString('latin1'), 'latin1');
    } else if (!res.write(Buffer.from(chunk))) this.#pause();
  }

  #pause(): void {
    const { res, idle } = this.#options;
    this.#control?.pause(this);
    // The time-out of the upstream stops while it is paused, so a client that never reads needs one of its own.
    if (idle > 0) this.#unreadTimer = setTimeout(() => res.destroy(), idle).unref();
    res.once('drain', () => {
      clearTimeout(this.#unreadTimer);
      this.#control?.resume(this);
    });
  }

  #finish(): void {
    if (this.#state !== 'streaming') return;
    this.#state = 'sent';
    this.#options.res.end();
  }

  onEnd(): void {
    if (this.#state === 'held') {
      this.#deferredEnd = () => this.onEnd();
      return;
    }
    if (this.#state === 'discarding') {
      this.#state = 'waiting';
      this.#options.owner.onRepeat();
      return;
    }
    this.#finish();
    clearTimeout(this.#unreadTimer);
    this.#options.owner.onDone(undefined);
  }

  onError(error: Error): void {
    clearTimeout(this.#unreadTimer);
    if (this.#state === 'held') {
      this.#deferredEnd = () => this.onError(error);
      return;
    }
    if (this.#state === 'waiting' && this.#options.owner.shouldRetry(error)) return;
    const over = this.#state === 'abandoned' || this.#state === 'sent';
    this.#options.owner.onDone(over ? undefined : upstreamError(error));
  }
}

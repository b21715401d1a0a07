/** Relays one response from the upstream connection to the client. */
import { isEventStream } from '../../base/media-type.ts';
import { upstreamError } from '../../upstream/failures.ts';
import type { RequestControl, ResponseHandler } from '../../upstream/http/request-port.ts';
import { headerValues, type ResponseHead } from '../../upstream/http/response-head.ts';
import { writeInformational } from './informational.ts';
import type { RelayOptions } from './relay-port.ts';
import { ResponseWriter } from './response-writer.ts';
import { selectTrailers, takesTrailers } from './trailers.ts';

/** Largest body that is sent as one string, so that Node writes head and body in one packet. */
const MAX_SINGLE_WRITE_BYTES = 64 * 1024;

/**
 * `waiting` for a response, `informed` after a 1xx, `held` until the token is refreshed, `discarding` a response before the
 * request is repeated, `draining` one that was replaced, `streaming` the body, `sent` completely, `abandoned` by the owner.
 */
type State = 'waiting' | 'informed' | 'held' | 'discarding' | 'draining' | 'streaming' | 'sent' | 'abandoned';

/** A class because its methods run for every packet, and one object per request is cheaper than seven closures. */
export class Relay implements ResponseHandler {
  readonly #options: RelayOptions;
  #control: RequestControl | undefined;
  #state: State = 'waiting';
  /** Declared length of the body, -1 when unknown; of a replaced response what has arrived. */
  #length = -1;
  readonly #writer: ResponseWriter;
  #unreadTimer: NodeJS.Timeout | undefined;
  /** The end of a response that is still held back, to be processed later. */
  #deferredEnd: (() => void) | undefined;
  /** The headers of a response whose trailers the client takes. */
  #trailedHead: readonly string[] | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#writer = new ResponseWriter(options.res);
  }

  /** Whether the head of the response was sent to the client. */
  get started(): boolean {
    return this.#writer.started;
  }

  /** Aborts the upstream request: the client no longer needs the response. */
  abandon(): void {
    this.#state = 'abandoned';
    clearTimeout(this.#unreadTimer);
    this.#control?.abort(this);
  }

  /** Ends a stream before its upstream does. To the client it is complete, so an `EventSource` connects again. */
  endEarly(): void {
    if (this.#length >= 0) this.#options.res.destroy();
    this.#finish();
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
    if (head.status >= 500 && owner.replaces(head)) {
      this.#drain(0);
      return;
    }
    const refresh = head.status === 401 ? owner.refreshToken(head) : undefined;
    if (refresh) this.#hold(refresh, head);
    else this.#begin(head);
  }

  /** Drops the body of a response that was replaced. A short one is read to its end, so that the connection stays usable. */
  #drain(length: number): void {
    this.#length = this.#state === 'draining' ? this.#length + length : length;
    if (this.#length > MAX_SINGLE_WRITE_BYTES || !this.#options.req.complete) this.abandon();
    else this.#state = 'draining';
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
    const { owner, rewriteHeaders } = this.#options;
    if (framing.kind === 'length') this.#length = framing.length;
    else if (framing.kind === 'chunked' && takesTrailers(this.#options.req)) this.#trailedHead = headers;
    if (isEventStream(headerValues(headers, 'content-type')[0]) && !owner.onStream()) return;
    this.#writer.begin({ status, reason, headers: rewriteHeaders(headers) });
    this.#state = 'streaming';
    // RFC 9112 section 6.3: no body, whatever the head declares.
    if (framing.kind === 'none') this.#finish();
    else queueMicrotask(() => this.#sendFirst());
  }

  /** Sends what arrived in the first packet. */
  #sendFirst(): void {
    if (!this.#writer.holds || this.#state !== 'streaming') return;
    try {
      if (!this.#writer.flush()) this.#pause();
    } catch {
      this.#control?.abort(this);
    }
  }

  onData(chunk: Buffer): void {
    if (this.#state !== 'streaming') {
      if (this.#state === 'draining') this.#drain(chunk.length);
      return;
    }
    if (this.#writer.holds && chunk.length === this.#length && chunk.length <= MAX_SINGLE_WRITE_BYTES) {
      this.#writer.endWith(chunk);
      this.#state = 'sent';
    } else if (!this.#writer.write(chunk)) this.#pause();
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

  #finish(trailers?: readonly string[]): void {
    if (this.#state !== 'streaming') return;
    const head = trailers?.length ? this.#trailedHead : undefined;
    if (trailers && head) this.#writer.end(selectTrailers(trailers, head, this.#options.rewriteHeaders));
    else this.#writer.end();
    this.#state = 'sent';
  }

  onEnd(trailers: readonly string[]): void {
    if (this.#state === 'held') {
      this.#deferredEnd = () => this.onEnd(trailers);
      return;
    }
    if (this.#state === 'discarding') {
      this.#state = 'waiting';
      this.#options.owner.onRepeat();
      return;
    }
    this.#finish(trailers);
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
    // What was written before the fault is delivered first.
    if (this.started) setImmediate(() => this.#fail(error));
    else this.#fail(error);
  }

  #fail(error: Error): void {
    this.#writer.discard();
    const over = this.#state === 'abandoned' || this.#state === 'draining' || this.#state === 'sent';
    this.#options.owner.onDone(over ? undefined : upstreamError(error));
  }
}

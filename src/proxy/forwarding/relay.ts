/** One answer on its way from the upstream connection to the client. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import { upstreamError } from '../../upstream/failures.ts';
import type { RequestControl, ResponseHandler } from '../../upstream/http/request-port.ts';
import { headerValues, type ResponseHead } from '../../upstream/http/response-head.ts';
import { informational } from './informational.ts';

/** Largest body that is sent as one string: Node then writes head and body at once. */
const ONE_WRITE = 64 * 1024;
/** Bytes of a reason phrase that are safe to pass on (RFC 9112 section 4). */
const REASON = /^[\t\x20-\x7e]*$/;

export interface RelayOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  rewriteHeaders(headers: readonly string[]): string[];
  /** Longest time a client may leave its answer unread, in milliseconds; 0 is no limit. */
  readonly idle: number;
  readonly owner: RelayOwner;
}

/** Who is told about the course of a relay. */
export interface RelayOwner {
  /** The answer is a stream by nature. */
  onStream(): void;
  /** Asked at each failure before any byte of an answer; true: it will be dispatched again. */
  retry(error: Error): boolean;
  /** Told of each answer; true: it is not for the client, the call will be dispatched again. */
  repeat(head: ResponseHead): boolean;
  /** Asked at each 401; a promise: the answer is held back until it resolves, and dropped when it says so, as for `repeat`. */
  renew(head: ResponseHead): Promise<boolean> | undefined;
  /** Such an answer is over. */
  onRepeat(): void;
  /** The upstream connection is done with this call, in good order unless there is an error. */
  onDone(error: GatewayError | undefined): void;
}

type State = 'waiting' | 'answered' | 'held' | 'refused' | 'streaming' | 'sent' | 'gone';

/** RFC 9110 section 8.6: 204 has no Content-Length, and some clients would wait for that many bytes. */
function withoutLength(headers: string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.toLowerCase() !== 'content-length') kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
}

/** A class, since its methods are called for every packet, and one object a call is cheaper than seven closures. */
export class Relay implements ResponseHandler {
  readonly #options: RelayOptions;
  #control: RequestControl | undefined;
  #state: State = 'waiting';
  /** Declared length of the body; -1 when unknown. */
  #length = -1;
  #flushed = false;
  #unread: NodeJS.Timeout | undefined;
  /** How an answer ended that was still held back. */
  #end: (() => void) | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether the head of the answer went to the client. */
  get started(): boolean {
    return this.#state === 'streaming' || this.#state === 'sent';
  }

  /** Ends the call from this side: nobody waits for the answer any more. */
  abandon(): void {
    this.#state = 'gone';
    clearTimeout(this.#unread);
    this.#control?.abort(this);
  }

  onSend(control: RequestControl): void {
    this.#control = control;
    // Left while it waited for a connection: an answer that nobody reads would pause this connection for good.
    if (this.#state === 'gone') control.abort(this);
  }

  onInformational({ status, headers }: ResponseHead): void {
    if (this.#state !== 'waiting' && this.#state !== 'answered') return;
    this.#state = 'answered';
    informational(this.#options.req, this.#options.res, status, headerValues(headers, 'link'));
  }

  onHead(head: ResponseHead): void {
    if (this.#state === 'gone') return;
    const { owner } = this.#options;
    if (owner.repeat(head)) {
      this.#state = 'refused';
      return;
    }
    const renewal = head.status === 401 ? owner.renew(head) : undefined;
    if (renewal) this.#hold(renewal, head);
    else this.#begin(head);
  }

  /** Its body, if there is one, waits in the connection meanwhile. */
  #hold(renewal: Promise<boolean>, head: ResponseHead): void {
    this.#state = 'held';
    this.#control?.pause(this);
    const decide = (again: boolean) => {
      if (this.#state !== 'held') return;
      if (again) this.#state = 'refused';
      else this.#begin(head);
      this.#control?.resume(this);
      this.#end?.();
    };
    renewal.then(decide).catch(() => this.#control?.abort(this));
  }

  #begin({ status, reason, headers, framing }: ResponseHead): void {
    const { res, owner } = this.#options;
    const passed = this.#options.rewriteHeaders(headers);
    const rewritten = status === 204 ? withoutLength(passed) : passed;
    if (framing.kind === 'length') this.#length = framing.length;
    if (headerValues(headers, 'content-type')[0]?.startsWith('text/event-stream')) owner.onStream();
    if (reason !== '' && reason !== STATUS_CODES[status] && REASON.test(reason))
      res.writeHead(status, reason, rewritten);
    else res.writeHead(status, rewritten);
    this.#state = 'streaming';
    // RFC 9112 section 6.3: no body, whatever the head says.
    if (framing.kind === 'none') this.#finish();
    else queueMicrotask(() => this.#flush());
  }

  /** Sends the head by itself when no part of the body came in the same packet. */
  #flush(): void {
    if (this.#flushed || this.#state !== 'streaming') return;
    this.#flushed = true;
    this.#options.res.flushHeaders();
  }

  onData(chunk: Buffer): void {
    if (this.#state !== 'streaming') return;
    const { res } = this.#options;
    const first = !this.#flushed;
    this.#flushed = true;
    if (first && chunk.length === this.#length && chunk.length <= ONE_WRITE) {
      this.#state = 'sent';
      res.end(chunk.toString('latin1'), 'latin1');
    } else if (!res.write(Buffer.from(chunk))) this.#pause();
  }

  #pause(): void {
    const { res, idle } = this.#options;
    this.#control?.pause(this);
    // The upstream's time-out rests while it is paused, so a client that never reads needs one of its own.
    if (idle > 0) this.#unread = setTimeout(() => res.destroy(), idle).unref();
    res.once('drain', () => {
      clearTimeout(this.#unread);
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
      this.#end = () => this.onEnd();
      return;
    }
    if (this.#state === 'refused') {
      this.#state = 'waiting';
      this.#options.owner.onRepeat();
      return;
    }
    this.#finish();
    clearTimeout(this.#unread);
    this.#options.owner.onDone(undefined);
  }

  onError(error: Error): void {
    clearTimeout(this.#unread);
    if (this.#state === 'held') {
      this.#end = () => this.onError(error);
      return;
    }
    if (this.#state === 'waiting' && this.#options.owner.retry(error)) return;
    const over = this.#state === 'gone' || this.#state === 'sent';
    this.#options.owner.onDone(over ? undefined : upstreamError(error));
  }
}

/** One answer on its way from the upstream connection to the client. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Dispatcher } from 'undici';
import type { GatewayError } from '../errors.ts';
import { upstreamError } from './failures.ts';
import type { AnswerHeaders } from './forward-options.ts';
import { informational } from './informational.ts';

/** Largest body that is sent as one string: Node then writes head and body at once. */
const ONE_WRITE = 16 * 1024;
/** Bytes of a reason phrase that are safe to pass on (RFC 9112 section 4). */
const REASON = /^[\t\x20-\x7e]*$/;

export interface RelayOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  rewriteHeaders(rawHeaders: Buffer[], status: number): string[];
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
  repeat(status: number, headers: AnswerHeaders): boolean;
  /** Asked at each 401; a promise: the answer is held back until it resolves, and dropped when it says so, as for `repeat`. */
  renew(headers: AnswerHeaders): Promise<boolean> | undefined;
  /** Such an answer is over. */
  onRefused(): void;
  /** The upstream connection is done with this call, in good order unless there is an error. */
  onDone(error: GatewayError | undefined): void;
}

type Controller = Dispatcher.DispatchController;
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

/**
 * Handler of undici's dispatch: a class, since undici calls methods on it, and one object a call is cheaper than seven
 * closures.
 */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #options: RelayOptions;
  #controller: Controller | undefined;
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
    this.#controller?.abort(new Error('abandoned'));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    // Left while it waited for a connection: an answer that nobody reads would pause this connection for good.
    if (this.#state === 'gone') controller.abort(new Error('abandoned'));
  }

  onResponseStarted(): void {
    if (this.#state === 'waiting') this.#state = 'answered';
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, reason?: string): void {
    const { req, res, owner } = this.#options;
    if (status < 200) {
      informational(req, res, status, headers.link);
      return;
    }
    if (owner.repeat(status, headers)) {
      this.#state = 'refused';
      return;
    }
    const renewal = status === 401 ? owner.renew(headers) : undefined;
    if (renewal) this.#hold(controller, renewal, () => this.#begin(controller, status, headers, reason));
    else this.#begin(controller, status, headers, reason);
  }

  /** Its body, if there is one, waits in the connection meanwhile. */
  #hold(controller: Controller, renewal: Promise<boolean>, begin: () => void): void {
    this.#state = 'held';
    controller.pause();
    const decide = (again: boolean) => {
      if (this.#state !== 'held') return;
      if (again) this.#state = 'refused';
      else begin();
      controller.resume();
      this.#end?.();
    };
    renewal.then(decide).catch((error: Error) => controller.abort(error));
  }

  #begin(controller: Controller, status: number, headers: AnswerHeaders, reason?: string): void {
    const { req, res } = this.#options;
    const passed = this.#options.rewriteHeaders(controller.rawHeaders as Buffer[], status);
    const rewritten = status === 204 ? withoutLength(passed) : passed;
    if (headers['content-length'] !== undefined) this.#length = Number(headers['content-length']);
    if (String(headers['content-type']).startsWith('text/event-stream')) this.#options.owner.onStream();
    if (reason && reason !== STATUS_CODES[status] && REASON.test(reason)) res.writeHead(status, reason, rewritten);
    else res.writeHead(status, rewritten);
    this.#state = 'streaming';
    // RFC 9112 section 6.3: no body, whatever the head says.
    if (req.method === 'HEAD' || status === 204 || status === 304) this.#finish();
    else queueMicrotask(() => this.#flush());
  }

  /** Sends the head by itself when no part of the body came in the same packet. */
  #flush(): void {
    if (this.#flushed || this.#state !== 'streaming') return;
    this.#flushed = true;
    this.#options.res.flushHeaders();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#state !== 'streaming') return;
    const { res } = this.#options;
    const first = !this.#flushed;
    this.#flushed = true;
    if (first && chunk.length === this.#length && chunk.length <= ONE_WRITE) {
      this.#state = 'sent';
      res.end(chunk.toString('latin1'), 'latin1');
    } else if (!res.write(chunk)) this.#pause(controller);
  }

  #pause(controller: Controller): void {
    const { res, idle } = this.#options;
    controller.pause();
    // The upstream's time-out rests while it is paused, so a client that never reads needs one of its own.
    if (idle > 0) this.#unread = setTimeout(() => res.destroy(), idle).unref();
    res.once('drain', () => {
      clearTimeout(this.#unread);
      controller.resume();
    });
  }

  #finish(): void {
    if (this.#state !== 'streaming') return;
    this.#state = 'sent';
    this.#options.res.end();
  }

  onResponseEnd(): void {
    if (this.#state === 'held') {
      this.#end = () => this.onResponseEnd();
      return;
    }
    if (this.#state === 'refused') {
      this.#state = 'waiting';
      this.#options.owner.onRefused();
      return;
    }
    this.#finish();
    clearTimeout(this.#unread);
    this.#options.owner.onDone(undefined);
  }

  onResponseError(controller: Controller, error: Error): void {
    clearTimeout(this.#unread);
    if (this.#state === 'held') {
      this.#end = () => this.onResponseError(controller, error);
      return;
    }
    if (this.#state === 'waiting' && this.#options.owner.retry(error)) return;
    const over = this.#state === 'gone' || this.#state === 'sent';
    this.#options.owner.onDone(over ? undefined : upstreamError(error));
  }
}

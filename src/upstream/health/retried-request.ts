/** One request and its tries: passes the events of the current try on, and starts the next one when a try fails. */
import { abandoned } from '../http/fault.ts';
import type { RequestControl, ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import type { ResponseHead } from '../http/response-head.ts';
import type { RetryPolicy } from './retry-settings.ts';

/** Delay before the second retry; it doubles with each further one. */
const BACKOFF_MS = 25;

/** Handler of one try. Events of a try that is not the current one any more are dropped. */
class Try implements ResponseHandler {
  readonly #owner: RetriedRequest;
  control: RequestControl | undefined;

  constructor(owner: RetriedRequest) {
    this.#owner = owner;
  }

  onSend(control: RequestControl): void {
    this.control = control;
    if (this.#owner.isCurrent(this)) this.#owner.handler.onSend(this.#owner);
    else control.abort(this);
  }

  onInformational(head: ResponseHead): void {
    if (this.#owner.isCurrent(this)) this.#owner.onInformational(head);
  }

  onHead(head: ResponseHead): void {
    if (this.#owner.isCurrent(this)) this.#owner.onHead(head);
  }

  onData(chunk: Buffer): void {
    if (this.#owner.isCurrent(this)) this.#owner.handler.onData(chunk);
  }

  onEnd(trailers: readonly string[]): void {
    if (this.#owner.isCurrent(this)) this.#owner.handler.onEnd(trailers);
  }

  onError(error: Error): void {
    if (this.#owner.isCurrent(this)) this.#owner.onError(error);
  }
}

export class RetriedRequest implements RequestControl {
  readonly handler: ResponseHandler;
  readonly startedAt: number;
  retries = 0;
  readonly #policy: RetryPolicy;
  #request: UpstreamRequest;
  /** Undefined between two tries. */
  #current: Try | undefined;
  /** A part of a response was passed on, so that no other one can follow. */
  #answered = false;
  #aborted = false;
  #over = false;

  constructor(policy: RetryPolicy, request: UpstreamRequest, handler: ResponseHandler, startedAt: number) {
    this.#policy = policy;
    this.#request = request;
    this.handler = handler;
    this.startedAt = startedAt;
  }

  send(): void {
    const current = new Try(this);
    this.#current = current;
    this.#policy.sendTry(this.#request, current, this);
  }

  isCurrent(one: Try): boolean {
    return one === this.#current;
  }

  onInformational(head: ResponseHead): void {
    this.#answered = true;
    this.handler.onInformational(head);
  }

  onHead(head: ResponseHead): void {
    if (!this.#answered && this.#policy.retriesHead(head, this.#request, this)) {
      const dropped = this.#current;
      this.#scheduleNext();
      if (dropped) dropped.control?.abort(dropped);
      return;
    }
    this.#answered = true;
    this.handler.onHead(head);
  }

  onError(error: Error): void {
    const sent = this.#current?.control !== undefined;
    const mayRepeat = !this.#answered && !this.#aborted;
    if (mayRepeat && this.#policy.retriesError(error, sent, this.#request, this)) this.#scheduleNext();
    else this.#fail(error);
  }

  pause(handler: ResponseHandler): void {
    if (handler === this.handler && this.#current) this.#current.control?.pause(this.#current);
  }

  resume(handler: ResponseHandler): void {
    if (handler === this.handler && this.#current) this.#current.control?.resume(this.#current);
  }

  abort(handler: ResponseHandler): void {
    if (handler !== this.handler) return;
    this.#aborted = true;
    const current = this.#current;
    // Without a connection there is nothing to close; a try that still gets one is dropped then.
    if (current?.control) current.control.abort(current);
    else this.#fail(abandoned('client'));
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#current = undefined;
    this.handler.onError(error);
  }

  /** The first retry is sent after one turn of the event loop, when every connection that closed at the same time is known. */
  #scheduleNext(): void {
    this.#current = undefined;
    this.retries += 1;
    const next = () => {
      if (this.#aborted) return;
      const { nextHeaders } = this.#request;
      if (nextHeaders) this.#request = { ...this.#request, headers: nextHeaders() };
      this.send();
    };
    if (this.retries === 1) setImmediate(next);
    else setTimeout(next, BACKOFF_MS * 2 ** (this.retries - 2));
  }
}

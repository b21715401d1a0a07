/** Requests that a balancer has assigned to an endpoint, whose outcome the endpoint is notified of. */
import type { Outcome } from '../health/outcome.ts';
import { errorCode } from '../http/fault.ts';
import type { RequestControl, ResponseHandler } from '../http/request-port.ts';
import type { ResponseHead } from '../http/response-head.ts';
import type { Endpoint } from './endpoint.ts';

/** Something that an endpoint works on, from now until `end`. */
export class Assignment {
  readonly endpoint: Endpoint;
  readonly #clock: () => number;
  readonly #era: number;
  #reported = false;

  constructor(endpoint: Endpoint, clock: () => number) {
    this.endpoint = endpoint;
    this.#clock = clock;
    this.#era = endpoint.begin(clock());
  }

  /** Reports the first outcome. A failure after the head of a response is none: the client may be slow, or a stream idle. */
  report(outcome: Outcome): void {
    if (this.#reported) return;
    this.#reported = true;
    this.endpoint.health.onResult(outcome, this.#era, this.#clock());
  }

  /** Without an outcome it was given up: a trial that it was must not wait for one. */
  end(): void {
    this.report({ kind: 'aborted' });
    this.endpoint.end();
  }
}

/** A request: handler for the connection and control for its own handler at once, so that it costs one object more. */
export class ObservedRequest extends Assignment implements ResponseHandler, RequestControl {
  readonly #handler: ResponseHandler;
  #control: RequestControl | undefined;

  constructor(endpoint: Endpoint, clock: () => number, handler: ResponseHandler) {
    super(endpoint, clock);
    this.#handler = handler;
  }

  onSend(control: RequestControl): void {
    this.#control = control;
    this.#handler.onSend(this);
  }

  onInformational(head: ResponseHead): void {
    this.#handler.onInformational(head);
  }

  onHead(head: ResponseHead): void {
    this.report({ kind: 'response', status: head.status });
    this.#handler.onHead(head);
  }

  onData(chunk: Buffer): void {
    this.#handler.onData(chunk);
  }

  onEnd(trailers: readonly string[]): void {
    this.end();
    this.#handler.onEnd(trailers);
  }

  onError(error: Error): void {
    const code = errorCode(error);
    const sent = this.#control !== undefined;
    if (!sent) this.endpoint.onUnreachable();
    this.report(code === 'UPSTREAM_ABANDONED' ? { kind: 'aborted' } : { kind: 'failed', code, sent });
    this.end();
    this.#handler.onError(error);
  }

  pause(handler: ResponseHandler): void {
    if (handler === this.#handler) this.#control?.pause(this);
  }

  resume(handler: ResponseHandler): void {
    if (handler === this.#handler) this.#control?.resume(this);
  }

  abort(handler: ResponseHandler): void {
    if (handler === this.#handler) this.#control?.abort(this);
  }
}

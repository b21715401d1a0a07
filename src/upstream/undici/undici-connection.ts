/** A connection to an upstream on which undici writes requests and parses responses (`upstreamClient: undici`). */
import type { Socket } from 'node:net';
import type { PassThrough, Readable } from 'node:stream';
import type { Client, Dispatcher } from 'undici';
import { Deadline } from '../http/deadline.ts';
import { abandoned, asCutFault, asError, closedEarly, isStray, timedOut } from '../http/fault.ts';
import { InformationalBudget } from '../http/informational-budget.ts';
import { hasUnusualBody } from '../http/request-head.ts';
import type {
  ConnectionLimits,
  ConnectionOwner,
  RequestControl,
  ResponseHandler,
  UpstreamConnection,
  UpstreamRequest,
} from '../http/request-port.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { carryBody } from './carry-body.ts';
import { faultOf, fieldsOf, headOf, openClient } from './undici-client.ts';

/** Behaves as `Connection` does, and leaves the bytes to undici. */
export class UndiciConnection implements UpstreamConnection, RequestControl {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #owner: ConnectionOwner;
  #client: Client | undefined;
  #handler: ResponseHandler | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Carries the request body, so that undici does not destroy the client's request with it. */
  #body: PassThrough | undefined;
  #keepAliveMs: number | undefined = 0;
  #headReceived = false;
  /** Whether a byte of the response has arrived. */
  #begun = false;
  #isUsed = false;
  #open = true;
  #paused = false;
  #cause: Error | undefined;
  readonly #informational: InformationalBudget;
  readonly #deadline = new Deadline();

  constructor(socket: Socket, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#limits = limits;
    this.#informational = new InformationalBudget(limits.maxHeadBytes);
    this.#owner = owner;
    socket.on('error', (error: Error) => {
      this.#cause = this.#classify(error);
    });
    // After undici, which may complete a response that ends with its connection.
    socket.on('close', () =>
      setImmediate(() => {
        this.#fail(this.#cause ?? closedEarly());
        owner.onClosed(this);
      }),
    );
  }

  get usable(): boolean {
    return this.#open && this.#handler === undefined && !this.#socket.destroyed && this.#socket.readableLength === 0;
  }

  send(request: UpstreamRequest, handler: ResponseHandler): void {
    this.#handler = handler;
    this.#keepAliveMs = 0;
    handler.onSend(this);
    if (!this.#handler) return;
    this.#informational.reset();
    this.#deadline.start(request.headTimeout ?? this.#limits.headTimeout);
    if (request.body) this.#body = this.#carry(request.body, request.headTimeout);
    if (this.#client) this.#dispatch(this.#client, request, handler);
    else
      openClient(this.#socket, this.#limits.maxHeadBytes)
        .then((client) => this.#dispatch(client, request, handler))
        .catch((error) => this.#fail(asError(error)));
  }

  /** The upstream owes no response while the body is incomplete, but has to accept what is there. */
  #carry(body: Readable, headTimeout = this.#limits.headTimeout): PassThrough {
    this.#deadline.stop();
    return carryBody(body, {
      onWait: () => this.#headReceived || this.#deadline.start(headTimeout),
      onProgress: () => this.#headReceived || this.#deadline.start(0),
      onError: (error) => this.#fail(error),
    });
  }

  #dispatch(client: Client, { method, path, headers }: UpstreamRequest, handler: ResponseHandler): void {
    this.#client = client;
    if (this.#handler !== handler) return;
    const isCurrent = () => this.#handler === handler;
    const body = this.#body ?? null;
    const reset = method === 'HEAD' || hasUnusualBody(method, body !== null);
    const options = { method: method as Dispatcher.HttpMethod, path, headers: [...headers], body, reset };
    client.dispatch(options, {
      onRequestStart: (controller) => {
        if (isCurrent()) this.#controller = controller;
        else controller.abort(closedEarly());
      },
      onResponseStarted: () => {
        this.#begun = true;
      },
      onResponseStart: (controller, status, _headers, reason) => {
        if (isCurrent()) this.#onHead(headOf(controller, status, reason ?? '', method === 'HEAD'));
      },
      onResponseData: (_controller, chunk) => {
        if (isCurrent()) this.#onData(handler, chunk);
      },
      onResponseEnd: ({ rawTrailers }) => {
        // undici takes a reset for the end of a response that ends with its connection.
        if (isCurrent() && !this.#cause) this.#onEnd(handler, fieldsOf(rawTrailers));
      },
      onResponseError: (_controller, error) => {
        if (isCurrent()) this.#fail(this.#classify(error));
      },
    });
  }

  checkDeadline(now: number): void {
    if (this.#handler !== undefined && this.#deadline.passed(now)) this.#fail(timedOut(this.#headReceived));
  }

  close(): void {
    this.#fail(abandoned('gateway'));
  }

  pause(handler: ResponseHandler): void {
    if (handler !== this.#handler) return;
    this.#paused = true;
    this.#deadline.stop();
    this.#controller?.pause();
  }

  resume(handler: ResponseHandler): void {
    if (handler !== this.#handler || !this.#paused) return;
    this.#deadline.start(this.#limits.bodyTimeout);
    this.#paused = false;
    this.#controller?.resume();
  }

  abort(handler: ResponseHandler): void {
    if (handler === this.#handler) this.#fail(abandoned('client'));
  }

  #onHead(head: ResponseHead): void {
    if (head.status < 200) {
      this.#informational.add(head.headers.join('').length);
      this.#handler?.onInformational(head);
      return;
    }
    this.#headReceived = true;
    this.#keepAliveMs = head.keepAliveMs;
    if (!this.#paused) this.#deadline.start(this.#limits.bodyTimeout);
    this.#handler?.onHead(head);
  }

  #onData(handler: ResponseHandler, chunk: Buffer): void {
    if (!this.#paused) this.#deadline.start(this.#limits.bodyTimeout);
    handler.onData(chunk);
  }

  #onEnd(handler: ResponseHandler, trailers: readonly string[]): void {
    const reusable = this.#keepAliveMs !== 0 && (this.#body?.readableEnded ?? true);
    this.#isUsed = true;
    this.#detachHandler();
    if (!reusable) this.close();
    // undici first closes the connection if the rest of the bytes requires it. The end lets a queued request use the connection.
    queueMicrotask(() => {
      if (reusable && !this.#socket.destroyed) this.#owner.onFree(this, this.#keepAliveMs);
      handler.onEnd(trailers);
    });
  }

  #classify(error: Error): Error {
    const fault = faultOf(error, { isUsed: this.#isUsed, begun: this.#begun, headReceived: this.#headReceived });
    if (isStray(fault)) this.#owner.onStray();
    return fault;
  }

  #detachHandler(): void {
    this.#handler = undefined;
    this.#controller = undefined;
    this.#headReceived = false;
    this.#begun = false;
    this.#body?.destroy();
    this.#body = undefined;
    this.#paused = false;
    this.#deadline.stop();
  }

  /** Closes the connection and fails its request, if there is one. */
  #fail(cause: Error): void {
    this.#open = false;
    const handler = this.#handler;
    const started = this.#headReceived || (this.#begun && !isStray(cause));
    this.#detachHandler();
    this.#socket.destroy();
    handler?.onError(started ? asCutFault(cause) : cause);
  }
}

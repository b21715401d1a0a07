/** One connection to an upstream; carries one request and its response at a time. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Deadline } from './deadline.ts';
import { abandoned, asCutFault, asError, closedEarly, isStray, timedOut } from './fault.ts';
import { type BodySender, sendBody } from './request-body.ts';
import { serializeHead } from './request-head.ts';
import type {
  ConnectionLimits,
  ConnectionOwner,
  ParserSink,
  RequestControl,
  ResponseHandler,
  UpstreamConnection,
  UpstreamRequest,
} from './request-port.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';

/** A class and not closures, because its methods run for every packet. */
export class Connection implements UpstreamConnection, ParserSink, RequestControl {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #handler: ResponseHandler | undefined;
  #body: BodySender | undefined;
  #keepAliveMs: number | undefined = 0;
  #reusable = true;
  #headReceived = false;
  #open = true;
  readonly #deadline = new Deadline();
  #paused = false;
  /** Bytes that were received before a pause and not parsed yet. */
  #unparsed: Buffer | undefined;

  constructor(socket: Socket, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
    this.#parser = new ResponseParser(this, limits.maxHeadBytes);
    socket.on('end', () => this.#onSocketEnd());
    socket.on('error', (error: Error) => this.#fail(error));
    socket.on('close', () => {
      this.#fail(closedEarly());
      owner.onClosed(this);
    });
  }

  get usable(): boolean {
    return this.#open && this.#handler === undefined;
  }

  /** Parses bytes that arrived on the socket. */
  feed(chunk: Buffer): void {
    try {
      const consumed = this.#parser.feed(chunk);
      // Copied, because the buffer of the chunk is reused.
      if (consumed < chunk.length) this.#unparsed = Buffer.from(chunk.subarray(consumed));
    } catch (error) {
      this.#parser.stop();
      const failure = asError(error);
      if (isStray(failure)) this.#owner.onStray();
      this.#fail(failure);
    }
  }

  send(request: UpstreamRequest, handler: ResponseHandler): void {
    this.#handler = handler;
    this.#headReceived = false;
    this.#keepAliveMs = 0;
    handler.onSend(this);
    if (!this.#handler) return;
    this.#parser.expectResponse({ isHead: request.method === 'HEAD', skipLeftover: !request.repeatable });
    const headTimeout = request.headTimeout ?? this.#limits.headTimeout;
    this.#deadline.start(request.body ? 0 : headTimeout);
    try {
      const { text, chunked, reusable } = serializeHead(request);
      this.#reusable = reusable;
      this.#socket.write(text, 'latin1');
      if (request.body) this.#body = this.#upload(request.body, chunked, headTimeout);
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #upload(body: Readable, chunked: boolean, headTimeout: number): BodySender {
    // While more of the body must come, the upstream owes nothing; the client's silence has a limit of its own.
    const onTurn = (ofUpstream: boolean) => this.#headReceived || this.#deadline.start(ofUpstream ? headTimeout : 0);
    return sendBody({ socket: this.#socket, body, chunked, onTurn, onError: (error) => this.#fail(error) });
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
    this.#parser.setPaused(true);
    this.#deadline.stop();
    this.#socket.pause();
  }

  resume(handler: ResponseHandler): void {
    if (handler !== this.#handler || !this.#paused) return;
    this.#deadline.start(this.#limits.bodyTimeout);
    this.#resumeReading();
  }

  abort(handler: ResponseHandler): void {
    if (handler !== this.#handler) return;
    this.#fail(abandoned('client'));
  }

  onLeftover(): void {
    this.#reusable = false;
    this.#owner.onStray();
  }

  onHead(head: ResponseHead): void {
    if (head.status < 200) {
      // 100 is skipped: the gateway never sends Expect (RFC 9110 section 15.2).
      if (head.status !== 100) this.#handler?.onInformational(head);
      return;
    }
    this.#headReceived = true;
    this.#keepAliveMs = head.keepAliveMs;
    if (!this.#paused) this.#deadline.start(this.#limits.bodyTimeout);
    this.#handler?.onHead(head);
  }

  onBody(chunk: Buffer): void {
    // Not for chunk extensions and trailers, which could keep a response open forever.
    if (!this.#paused) this.#deadline.start(this.#limits.bodyTimeout);
    this.#handler?.onData(chunk);
  }

  onMessageEnd(trailers: readonly string[]): void {
    const handler = this.#handler;
    if (!handler) return;
    // After an early response the upstream may leave the rest of the request unread.
    const reusable = this.#reusable && this.#keepAliveMs !== 0 && (this.#body?.done ?? true);
    this.#detachHandler();
    if (reusable) this.#owner.onFree(this, this.#keepAliveMs);
    else this.close();
    handler.onEnd(trailers);
  }

  #onSocketEnd(): void {
    this.#open = false;
    try {
      this.#parser.end();
      this.#socket.destroy();
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #detachHandler(): void {
    this.#body?.stop();
    this.#body = undefined;
    this.#handler = undefined;
    this.#deadline.stop();
    if (this.#paused) this.#resumeReading();
  }

  #resumeReading(): void {
    this.#paused = false;
    this.#parser.setPaused(false);
    const unparsed = this.#unparsed;
    this.#unparsed = undefined;
    if (unparsed) this.feed(unparsed);
    if (!this.#paused) this.#socket.resume();
  }

  /** Closes the connection and fails its request, if there is one. */
  #fail(cause: Error): void {
    this.#open = false;
    const handler = this.#handler;
    const responseStarted = this.#headReceived || this.#parser.started;
    this.#parser.stop();
    this.#unparsed = undefined;
    this.#detachHandler();
    this.#socket.destroy();
    if (!handler) return;
    handler.onError(responseStarted ? asCutFault(cause) : cause);
  }
}

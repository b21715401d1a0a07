/** One connection to an upstream: a request at a time, and the response to it. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { asCut, asError, isStray, UpstreamFault } from './fault.ts';
import { type SentBody, sendBody } from './request-body.ts';
import { requestHead } from './request-head.ts';
import type { ConnectionLimits, RequestControl, ResponseHandler, UpstreamRequest } from './request-port.ts';
import type { ResponseHead } from './response-head.ts';
import { type ParserSink, ResponseParser } from './response-parser.ts';

export interface ConnectionOwner {
  /** The call is over and the connection may take another one, within `keepAlive` milliseconds if the upstream said so. */
  onFree(connection: Connection, keepAlive: number | undefined): void;
  onClosed(connection: Connection): void;
  /** The upstream sent bytes beyond a response. */
  onStray(): void;
}

const NEVER = Number.POSITIVE_INFINITY;

/** A class, for the reason that `Relay` is one: its methods are called for every packet. */
export class Connection implements ParserSink, RequestControl {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #handler: ResponseHandler | undefined;
  #body: SentBody | undefined;
  #keepAlive: number | undefined = 0;
  #answered = false;
  #open = true;
  /** Of performance.now(). */
  #deadline = NEVER;
  #paused = false;
  /** What came before the pause and was not taken yet. */
  #rest: Buffer | undefined;

  constructor(socket: Socket, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
    this.#parser = new ResponseParser(this, limits.maxHead);
    socket.on('end', () => this.#ended());
    socket.on('error', (error: Error) => this.#fail(error));
    socket.on('close', () => {
      this.#fail(new UpstreamFault('UPSTREAM_CLOSED', 'the connection closed before the answer'));
      owner.onClosed(this);
    });
  }

  /** Whether a request may be sent on it, as far as is known. */
  get usable(): boolean {
    return this.#open && this.#handler === undefined;
  }

  /** Takes what came on the socket. */
  feed(chunk: Buffer): void {
    // The head has to be complete in time, the body only has to go on.
    if (this.#answered && this.#handler !== undefined && !this.#paused) this.#within(this.#limits.bodyTimeout);
    try {
      const taken = this.#parser.feed(chunk);
      // The memory of the chunk is lent.
      if (taken < chunk.length) this.#rest = Buffer.from(chunk.subarray(taken));
    } catch (error) {
      this.#parser.stop();
      const failure = asError(error);
      if (isStray(failure)) this.#owner.onStray();
      // What came before the fault is on its way to the client, and goes out first.
      if (this.#answered && this.#handler) setImmediate(() => this.#fail(failure));
      else this.#fail(failure);
    }
  }

  /** Sends a request on a connection that is free. */
  send(request: UpstreamRequest, handler: ResponseHandler): void {
    this.#handler = handler;
    this.#answered = false;
    this.#keepAlive = 0;
    handler.onSend(this);
    if (!this.#handler) return;
    this.#parser.begin(request.method === 'HEAD');
    this.#within(this.#limits.headTimeout);
    try {
      const { text, chunked } = requestHead(request);
      this.#socket.write(text, 'latin1');
      if (request.body) this.#body = this.#upload(request.body, chunked);
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #upload(body: Readable, chunked: boolean): SentBody {
    // While the upstream takes the body it owes no answer.
    const moved = () => this.#answered || this.#within(this.#limits.headTimeout);
    return sendBody({ socket: this.#socket, body, chunked, moved, failed: (error) => this.#fail(error) });
  }

  /** Fails a call whose upstream is silent for too long. */
  check(now: number): void {
    if (now < this.#deadline || this.#handler === undefined) return;
    const code = this.#answered ? 'UPSTREAM_BODY_TIMEOUT' : 'UPSTREAM_HEAD_TIMEOUT';
    this.#fail(new UpstreamFault(code, 'the upstream was silent for too long'));
  }

  close(): void {
    this.#fail(new UpstreamFault('UPSTREAM_ABANDONED', 'the gateway closes'));
  }

  pause(of: ResponseHandler): void {
    if (of !== this.#handler) return;
    this.#paused = true;
    this.#parser.hold(true);
    this.#deadline = NEVER;
    this.#socket.pause();
  }

  resume(of: ResponseHandler): void {
    if (of !== this.#handler || !this.#paused) return;
    this.#within(this.#limits.bodyTimeout);
    this.#goOn();
  }

  abort(of: ResponseHandler): void {
    if (of !== this.#handler) return;
    this.#fail(new UpstreamFault('UPSTREAM_ABANDONED', 'nobody waits for the answer'));
  }

  onHead(head: ResponseHead): void {
    if (head.status < 200) {
      this.#within(this.#limits.headTimeout);
      this.#handler?.onInformation(head);
      return;
    }
    this.#answered = true;
    this.#keepAlive = head.keepAlive;
    if (!this.#paused) this.#within(this.#limits.bodyTimeout);
    this.#handler?.onHead(head);
  }

  onBody(chunk: Buffer): void {
    this.#handler?.onData(chunk);
  }

  onMessageEnd(): void {
    const handler = this.#handler;
    if (!handler) return;
    // An upstream that answers before it has read the request keeps the rest of it unread.
    const free = this.#keepAlive !== 0 && (this.#body?.done ?? true);
    this.#letGo();
    if (free) this.#owner.onFree(this, this.#keepAlive);
    else this.close();
    handler.onEnd();
  }

  #within(ms: number): void {
    this.#deadline = ms === 0 ? NEVER : performance.now() + ms;
  }

  #ended(): void {
    this.#open = false;
    try {
      this.#parser.end();
      this.#socket.destroy();
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  #letGo(): void {
    this.#body?.stop();
    this.#body = undefined;
    this.#handler = undefined;
    this.#deadline = NEVER;
    if (this.#paused) this.#goOn();
  }

  #goOn(): void {
    this.#paused = false;
    this.#parser.hold(false);
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest) this.feed(rest);
    if (!this.#paused) this.#socket.resume();
  }

  /** Tells the call, if there is one, and is of no use any more. */
  #fail(cause: Error): void {
    this.#open = false;
    const handler = this.#handler;
    const begun = this.#answered || this.#parser.begun;
    this.#parser.stop();
    this.#rest = undefined;
    this.#letGo();
    this.#socket.destroy();
    if (!handler) return;
    handler.onError(begun ? asCut(cause) : cause);
  }
}

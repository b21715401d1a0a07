/** One request and its response on a stream of an HTTP/2 connection. */
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2';
import { Deadline } from '../http/deadline.ts';
import { abandoned, asCutFault, asError, closedEarly, timedOut } from '../http/fault.ts';
import { InformationalBudget } from '../http/informational-budget.ts';
import { type BodySender, sendBody } from '../http/request-body.ts';
import type { ConnectionLimits, RequestControl, ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import { fieldsOf, requestFields, responseHead, splitTrailersOnly } from './fields.ts';

export interface ExchangeParts {
  readonly session: ClientHttp2Session;
  readonly scheme: 'http' | 'https';
  readonly limits: ConnectionLimits;
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
  /** The stream is closed. */
  onClosed(exchange: Exchange): void;
}

/** A class and not closures, because its methods run for every packet. */
export class Exchange implements RequestControl {
  readonly #parts: ExchangeParts;
  readonly #deadline = new Deadline();
  readonly #informational: InformationalBudget;
  #stream: ClientHttp2Stream | undefined;
  #body: BodySender | undefined;
  #trailers: string[] = [];
  #headReceived = false;
  /** The upstream sent all of its response (END_STREAM). */
  #complete = false;
  #over = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#informational = new InformationalBudget(parts.limits.maxHeadBytes);
  }

  /** Sends the request; false when it failed before it had a stream. */
  start(): boolean {
    const { session, scheme, limits, request, handler } = this.#parts;
    handler.onSend(this);
    if (this.#over) return false;
    try {
      const fields = requestFields(request, scheme);
      const stream = session.request(fields, { endStream: request.body === null });
      this.#stream = stream;
      this.#listen(stream);
      this.#deadline.start(request.body ? 0 : (request.headTimeout ?? limits.headTimeout));
      if (request.body) this.#body = this.#upload(stream, request.body);
    } catch (error) {
      this.#fail(asError(error));
    }
    return this.#stream !== undefined;
  }

  /** `end` follows a reset and a closed connection as well; only at END_STREAM the stream is not closed yet. */
  #watchEnd(stream: ClientHttp2Stream): void {
    const push = stream.push.bind(stream);
    stream.push = (chunk, encoding) => {
      if (chunk === null && !stream.closed) this.#complete = true;
      return push(chunk, encoding);
    };
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#watchEnd(stream);
    const guard =
      <Rest extends unknown[]>(listener: (...rest: Rest) => void) =>
      (...rest: Rest) => {
        try {
          if (!this.#over) listener(...rest);
        } catch (error) {
          this.#fail(asError(error));
        }
      };
    stream.on(
      'headers',
      guard((headers, _flags, raw) => this.#onInformational(headers[':status'] ?? 0, raw)),
    );
    stream.on(
      'response',
      guard((headers, flags, raw) => this.#onResponse(headers[':status'] ?? 0, flags, raw)),
    );
    stream.on(
      'trailers',
      guard((_headers, _flags, raw) => {
        this.#trailers = fieldsOf(raw);
      }),
    );
    stream.on(
      'data',
      guard((chunk: Buffer) => {
        this.#deadline.start(this.#parts.limits.bodyTimeout);
        this.#parts.handler.onData(chunk);
      }),
    );
    stream.on('end', () => this.#onEnd());
    // Refused before the upstream acted on it (RFC 9113 section 8.7), as on a connection that is about to close.
    const isRefused = () => stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    stream.on('error', (error) => this.#fail(isRefused() ? closedEarly() : error));
    stream.on('close', () => {
      this.#fail(closedEarly());
      this.#parts.onClosed(this);
    });
  }

  #upload(stream: ClientHttp2Stream, body: NonNullable<UpstreamRequest['body']>): BodySender {
    const onTurn = (ofUpstream: boolean) => {
      if (this.#body?.done) stream.end();
      const { headTimeout } = this.#parts.limits;
      // While more of the body must come, the upstream owes nothing; the client's silence has a limit of its own.
      if (!this.#headReceived) this.#deadline.start(ofUpstream ? (this.#parts.request.headTimeout ?? headTimeout) : 0);
    };
    return sendBody({ socket: stream, body, chunked: false, onTurn, onError: (error) => this.#fail(error) });
  }

  #onInformational(status: number, raw: readonly string[]): void {
    this.#informational.add(raw.join('').length);
    if (status !== 100) this.#parts.handler.onInformational(responseHead(status, fieldsOf(raw), false, true));
  }

  #onResponse(status: number, flags: number, raw: readonly string[]): void {
    const { request, handler, limits } = this.#parts;
    this.#headReceived = true;
    this.#deadline.start(limits.bodyTimeout);
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const fields = fieldsOf(raw);
    const { head, trailers } = ended ? splitTrailersOnly(fields) : { head: fields, trailers: [] };
    this.#trailers = trailers;
    handler.onHead(responseHead(status, head, request.method === 'HEAD', ended && trailers.length === 0));
  }

  #onEnd(): void {
    if (this.#over || !this.#headReceived) return;
    if (!this.#complete) return void this.#fail(closedEarly());
    this.#detach();
    // The upstream may have responded before it read the whole body (RFC 9113 section 8.1).
    this.#stream?.close(constants.NGHTTP2_NO_ERROR);
    this.#parts.handler.onEnd(this.#trailers);
  }

  /** Fails the request if its deadline has passed. */
  checkDeadline(now: number): void {
    if (this.#deadline.passed(now)) this.#fail(timedOut(this.#headReceived));
  }

  pause(): void {
    if (this.#over) return;
    this.#deadline.stop();
    this.#stream?.pause();
  }

  resume(): void {
    if (this.#over) return;
    this.#deadline.start(this.#parts.limits.bodyTimeout);
    this.#stream?.resume();
  }

  abort(): void {
    this.#fail(abandoned('client'));
  }

  /** The gateway gives the connection up. */
  fail(error: Error): void {
    this.#fail(error);
  }

  #detach(): void {
    this.#over = true;
    this.#deadline.stop();
    this.#body?.stop();
  }

  #fail(cause: Error): void {
    if (this.#over) return;
    const started = this.#headReceived;
    this.#detach();
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#parts.handler.onError(started ? asCutFault(cause) : cause);
  }
}

/** The course of one forwarded call: its place at the upstream, its attempts, and every way in which it can end. */
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { RouteConfig } from '../config/schema.ts';
import type { Exchange } from '../edge/exchange.ts';
import { GatewayError } from '../errors.ts';
import type { OpenStream, OpenStreams } from './open-streams.ts';
import { Relay, type RelayOwner } from './relay.ts';
import { brokenConnection, RETRIES, repeatable } from './retry.ts';
import { discardRest, hasBody, openUpload } from './upload.ts';
import type { Upstream, UpstreamOptions } from './upstream.ts';

export type ForwardRoute = UpstreamOptions & Pick<RouteConfig, 'maxBody'>;

export interface ForwardOptions {
  /** Complete request headers for the upstream, `Host` included: name, value, name, value... */
  headers: string[];
  /** Path and query for the upstream. */
  path: string;
  /** Turns the raw headers of the answer into those for the client. */
  rewriteHeaders(rawHeaders: Buffer[], status: number): string[];
  /** For credentials that are good for one attempt only. */
  attempts?: Attempts | undefined;
  /** Key of the session that the call belongs to. */
  streamKey?: string;
  /** When that session ends at the latest, or the caller's token lapses; milliseconds since the epoch. */
  endsAt?: number;
}

export interface Attempts {
  /** The headers of another attempt. */
  headers(): string[];
  /** Told of each answer; true when the upstream would have the same call once more, with other headers. */
  answered(status: number, headers: Record<string, string | string[] | undefined>): boolean;
}

export interface CallParts {
  readonly exchange: Exchange;
  readonly res: ServerResponse;
  readonly route: ForwardRoute;
  readonly options: ForwardOptions;
  readonly upstream: Upstream;
  readonly streams: OpenStreams;
  /** Told the status of the answer, or 0, and the seconds until it came. */
  readonly measure?: ((status: number, seconds: number) => void) | undefined;
  /** Called once, when the call is over; with an error if the caller has to answer. */
  settle(error?: GatewayError): void;
}

/** A class for the same reason as `Relay`: one object with methods for each call, not a closure for each event. */
export class Call implements RelayOwner {
  readonly #parts: CallParts;
  readonly #relay: Relay;
  readonly #method: string;
  readonly #upload: Readable | null;
  readonly #open: OpenStream | undefined;
  readonly #onClose = () => {
    if (!this.#parts.res.writableFinished) this.#abandon();
  };
  #leaveLine = () => {};
  #retries: number;
  #headers: string[];
  #repeated = false;
  #sentAt = 0;
  #over = false;

  constructor(parts: CallParts) {
    const { exchange, res, route, options, streams } = parts;
    const { req } = exchange;
    const body = hasBody(req);
    this.#parts = parts;
    this.#method = req.method ?? 'GET';
    this.#headers = options.headers;
    this.#upload = body ? openUpload(req, res, { maxBody: route.maxBody, idle: route.timeouts.idle }) : null;
    this.#retries = repeatable(this.#method, body) ? RETRIES : 0;
    this.#relay = new Relay({
      req,
      res,
      rewriteHeaders: options.rewriteHeaders,
      idle: route.timeouts.idle,
      owner: this,
    });
    if (options.streamKey !== undefined || options.endsAt !== undefined) {
      const ends = options.endsAt ?? Number.POSITIVE_INFINITY;
      this.#open = streams.track(options.streamKey, ends, () => this.#endSession());
    }
  }

  /** Sends it, or lets it wait in line. */
  start(): void {
    const { res, route, upstream } = this.#parts;
    res.once('close', this.#onClose);
    this.#leaveLine = upstream.gate.enter(
      route.timeouts.headers,
      () => this.#dispatch(),
      (error) => this.#finish(error),
    );
  }

  #dispatch(): void {
    const { upstream, options } = this.#parts;
    const { path } = options;
    this.#sentAt = performance.now();
    upstream.pool.dispatch({ path, method: this.#method, headers: this.#headers, body: this.#upload }, this.#relay);
  }

  #dispatchAgain(): void {
    this.#headers = this.#parts.options.attempts?.headers() ?? this.#headers;
    this.#dispatch();
  }

  onStream(): void {
    if (this.#open) this.#open.lasting = true;
  }

  retry(error: Error): boolean {
    if (this.#over || this.#retries === 0 || !brokenConnection(error)) return false;
    this.#retries -= 1;
    // After a turn of the event loop the pool knows of every connection that closed at the same moment.
    setImmediate(() => this.#dispatchAgain());
    return true;
  }

  repeat(status: number, headers: Record<string, string | string[] | undefined>): boolean {
    this.#measured(status);
    const wanted = this.#parts.options.attempts?.answered(status, headers) ?? false;
    // A body that was streamed is gone, and once is enough: an upstream that goes on refusing is heard.
    if (!wanted || this.#over || this.#upload || this.#repeated) return false;
    this.#repeated = true;
    return true;
  }

  onRefused(): void {
    this.#dispatchAgain();
  }

  #measured(status: number): void {
    this.#parts.measure?.(status, (performance.now() - this.#sentAt) / 1000);
  }

  onDone(error: GatewayError | undefined): void {
    if (error && !this.#relay.started) this.#measured(0);
    this.#parts.upstream.gate.leave();
    this.#finish(error);
  }

  #endSession(): void {
    if (this.#relay.started) this.#parts.res.destroy();
    else this.#abandon(new GatewayError('unauthenticated', { detail: 'the session ended during the call' }));
  }

  /** Nobody waits for the answer any more: the client left, or has to be told something else. */
  #abandon(error?: GatewayError): void {
    this.#finish(error);
    this.#leaveLine();
    this.#relay.abandon();
  }

  #finish(error?: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    const { exchange, res, settle } = this.#parts;
    res.off('close', this.#onClose);
    this.#open?.done();
    this.#upload?.destroy();
    if (error && this.#relay.started) {
      exchange.log.warn({ err: error }, 'upstream failed in the middle of an answer; the client was cut off');
      this.#cut();
      settle();
    } else {
      discardRest(exchange.req);
      settle(error);
    }
  }

  /** Without a length or chunks an orderly close looks like the end of the body: only a reset says otherwise. */
  #cut(): void {
    const { exchange, res } = this.#parts;
    if (exchange.req.httpVersion === '1.0') exchange.req.socket.resetAndDestroy();
    else res.destroy();
  }
}

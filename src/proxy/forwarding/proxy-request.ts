/** The course of one forwarded call: its place at the upstream, its attempts, and every way in which it can end. */
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { GatewayError } from '../../base/errors.ts';
import { discardRest, hasBody } from '../../edge/request-body.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { QueueHandle, Waiter } from '../../upstream/concurrency-limit.ts';
import { headersByName, headerValues, type ResponseHead } from '../../upstream/http/response-head.ts';
import type { Upstream } from '../../upstream/upstreams.ts';
import type { Attempts, ForwardOptions, ForwardRoute } from './forward-options.ts';
import type { OpenStream, OpenStreams } from './open-streams.ts';
import { Relay, type RelayOwner } from './relay.ts';
import { brokenConnection, RETRIES, refusesToken, repeatable } from './retry.ts';
import { openUpload } from './upload.ts';

export interface ProxyRequestParts {
  readonly context: RequestContext;
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
export class ProxyRequest implements RelayOwner, Waiter {
  readonly #parts: ProxyRequestParts;
  readonly #relay: Relay;
  readonly #method: string;
  readonly #upload: Readable | null;
  readonly #open: OpenStream | undefined;
  readonly #onClose = () => {
    if (!this.#parts.res.writableFinished) this.#abandon();
  };
  #inLine: QueueHandle | undefined;
  #retries: number;
  #headers: string[];
  #attempts: Attempts | undefined;
  #repeated = false;
  #sentAt = 0;
  #renewed = false;
  #over = false;

  constructor(parts: ProxyRequestParts) {
    const { context, res, route, options, streams } = parts;
    const { req } = context;
    const body = hasBody(req);
    this.#parts = parts;
    this.#method = req.method ?? 'GET';
    this.#headers = options.headers;
    this.#attempts = options.attempts;
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
    res.on('close', this.#onClose);
    this.#inLine = upstream.limiter.acquire(route.timeouts.headers, this);
  }

  onAdmitted(): void {
    this.#inLine = undefined;
    this.#dispatch();
  }

  onRefused(error: GatewayError): void {
    this.#finish(error);
  }

  #dispatch(): void {
    const { upstream, options } = this.#parts;
    const { path } = options;
    this.#sentAt = performance.now();
    upstream.pool.dispatch({ path, method: this.#method, headers: this.#headers, body: this.#upload }, this.#relay);
  }

  #dispatchAgain(): void {
    this.#headers = this.#attempts?.headers() ?? this.#headers;
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

  repeat({ status, headers }: ResponseHead): boolean {
    this.#measured(status);
    const wanted = this.#attempts?.answered(status, headersByName(headers)) ?? false;
    // A body that was streamed is gone, and once is enough: an upstream that goes on refusing is heard.
    if (!wanted || this.#over || this.#upload || this.#repeated) return false;
    this.#repeated = true;
    return true;
  }

  renew({ headers }: ResponseHead): Promise<boolean> | undefined {
    const { retryWithNewToken } = this.#parts.options;
    if (!retryWithNewToken || this.#renewed || this.#over) return undefined;
    if (!headerValues(headers, 'www-authenticate').some(refusesToken)) return undefined;
    this.#renewed = true;
    const renewal = retryWithNewToken().then(
      (fresh) => this.#takeOver(fresh),
      (error: GatewayError) => {
        this.#abandon(error);
        return false;
      },
    );
    // A body that was streamed is gone: this call is over, the next one has the new token.
    return this.#upload ? undefined : renewal;
  }

  #takeOver(fresh: ForwardOptions | undefined): boolean {
    if (!fresh || this.#over) return false;
    this.#headers = fresh.headers;
    this.#attempts = fresh.attempts;
    return true;
  }

  onRepeat(): void {
    this.#dispatchAgain();
  }

  #measured(status: number): void {
    this.#parts.measure?.(status, (performance.now() - this.#sentAt) / 1000);
  }

  onDone(error: GatewayError | undefined): void {
    if (error && !this.#relay.started) this.#measured(0);
    this.#parts.upstream.limiter.release();
    this.#finish(error);
  }

  #endSession(): void {
    if (this.#relay.started) this.#parts.res.destroy();
    else this.#abandon(new GatewayError('unauthenticated', { detail: 'the session ended during the call' }));
  }

  /** Nobody waits for the answer any more: the client left, or has to be told something else. */
  #abandon(error?: GatewayError): void {
    this.#finish(error);
    this.#inLine?.remove();
    this.#relay.abandon();
  }

  #finish(error?: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    const { context, res, settle } = this.#parts;
    res.off('close', this.#onClose);
    this.#open?.done();
    this.#upload?.destroy();
    if (error && this.#relay.started) {
      context.log.warn({ err: error }, 'upstream failed in the middle of an answer; the client was cut off');
      this.#cut();
      settle();
    } else {
      discardRest(context.req);
      settle(error);
    }
  }

  /** Without a length or chunks an orderly close looks like the end of the body: only a reset says otherwise. */
  #cut(): void {
    const { context, res } = this.#parts;
    if (context.req.httpVersion === '1.0') context.req.socket.resetAndDestroy();
    else res.destroy();
  }
}

/** One forwarded request: its slot at the upstream, its attempts, and every way in which it can end. */
import type { Readable } from 'node:stream';
import { GatewayError } from '../../base/errors.ts';
import { hasBody } from '../../edge/request-body.ts';
import type { QueueHandle } from '../../upstream/fair-queue.ts';
import type { SlotOwner } from '../../upstream/fair-slots.ts';
import { headersByName, headerValues, type ResponseHead } from '../../upstream/http/response-head.ts';
import { SlotHolder } from '../../upstream/upstream-slots.ts';
import { Relay } from '../relay/relay.ts';
import type { RelayOwner } from '../relay/relay-port.ts';
import { asksForTrailers } from '../relay/trailers.ts';
import type { AttemptHooks, ForwardOptions } from './forward-options.ts';
import type { OpenStream } from './open-streams.ts';
import { endRequest, type ProxyRequestParts } from './proxy-request-parts.ts';
import { isBrokenConnection, isRepeatable, MAX_RETRIES, rejectsToken } from './retry.ts';
import { slotOwner } from './slot-owner.ts';
import { openUpload } from './upload.ts';
import { replacementOf } from './upstream-errors.ts';

/** A class for the same reason as `Relay`: one object with methods per request instead of a closure per event. */
export class ProxyRequest extends SlotHolder implements RelayOwner {
  readonly owner: SlotOwner;
  readonly #parts: ProxyRequestParts;
  readonly #relay: Relay;
  readonly #method: string;
  readonly #upload: Readable | null;
  readonly #stream: OpenStream | undefined;
  readonly #onClientClose = () => this.#parts.res.writableFinished || this.#abandon();
  #queued: QueueHandle | undefined;
  #retriesLeft: number;
  #headers: string[];
  #attempts: AttemptHooks | undefined;
  #repeated = false;
  #sentAt = 0;
  #refreshed = false;
  #over = false;
  #leaveStreams: (() => void) | undefined;

  constructor(parts: ProxyRequestParts) {
    super();
    const { context, res, route, options, streams, choice } = parts;
    const { req } = context;
    const { rewriteHeaders, streamKey, endsAt } = options;
    const { idle } = route.timeouts;
    const body = hasBody(req);
    this.#parts = parts;
    this.owner = slotOwner(context, options);
    this.#method = req.method ?? 'GET';
    this.#headers = options.headers;
    this.#attempts = options.attempts;
    this.#upload = body ? openUpload(req, res, { maxBody: route.maxBody, idle }) : null;
    // An upstream with targets retries on its own.
    this.#retriesLeft = choice === undefined && isRepeatable(this.#method, body) ? MAX_RETRIES : 0;
    this.#relay = new Relay({ req, res, rewriteHeaders, idle, owner: this });
    if (streamKey !== undefined || endsAt !== undefined)
      this.#stream = streams.track(streamKey, endsAt ?? Number.POSITIVE_INFINITY, () => this.#endSession());
  }

  /** Sends the request, or queues it until a slot is free. */
  start(): void {
    const { res, route, upstream } = this.#parts;
    res.on('close', this.#onClientClose);
    this.#queued = upstream.slots.acquire(this, route.timeouts.headers);
  }

  onAdmitted(): void {
    this.#queued = undefined;
    this.#dispatch();
  }

  onRefused(error: GatewayError): void {
    this.#finish(error);
  }

  #dispatch(): void {
    const { upstream, context, options, choice } = this.#parts;
    const method = this.#method;
    const body = this.#upload;
    const repeatable = isRepeatable(method, body !== null);
    this.#sentAt = performance.now();
    const trailers = asksForTrailers(context.req);
    const nextHeaders = this.#attempts?.headers;
    upstream.pool.dispatch(
      { path: options.path, method, headers: this.#headers, body, repeatable, trailers, choice, nextHeaders },
      this.#relay,
    );
  }

  onRepeat(): void {
    this.#headers = this.#attempts?.headers() ?? this.#headers;
    // The nonce of a DPoP proof may be that of one target, and a hash assigns the caller to it.
    if (this.#parts.choice) this.#parts.choice.again = true;
    this.#dispatch();
  }

  onStream(): boolean {
    if (this.#stream) this.#stream.lasting = true;
    const { access } = this.#parts.context;
    if (access) access.isStream = true;
    if (!this.#parts.upstream.slots.makeLasting(this)) {
      this.#abandon(new GatewayError('upstream_busy', { detail: 'no free slot for a stream' }));
      return false;
    }
    this.#leaveStreams = this.#parts.streams.lasting.add(() => this.#relay.endEarly());
    return true;
  }

  transfers(): boolean {
    return this.#relay.started || !this.#parts.context.req.complete;
  }

  shouldRetry(error: Error): boolean {
    if (this.#over || this.#retriesLeft === 0 || !isBrokenConnection(error)) return false;
    this.#retriesLeft -= 1;
    // After one turn of the event loop the pool has noticed every connection that closed at the same time.
    setImmediate(() => this.onRepeat());
    return true;
  }

  shouldRepeat({ status, headers }: ResponseHead): boolean {
    this.#measure(status);
    const wanted = this.#attempts?.onResponse(status, headersByName(headers)) ?? false;
    // A streamed body cannot be sent again. One repetition is enough: after it, the client gets the refusal.
    if (!wanted || this.#over || this.#upload || this.#repeated) return false;
    this.#repeated = true;
    return true;
  }

  replaces(head: ResponseHead): boolean {
    const error = this.#over ? undefined : replacementOf(this.#parts.route, head);
    if (error) this.#finish(error);
    return error !== undefined;
  }

  refreshToken({ headers }: ResponseHead): Promise<boolean> | undefined {
    const { retryWithNewToken } = this.#parts.options;
    if (!retryWithNewToken || this.#refreshed || this.#over) return undefined;
    if (!headerValues(headers, 'www-authenticate').some(rejectsToken)) return undefined;
    this.#refreshed = true;
    const refresh = retryWithNewToken().then(
      (options) => this.#replaceOptions(options),
      (error: GatewayError) => {
        this.#abandon(error);
        return false;
      },
    );
    // A streamed body cannot be sent again: this request ends with the 401, and the next one has the new token.
    return this.#upload ? undefined : refresh;
  }

  #replaceOptions(options: ForwardOptions | undefined): boolean {
    if (!options || this.#over) return false;
    this.#headers = options.headers;
    this.#attempts = options.attempts;
    return true;
  }

  #measure(status: number): void {
    const time = performance.now() - this.#sentAt;
    const { access } = this.#parts.context;
    if (access) access.upstreamTime = (access.upstreamTime ?? 0) + time;
    this.#parts.measure?.(status, time / 1000);
  }

  onDone(error: GatewayError | undefined): void {
    if (error && !this.#relay.started) this.#measure(0);
    this.#parts.upstream.slots.release(this);
    this.#finish(error);
  }

  /** The time for the head of the response is over. */
  onTotalTimeout(): void {
    if (!this.#relay.started) this.#abandon(new GatewayError('upstream_timeout', { detail: 'timeouts.total' }));
  }

  #endSession(): void {
    if (this.#relay.started) this.#parts.res.destroy();
    else this.#abandon(new GatewayError('unauthenticated', { detail: 'the session ended during the request' }));
  }

  /** Drops the upstream's response: the client disconnected, or must receive `error` instead. */
  #abandon(error?: GatewayError): void {
    this.#finish(error);
    this.#queued?.remove();
    this.#relay.abandon();
  }

  #finish(error?: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    const { res, upstream } = this.#parts;
    if (error) upstream.failures.note(error);
    res.off('close', this.#onClientClose);
    this.#stream?.done();
    this.#leaveStreams?.();
    this.#upload?.destroy();
    endRequest(this.#parts, error, this.#relay.started);
  }
}

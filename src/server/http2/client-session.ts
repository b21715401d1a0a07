/** One HTTP/2 connection of a client: its streams, and the limits that hold for all of them together. */
import type { Server } from 'node:http';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { Allowance } from './allowance.ts';
import { MalformedRequest, type TranslatedHead, translateHead } from './request-head.ts';
import type { SessionSocket } from './session-socket.ts';
import { StreamSocket } from './stream-socket.ts';

/** Why the gateway ended a session. */
export type GoawayReason = 'drain' | 'flood' | 'idle' | 'protocol' | 'resets';

/** What a session reports. */
export interface SessionEvents {
  onRequest(): void;
  onReset(by: 'client' | 'gateway'): void;
  onGoaway(reason: GoawayReason, clientIp: string | undefined): void;
}

export interface SessionLimits {
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  readonly sendTimeout: number;
}

/**
 * Streams that a client may reset, or make the gateway reset, at once and per second (CVE-2023-44487, CVE-2025-8671); each
 * request that completes adds one. A page that is left cancels all of its requests, and some pages are left often.
 */
const RESETS = 200;
const RESETS_PER_SECOND = 20;
/** A stream, and since when nothing of its complete response was sent. */
interface OpenStream {
  socket: StreamSocket | undefined;
  unsent: number;
  since: number;
}

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;
const END_STREAM = 1;
/** The highest stream id: a GOAWAY with it announces the end, and refuses nothing yet (RFC 9113 section 6.8). */
const LAST_STREAM_ID = 2 ** 31 - 1;

export class ClientSession {
  readonly #session: ServerHttp2Session;
  readonly #socket: SessionSocket;
  readonly #http: Server;
  readonly #events: SessionEvents;
  readonly #limits: SessionLimits;
  readonly #streams = new Map<ServerHttp2Stream, OpenStream>();
  readonly #resets: Allowance;
  /** Of the connection: a closed one no longer has it. */
  readonly #clientIp: string | undefined;
  #idleSince: number;
  #isAnnounced = false;
  #isRefused = false;

  constructor(
    session: ServerHttp2Session,
    socket: SessionSocket,
    http: Server,
    limits: SessionLimits,
    events: SessionEvents,
  ) {
    const now = performance.now();
    this.#session = session;
    this.#socket = socket;
    this.#http = http;
    this.#limits = limits;
    this.#events = events;
    this.#clientIp = socket.tls.remoteAddress;
    this.#resets = new Allowance(RESETS, RESETS_PER_SECOND, now);
    this.#idleSince = now;
    session.on('stream', (stream, _headers, flags, rawHeaders: string[]) =>
      this.#onStream(stream, rawHeaders, (flags & END_STREAM) !== 0),
    );
    // Node ends the session of a client that breaks the protocol, and has an error for a broken connection as well.
    session.on('error', () => this.#isRefused || this.#report('protocol'));
    socket.onFault = ({ reason, code }) => this.refuse(reason, code);
  }

  #onStream(stream: ServerHttp2Stream, rawHeaders: string[], ended: boolean): void {
    const open: OpenStream = { socket: undefined, unsent: 0, since: 0 };
    stream.on('error', () => {});
    // A stream that was reset in the same packet: nothing is executed for it.
    if (stream.destroyed || stream.closed) {
      this.#onStreamEnd(stream, open);
      return;
    }
    this.#streams.set(stream, open);
    stream.once('close', () => this.#onStreamEnd(stream, open));
    const head = this.#translate(stream, rawHeaders, ended);
    if (!head) return;
    this.#events.onRequest();
    open.socket = new StreamSocket(stream, this.#socket.tls, head, ended);
    this.#http.emit('connection', open.socket);
  }

  #translate(stream: ServerHttp2Stream, rawHeaders: string[], ended: boolean): TranslatedHead | undefined {
    try {
      return translateHead(rawHeaders, ended);
    } catch (error) {
      if (!(error instanceof MalformedRequest)) throw error;
      stream.close(NGHTTP2_PROTOCOL_ERROR);
      return undefined;
    }
  }

  #onStreamEnd(stream: ServerHttp2Stream, { socket }: OpenStream): void {
    const now = performance.now();
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#idleSince = now;
    const isOwn = socket?.isCut === true;
    // A client may also reset a stream without an error.
    const isReset = stream.rstCode !== NGHTTP2_NO_ERROR || !socket?.isAnswered;
    if (isReset) this.#events.onReset(isOwn ? 'gateway' : 'client');
    // A response that an upstream broke off is no fault of the client.
    if (isOwn) return;
    if (!this.#resets.take(isReset ? 1 : -1, now)) this.refuse('resets');
  }

  #report(reason: GoawayReason): void {
    this.#events.onGoaway(reason, this.#clientIp);
  }

  /** Ends the session of a client that misuses it. */
  refuse(reason: GoawayReason, code = NGHTTP2_ENHANCE_YOUR_CALM): void {
    if (this.#session.destroyed) return;
    this.#isRefused = true;
    this.#report(reason);
    this.#session.destroy(new Error(`HTTP/2 session refused: ${reason}`), code);
  }

  /** Checks the limits that depend on time; to be called about once per second. */
  check(now: number): void {
    if (this.#session.destroyed) return;
    const { headersTimeout, keepAliveTimeout } = this.#limits;
    const since = this.#socket.rules.incompleteSince;
    if (since !== undefined && now - since >= headersTimeout) this.#socket.destroy();
    else if (this.#streams.size > 0) this.#closeUnsent(now);
    else if (keepAliveTimeout > 0 && now - this.#idleSince >= keepAliveTimeout) this.close('idle');
  }

  /** Resets the streams whose complete response the client does not read: nothing else watches those. */
  #closeUnsent(now: number): void {
    for (const [stream, open] of this.#streams) {
      const unsent = open.socket?.unsentBytes ?? 0;
      if (unsent === 0 || unsent !== open.unsent) Object.assign(open, { unsent, since: now });
      else if (now - open.since >= this.#limits.sendTimeout) stream.close(NGHTTP2_CANCEL);
    }
  }

  /** Tells the client to send further requests on another connection; those that arrive are still accepted. */
  announceEnd(): void {
    if (this.#isAnnounced || this.#session.closed || this.#session.destroyed) return;
    this.#isAnnounced = true;
    this.#session.goaway(NGHTTP2_NO_ERROR, LAST_STREAM_ID);
  }

  /** Accepts no further requests, and ends the connection after those in progress. */
  close(reason: GoawayReason): void {
    if (this.#session.closed || this.#session.destroyed) return;
    this.#report(reason);
    this.#session.close();
  }
}

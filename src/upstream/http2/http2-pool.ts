/** Connections of HTTP/2 to one upstream: requests share a connection, and further ones are opened when it is full. */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Connect, type ConnectOptions, createConnect } from '../connect/connect.ts';
import { closedEarly, protocolError, UpstreamFault } from '../http/fault.ts';
import type { Pool } from '../http/pool.ts';
import type { ConnectionLimits, ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import { Exchange } from './exchange.ts';

export interface Http2PoolOptions extends ConnectOptions, ConnectionLimits {
  /** Maximum number of connections. */
  readonly connections: number;
  /** Milliseconds until a connection must be established. */
  readonly connectTimeout: number;
  /** Returns the age in milliseconds at which a new connection takes no further request; no limit by default. */
  readonly maxAge?: (() => number) | undefined;
}

interface Session {
  readonly client: ClientHttp2Session;
  readonly exchanges: Set<Exchange>;
  readonly retiresAt: number;
  /** When it was last known to work, or had no request (performance.now()). */
  aliveAt: number;
  pinged: boolean;
}

interface PendingRequest {
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
}

const POLL_INTERVAL_MS = 50;
/** A connection without requests is closed after this time. */
const IDLE_MS = 60_000;
/** A connection with requests is asked for a sign of life this often, and given up after the same time without one. */
const PING_INTERVAL_MS = 15_000;
/** Concurrent streams before the settings of the upstream have arrived (RFC 9113 section 6.5.2). */
const INITIAL_STREAMS = 100;
/** Bytes of a response that wait for a slow client, and of all responses of a connection. */
const STREAM_WINDOW = 256 * 1024;
const SESSION_WINDOW = 4 * 1024 * 1024;

const poolClosed = () => new UpstreamFault('UPSTREAM_CLOSED', 'the gateway closed the connection pool');
const notHttp2 = () => protocolError('the upstream does not speak HTTP/2: it selected no h2 in TLS (ALPN)');

class Http2Pool implements Pool {
  readonly #options: Http2PoolOptions;
  readonly #connect: Connect;
  readonly #sessions = new Set<Session>();
  readonly #queue: PendingRequest[] = [];
  readonly #timer: NodeJS.Timeout;
  #connecting: { deadline: number; fail(error: Error): void } | undefined;
  #destroyed = false;

  constructor(options: Http2PoolOptions) {
    this.#options = options;
    this.#connect = createConnect({ ...options, protocol: 'h2' });
    this.#timer = setInterval(() => this.#enforceTimeLimits(), POLL_INTERVAL_MS).unref();
  }

  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    if (this.#destroyed) {
      queueMicrotask(() => handler.onError(poolClosed()));
      return;
    }
    this.#queue.push({ request, handler });
    this.#assignQueued();
  }

  destroy(): void {
    this.#destroyed = true;
    clearInterval(this.#timer);
    for (const { handler } of this.#queue.splice(0)) handler.onError(poolClosed());
    this.#connecting?.fail(poolClosed());
    for (const session of this.#sessions) this.#close(session, poolClosed());
  }

  #assignQueued(): void {
    while (this.#queue.length > 0) {
      const session = this.#freeSession();
      const pending = session && this.#queue.shift();
      if (!session || !pending) break;
      this.#send(session, pending);
    }
    const mayOpen = !this.#connecting && this.#sessions.size < this.#options.connections;
    if (this.#queue.length > 0 && mayOpen && !this.#destroyed) this.#openSession();
  }

  /** The connection with the fewest requests that takes another one; none after GOAWAY (RFC 9113 section 6.8). */
  #freeSession(): Session | undefined {
    const now = performance.now();
    let best: Session | undefined;
    for (const session of this.#sessions) {
      const { client, exchanges, retiresAt } = session;
      const { maxConcurrentStreams = INITIAL_STREAMS } = client.remoteSettings ?? {};
      if (client.closed || client.destroyed || now >= retiresAt || exchanges.size >= maxConcurrentStreams) continue;
      if (!best || exchanges.size < best.exchanges.size) best = session;
    }
    return best;
  }

  #send(session: Session, { request, handler }: PendingRequest): void {
    const exchange = new Exchange({
      session: session.client,
      scheme: this.#options.origin.startsWith('https:') ? 'https' : 'http',
      limits: this.#options,
      request,
      handler,
      onClosed: (closed) => {
        session.exchanges.delete(closed);
        session.aliveAt = performance.now();
        this.#assignQueued();
      },
    });
    if (session.exchanges.size === 0) session.aliveAt = performance.now();
    session.exchanges.add(exchange);
    if (!exchange.start()) session.exchanges.delete(exchange);
  }

  #openSession(): void {
    const fail = (error: Error = closedEarly()) => {
      if (this.#connecting !== connecting) return;
      this.#connecting = undefined;
      attempt.cancel();
      // All of them waited for this connection; another attempt would fail as well.
      for (const { handler } of this.#queue.splice(0)) handler.onError(error);
    };
    const connecting = { deadline: performance.now() + this.#options.connectTimeout, fail };
    this.#connecting = connecting;
    const attempt = this.#connect({
      onFailed: fail,
      onConnected: (socket) => {
        const isHttp2 = !(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2';
        if (this.#connecting !== connecting || !isHttp2) socket.destroy();
        if (!isHttp2) fail(notHttp2());
        if (this.#connecting !== connecting) return;
        this.#connecting = undefined;
        this.#addSession(socket);
        this.#assignQueued();
      },
    });
  }

  #addSession(socket: Socket): void {
    const { origin, maxHeadBytes, maxAge } = this.#options;
    const client = connectHttp2(origin.startsWith('https:') ? origin : 'http://upstream', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW, maxHeaderListSize: maxHeadBytes },
      maxSessionMemory: 64,
    });
    const now = performance.now();
    const retiresAt = maxAge ? now + maxAge() : Number.POSITIVE_INFINITY;
    const session: Session = { client, exchanges: new Set(), retiresAt, aliveAt: now, pinged: false };
    this.#sessions.add(session);
    client.on('connect', () => client.setLocalWindowSize(SESSION_WINDOW));
    // The streams fail with the same error.
    client.on('error', () => {});
    client.on('remoteSettings', () => this.#assignQueued());
    client.on('close', () => {
      this.#sessions.delete(session);
      this.#close(session, closedEarly());
      this.#assignQueued();
    });
  }

  #close({ client, exchanges }: Session, error: Error): void {
    for (const exchange of exchanges) exchange.fail(error);
    client.destroy();
  }

  #enforceTimeLimits(): void {
    const now = performance.now();
    if (this.#connecting && now >= this.#connecting.deadline)
      this.#connecting.fail(new UpstreamFault('UPSTREAM_CONNECT_TIMEOUT', 'no connection within the time limit'));
    for (const session of this.#sessions) this.#check(session, now);
  }

  #check(session: Session, now: number): void {
    const { client, exchanges, retiresAt, aliveAt } = session;
    for (const exchange of exchanges) exchange.checkDeadline(now);
    if (exchanges.size === 0) {
      if (now >= retiresAt || now - aliveAt >= IDLE_MS) client.destroy();
    } else if (now - aliveAt >= 2 * PING_INTERVAL_MS) this.#close(session, closedEarly());
    else if (now - aliveAt >= PING_INTERVAL_MS && !session.pinged && !client.destroyed) {
      session.pinged = true;
      client.ping((error) => {
        session.pinged = false;
        if (!error) session.aliveAt = performance.now();
      });
    }
  }
}

/** Creates the pool of an upstream that speaks HTTP/2. The first request opens the first connection. */
export function createHttp2Pool(options: Http2PoolOptions): Pool {
  return new Http2Pool(options);
}

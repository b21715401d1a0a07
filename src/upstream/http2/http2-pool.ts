/** Connections of HTTP/2 to one upstream: requests share a connection, and further ones are opened when it is full. */
import type { ClientHttp2Session } from 'node:http2';
import { type Connect, type ConnectOptions, createConnect } from '../connect/connect.ts';
import { closedEarly, UpstreamFault } from '../http/fault.ts';
import type { Pool } from '../http/pool.ts';
import type { ConnectionLimits, ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import { Exchange } from './exchange.ts';
import { openSession } from './open-session.ts';

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
  readonly deadline: number;
}

const POLL_INTERVAL_MS = 50;
/** A connection without requests is closed after this time. */
const IDLE_MS = 60_000;
/** A connection with requests is asked for a sign of life this often, and given up after the same time without one. */
const PING_INTERVAL_MS = 15_000;
/** Maximum connections: an upstream that allows few streams must not get a connection for each request. */
const MAX_SESSIONS = 64;

const streamsOf = ({ client }: Session) => client.remoteSettings?.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;

/** Whether a connection takes further requests, now or when others have ended; not after GOAWAY (RFC 9113 section 6.8). */
const isOpen = ({ client, retiresAt }: Session, now: number) => !client.closed && !client.destroyed && now < retiresAt;

const poolClosed = () => new UpstreamFault('UPSTREAM_CLOSED', 'the gateway closed the connection pool');
const noConnection = () => new UpstreamFault('UPSTREAM_CONNECT_TIMEOUT', 'no stream within the time limit');

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
    this.#queue.push({ request, handler, deadline: performance.now() + this.#options.connectTimeout });
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
    if (this.#queue.length > 0 && this.#mayOpen()) this.#openSession();
  }

  #openSessions(): Session[] {
    const now = performance.now();
    return [...this.#sessions].filter((session) => isOpen(session, now));
  }

  /** An upstream that allows no stream on one connection gets no second one: it will allow some, or the requests time out. */
  #mayOpen(): boolean {
    if (this.#connecting || this.#destroyed) return false;
    if (this.#sessions.size >= Math.min(MAX_SESSIONS, this.#options.connections)) return false;
    return this.#openSessions().every((session) => streamsOf(session) > 0);
  }

  /** The connection with the fewest requests that takes another one. */
  #freeSession(): Session | undefined {
    return this.#openSessions()
      .filter((session) => session.exchanges.size < streamsOf(session))
      .sort((one, other) => one.exchanges.size - other.exchanges.size)[0];
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
    const { connectTimeout, origin, maxHeadBytes } = this.#options;
    const fail = (error: Error = closedEarly()) => {
      if (this.#connecting !== connecting) return;
      this.#connecting = undefined;
      session.cancel();
      // They wait for streams of the other connections; without one, another attempt would fail as well.
      if (this.#openSessions().length > 0) return;
      for (const { handler } of this.#queue.splice(0)) handler.onError(error);
    };
    const connecting = { deadline: performance.now() + connectTimeout, fail };
    this.#connecting = connecting;
    const session = openSession(
      { connect: this.#connect, origin, maxHeadBytes },
      {
        onFailed: fail,
        onOpen: (client) => {
          if (this.#connecting !== connecting) return;
          this.#connecting = undefined;
          this.#addSession(client);
          this.#assignQueued();
        },
      },
    );
  }

  #addSession(client: ClientHttp2Session): void {
    const { maxAge } = this.#options;
    const now = performance.now();
    const retiresAt = maxAge ? now + maxAge() : Number.POSITIVE_INFINITY;
    const session: Session = { client, exchanges: new Set(), retiresAt, aliveAt: now, pinged: false };
    this.#sessions.add(session);
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
    if (this.#connecting && now >= this.#connecting.deadline) this.#connecting.fail(noConnection());
    while (this.#queue[0] && now >= this.#queue[0].deadline) this.#queue.shift()?.handler.onError(noConnection());
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

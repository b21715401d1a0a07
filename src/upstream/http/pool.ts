/** Keeps a bounded pool of connections to one upstream and assigns requests to them. */
import { UpstreamFault } from './fault.ts';
import type {
  ConnectionOwner,
  OpenConnection,
  ResponseHandler,
  UpstreamConnection,
  UpstreamRequest,
} from './request-port.ts';

export interface PoolOptions {
  readonly open: OpenConnection;
  /** Maximum number of connections; further requests wait for a free one. */
  readonly connections: number;
  /** Milliseconds until a connection must be established. */
  readonly connectTimeout: number;
  /** Returns the age in milliseconds at which a new connection is not reused any more; no limit by default. */
  readonly maxAge?: (() => number) | undefined;
  /** The upstream sent bytes beyond a response, for the `first` time in a while; its connections are not reused for a while. */
  onSurplus?(first: boolean): void;
}

export interface Pool {
  /** Sends a request as soon as a connection is free. The handler may be called before this returns. */
  dispatch(request: UpstreamRequest, handler: ResponseHandler): void;
  /** Closes all connections. */
  destroy(): void;
}

/**
 * How long an idle connection is kept. Shorter than the 5 s of Node, Apache and uvicorn, because a request sent on a
 * connection that is closing fails. `Keep-Alive: timeout` of the upstream replaces it, less a margin for latency.
 */
const IDLE_MS = 4_000;
const MAX_IDLE_MS = 60_000;
const LATENCY_MARGIN_MS = 1_000;
/** How long no connection is reused after the upstream sent bytes beyond a response. */
const DISTRUST_MS = 600_000;
/** Interval at which time limits are checked. */
const POLL_INTERVAL_MS = 50;

interface PendingRequest {
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
}

/** A request and the idle connection that it will use if that connection passes the check before sending. */
interface Assignment {
  readonly connection: UpstreamConnection;
  readonly pending: PendingRequest;
}

const closedWhileConnecting = () => new UpstreamFault('UPSTREAM_CLOSED', 'the connection closed while connecting');
const poolClosed = () => new UpstreamFault('UPSTREAM_CLOSED', 'the gateway closed the connection pool');

class ConnectionPool implements Pool, ConnectionOwner {
  readonly #options: PoolOptions;
  /** Free connections with their expiry (performance.now()). The most recently used one is last and is reused first. */
  readonly #idle: { connection: UpstreamConnection; expiresAt: number }[] = [];
  #assigned: Assignment[] = [];
  /** Established connections, with the time at which they are too old (performance.now()). */
  readonly #connections = new Map<UpstreamConnection, number>();
  /** Connections that are not established yet, with their deadlines. */
  readonly #connecting = new Map<{ cancel(): void }, { deadline: number; fail(error: Error): void }>();
  readonly #queue: PendingRequest[] = [];
  readonly #timer: NodeJS.Timeout;
  #distrustUntil = 0;
  #destroyed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#enforceTimeLimits(), POLL_INTERVAL_MS).unref();
  }

  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    const pending = { request, handler };
    if (this.#destroyed) queueMicrotask(() => handler.onError(poolClosed()));
    else if (this.#queue.length > 0 || !this.#assign(pending)) this.#queue.push(pending);
  }

  destroy(): void {
    this.#destroyed = true;
    clearInterval(this.#timer);
    for (const { handler } of this.#queue.splice(0)) handler.onError(poolClosed());
    for (const { fail } of this.#connecting.values()) fail(poolClosed());
    for (const connection of this.#connections.keys()) connection.close();
  }

  onFree(connection: UpstreamConnection, keepAliveMs: number | undefined): void {
    const now = performance.now();
    const { maxAge } = this.#options;
    const idleMs = keepAliveMs === undefined ? IDLE_MS : Math.min(MAX_IDLE_MS, keepAliveMs - LATENCY_MARGIN_MS);
    if (idleMs <= 0 || now < this.#distrustUntil || (maxAge && now >= (this.#connections.get(connection) ?? 0))) {
      connection.close();
      return;
    }
    this.#idle.push({ connection, expiresAt: now + idleMs });
    this.#assignQueued();
  }

  onStray(): void {
    const now = performance.now();
    this.#options.onSurplus?.(now >= this.#distrustUntil);
    this.#distrustUntil = now + DISTRUST_MS;
    // The other connections may be about to deliver surplus bytes as well.
    for (const { connection } of this.#idle.splice(0)) connection.close();
  }

  onClosed(connection: UpstreamConnection): void {
    this.#connections.delete(connection);
    const index = this.#idle.findIndex((entry) => entry.connection === connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#assignQueued();
  }

  #assignQueued(): void {
    for (let pending = this.#queue.shift(); pending; pending = this.#queue.shift()) {
      if (this.#assign(pending)) continue;
      this.#queue.unshift(pending);
      return;
    }
  }

  /** Assigns an idle or a new connection; returns false when the request has to wait. */
  #assign(pending: PendingRequest): boolean {
    const connection = this.#takeIdle();
    if (connection) this.#sendAfterPoll(connection, pending);
    else if (this.#connections.size + this.#connecting.size < this.#options.connections) this.#openConnection(pending);
    else return false;
    return true;
  }

  #takeIdle(): UpstreamConnection | undefined {
    for (let entry = this.#idle.pop(); entry; entry = this.#idle.pop()) {
      if (entry.expiresAt > performance.now() && entry.connection.usable) return entry.connection;
      entry.connection.close();
    }
    return undefined;
  }

  /**
   * Sends a request on an idle connection after the event loop has polled every socket once more: bytes or an end of the
   * connection that already arrived belong to an earlier response. It takes two immediates, because the first one may run
   * before the next poll.
   */
  #sendAfterPoll(connection: UpstreamConnection, pending: PendingRequest): void {
    if (this.#assigned.length === 0)
      setImmediate(() => {
        const batch = this.#assigned;
        this.#assigned = [];
        setImmediate(() => {
          for (const assignment of batch) this.#sendIfUsable(assignment);
        });
      });
    this.#assigned.push({ connection, pending });
  }

  #sendIfUsable({ connection, pending }: Assignment): void {
    if (connection.usable && performance.now() >= this.#distrustUntil) {
      connection.send(pending.request, pending.handler);
      return;
    }
    connection.close();
    // No byte of the request was sent, so it can use another connection.
    if (this.#destroyed) pending.handler.onError(poolClosed());
    else if (!this.#assign(pending)) this.#queue.unshift(pending);
  }

  #openConnection(pending: PendingRequest): void {
    const fail = (error: Error = closedWhileConnecting()) => {
      if (!this.#connecting.delete(connecting)) return;
      connecting.cancel();
      pending.handler.onError(error);
      this.#assignQueued();
    };
    const { open, maxAge } = this.#options;
    const connecting = open(this, {
      onFailed: fail,
      onOpen: (connection) => {
        this.#connecting.delete(connecting);
        this.#connections.set(connection, maxAge ? performance.now() + maxAge() : Number.POSITIVE_INFINITY);
        connection.send(pending.request, pending.handler);
      },
    });
    this.#connecting.set(connecting, { deadline: performance.now() + this.#options.connectTimeout, fail });
  }

  #enforceTimeLimits(): void {
    const now = performance.now();
    for (const { deadline, fail } of this.#connecting.values())
      if (now >= deadline) fail(new UpstreamFault('UPSTREAM_CONNECT_TIMEOUT', 'no connection within the time limit'));
    for (const connection of this.#connections.keys()) connection.checkDeadline(now);
    for (const { connection, expiresAt } of this.#idle) if (expiresAt <= now) connection.close();
  }
}

/** Creates the pool of an upstream. The first request opens the first connection. */
export function createPool(options: PoolOptions): Pool {
  return new ConnectionPool(options);
}

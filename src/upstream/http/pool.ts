/** The connections to one upstream: kept while they are good, never more than allowed. */
import type { Socket } from 'node:net';
import { type Connect, type ConnectOptions, createConnect } from './connect.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { UpstreamFault } from './fault.ts';
import type { ConnectionLimits, ResponseHandler, UpstreamRequest } from './request-port.ts';

export interface PoolOptions extends ConnectOptions, ConnectionLimits {
  /** Most connections at a time; further calls wait for one. */
  readonly connections: number;
  /** Milliseconds until a connection has to stand. */
  readonly connectTimeout: number;
  /** The upstream was found to send more than its responses, and its connections are not reused for a while. */
  onDistrust?(): void;
}

export interface Pool {
  /** Sends a request, at once or when a connection is free; the handler is told how it goes, perhaps before this returns. */
  dispatch(request: UpstreamRequest, handler: ResponseHandler): void;
  /** Cuts all connections. */
  destroy(): void;
}

/**
 * How long an idle connection is kept. Below the 5 s of Node, Apache and uvicorn, since a request that meets a closing
 * connection fails; a `Keep-Alive: timeout` of the upstream moves it, less a second for the way there.
 */
const IDLE_MS = 4_000;
const LONGEST_IDLE_MS = 60_000;
const LATENCY_MARGIN_MS = 1_000;
/** How long no connection is reused after the upstream sent bytes beyond a response. */
const DISTRUST_MS = 600_000;
/** How exactly time limits are kept. */
const POLL_INTERVAL_MS = 50;

interface PendingRequest {
  readonly request: UpstreamRequest;
  readonly handler: ResponseHandler;
}

/** Opens nothing yet. */
export function createPool(options: PoolOptions): Pool {
  const connect: Connect = createConnect(options);
  /** Free connections and until when (performance.now()), the one used last at the end: it is the warmest. */
  const idle: { connection: Connection; until: number }[] = [];
  /** Calls with the idle connections that were chosen for them, before the check of these. */
  const chosen: { connection: Connection; call: PendingRequest }[] = [];
  const open = new Set<Connection>();
  /** Connections that do not stand yet, and until when they have to. */
  const opening = new Map<Socket, number>();
  const waiting: PendingRequest[] = [];
  let distrustUntil = 0;
  let destroyed = false;

  const owner: ConnectionOwner = {
    onFree(connection, hint) {
      const now = performance.now();
      const longest = hint === undefined ? IDLE_MS : Math.min(LONGEST_IDLE_MS, hint - LATENCY_MARGIN_MS);
      if (longest <= 0 || now < distrustUntil) return connection.close();
      idle.push({ connection, until: now + longest });
      next();
    },
    onStray() {
      const now = performance.now();
      if (now >= distrustUntil) options.onDistrust?.();
      distrustUntil = now + DISTRUST_MS;
      // What one connection had too much may be on its way on the others as well.
      for (const { connection } of idle.splice(0)) connection.close();
    },
    onClosed(connection) {
      open.delete(connection);
      const at = idle.findIndex((entry) => entry.connection === connection);
      if (at >= 0) idle.splice(at, 1);
      next();
    },
  };

  /**
   * Sends a call on an idle connection, but not before every socket was read once more: bytes that are there already, or the
   * end of the connection, belong to an earlier response. Two immediates, since the first may run before the next poll.
   */
  function choose(connection: Connection, call: PendingRequest): void {
    if (chosen.length === 0)
      setImmediate(() => {
        const batch = chosen.splice(0);
        setImmediate(() => {
          for (const entry of batch) sendChecked(entry.connection, entry.call);
        });
      });
    chosen.push({ connection, call });
  }
  function sendChecked(connection: Connection, call: PendingRequest): void {
    if (connection.usable && performance.now() >= distrustUntil) {
      connection.send(call.request, call.handler);
      return;
    }
    connection.close();
    // Nothing of the call was sent.
    if (destroyed) call.handler.onError(new UpstreamFault('UPSTREAM_CLOSED', 'the gateway closes'));
    else if (!place(call)) waiting.unshift(call);
  }
  function takeIdle(): Connection | undefined {
    for (let entry = idle.pop(); entry; entry = idle.pop()) {
      if (entry.until > performance.now() && entry.connection.usable) return entry.connection;
      entry.connection.close();
    }
    return undefined;
  }
  function next(): void {
    for (let call = waiting.shift(); call; call = waiting.shift()) {
      if (place(call)) continue;
      waiting.unshift(call);
      return;
    }
  }
  /** Gives the call a connection, or a new one; false when it has to wait. */
  function place(call: PendingRequest): boolean {
    const connection = takeIdle();
    if (connection) choose(connection, call);
    else if (open.size + opening.size < options.connections) openFor(call);
    else return false;
    return true;
  }

  function openFor(call: PendingRequest): void {
    let connection: Connection | undefined;
    const socket = connect(
      (chunk) => connection?.feed(chunk),
      () => {
        opening.delete(socket);
        socket.off('error', failed).off('close', closed);
        connection = new Connection(socket, options, owner);
        open.add(connection);
        connection.send(call.request, call.handler);
      },
    );
    const failed = (error: Error) => {
      if (!opening.delete(socket)) return;
      socket.destroy();
      call.handler.onError(error);
      next();
    };
    const closed = () => failed(new UpstreamFault('UPSTREAM_CLOSED', 'the connection closed before it stood'));
    opening.set(socket, performance.now() + options.connectTimeout);
    socket.on('error', failed).on('close', closed);
  }

  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, deadline] of opening)
      if (now >= deadline)
        socket.destroy(new UpstreamFault('UPSTREAM_CONNECT_TIMEOUT', 'the connection did not stand in time'));
    for (const connection of open) connection.check(now);
    for (const { connection, until } of idle) if (until <= now) connection.close();
  }, POLL_INTERVAL_MS).unref();

  return {
    dispatch(request, handler) {
      const call = { request, handler };
      if (destroyed) queueMicrotask(() => handler.onError(new UpstreamFault('UPSTREAM_CLOSED', 'the gateway closes')));
      else if (waiting.length > 0 || !place(call)) waiting.push(call);
    },
    destroy() {
      destroyed = true;
      clearInterval(timer);
      for (const [socket] of opening) socket.destroy();
      for (const connection of open) connection.close();
      for (const { handler } of waiting.splice(0))
        handler.onError(new UpstreamFault('UPSTREAM_CLOSED', 'the gateway closes'));
    },
  };
}

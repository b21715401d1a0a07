/** HTTP/2 on the public port: each stream becomes a request of node:http, so that every rule of the edge holds for it. */
import type { Server } from 'node:http';
import { performServerHandshake, type ServerOptions } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ClientSession, type SessionEvents, type SessionLimits } from './client-session.ts';
import { SessionSocket } from './session-socket.ts';

/** What is measured. */
export interface Http2Metrics extends SessionEvents {
  /** Adds a source of the number of open sessions. */
  watchSessions(read: () => number): void;
}

export interface Http2Options {
  /** Handles the requests. It never listens, and has no time-outs of its own. */
  readonly http: Server;
  readonly maxConcurrentStreams: number;
  readonly limits: SessionLimits & { readonly headerSize: number };
  readonly metrics: Http2Metrics;
}

export interface Http2 {
  /** Serves a connection on which the client has chosen HTTP/2. */
  accept(socket: TLSSocket): void;
  /** Tells all clients, and those that come, to send their next requests on another connection. */
  announceEnd(): void;
  /** Ends the sessions after their requests in progress; accepts none from now on. */
  close(): void;
}

const CHECK_INTERVAL_MS = 1_000;
/** What may arrive of one body, and of all bodies of a connection, before the gateway has passed it on. */
const STREAM_WINDOW = 256 * 1024;
const SESSION_WINDOW = 1024 * 1024;
/** Megabytes that Node may hold for one connection, without the responses in progress; of those 64 KiB may wait each. */
const MAX_SESSION_MEMORY = 10;
const WAITING_RESPONSES_PER_MEGABYTE = 16;
/** Malformed frames and empty ones that end a session. */
const MAX_INVALID_FRAMES = 100;
/** Fields of a request. A browser sends each cookie as a field of its own; the size has a limit as well. */
const MAX_FIELDS = 1_000;

/**
 * Twice the size of a head reaches the edge, which answers 431; a longer one is reset by Node before it is stored. Node counts 32
 * bytes more for each field (RFC 9113 section 6.5.2).
 */
const sessionOptions = ({ maxConcurrentStreams, limits }: Http2Options): ServerOptions => ({
  maxSessionMemory: MAX_SESSION_MEMORY + Math.ceil(maxConcurrentStreams / WAITING_RESPONSES_PER_MEGABYTE),
  maxSessionInvalidFrames: MAX_INVALID_FRAMES,
  maxHeaderListPairs: MAX_FIELDS,
  // An upstream may repeat a field that has one value, as over HTTP/1.1.
  strictSingleValueFields: false,
  settings: {
    maxConcurrentStreams,
    initialWindowSize: STREAM_WINDOW,
    maxHeaderListSize: 2 * limits.headerSize + 32 * MAX_FIELDS,
    // No RFC 8441: WebSockets stay on HTTP/1.1.
    enableConnectProtocol: false,
  },
});

export function createHttp2(options: Http2Options): Http2 {
  const { http, limits, metrics } = options;
  const settings = sessionOptions(options);
  const sessions = new Set<ClientSession>();
  let state: 'open' | 'announced' | 'closed' = 'open';
  metrics.watchSessions(() => sessions.size);
  const timer = setInterval(() => {
    const now = performance.now();
    for (const session of sessions) session.check(now);
  }, CHECK_INTERVAL_MS).unref();

  return {
    accept(socket) {
      const guarded = new SessionSocket(socket);
      const session = performServerHandshake(guarded, settings);
      const client = new ClientSession(session, guarded, http, limits, metrics);
      sessions.add(client);
      session.once('close', () => sessions.delete(client));
      session.setLocalWindowSize(SESSION_WINDOW);
      if (state !== 'open') client.announceEnd();
      if (state === 'closed') client.close('drain');
    },
    announceEnd() {
      state = 'announced';
      for (const session of sessions) session.announceEnd();
    },
    close() {
      state = 'closed';
      clearInterval(timer);
      for (const session of sessions) session.close('drain');
    },
  };
}

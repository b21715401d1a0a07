/** Clients of a soak test: HTTP/1.1 with `fetch`, or several users on one connection of HTTP/2. */
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

interface SentRequest {
  /** Origin of the gateway. */
  origin: string;
  path: string;
  method: string;
  headers: Record<string, string>;
}

export interface Client {
  /** Returns the status of the response, or 0 if there was none. */
  send(request: SentRequest): Promise<number>;
}

/** The gateway limits each wait, so a request that takes longer was lost. */
const LONGEST_MS = 60_000;
/** Share of the requests over HTTP/2 that their client cancels, and sends again. */
const CANCELLED = 0.01;
const LATEST_CANCELLATION_MS = 20;
/** Those that `fetch` adds: without them a sign-out is a navigation, with a redirect as the response. */
const FETCH_HEADERS = { accept: '*/*', 'sec-fetch-mode': 'cors' };

/** HTTP/1.1, over TLS if the origin is one of https. */
export const http1Client: Client = {
  async send({ origin, path, method, headers }) {
    const response = await fetch(origin + path, { method, headers, redirect: 'manual' }).catch(() => undefined);
    // Reads the whole body, so that the connection can be reused.
    await response?.arrayBuffer().catch(() => undefined);
    return response?.status ?? 0;
  },
};

/** One connection of HTTP/2 for each origin; all requests of its users share it. */
export function createHttp2Client(): Client {
  const sessions = new Map<string, ClientHttp2Session>();

  function sessionTo(origin: string): ClientHttp2Session {
    const open = sessions.get(origin);
    if (open && !open.closed && !open.destroyed) return open;
    const session = connect(origin).on('error', () => session.destroy());
    // A gateway that stops says so: the next request needs another connection.
    session.on('goaway', () => session.close());
    sessions.set(origin, session);
    return session;
  }

  function open({ origin, path, method, headers }: SentRequest) {
    const own = { ':path': path, ':method': method, ...FETCH_HEADERS };
    return sessionTo(origin).request({ ...own, ...headers }, { endStream: true });
  }

  async function cancel(request: SentRequest): Promise<void> {
    const stream = open(request).on('error', () => {});
    const closed = new Promise((resolve) => stream.once('close', resolve));
    // Before, during or after the response.
    await sleep(Math.random() * LATEST_CANCELLATION_MS);
    stream.resume().close(constants.NGHTTP2_CANCEL);
    await closed;
  }

  async function receive(request: SentRequest): Promise<number> {
    const stream = open(request);
    let status = 0;
    stream.on('response', ({ ':status': received = 0 }) => {
      status = received;
    });
    stream.setTimeout(LONGEST_MS, () => {
      throw new Error(`no response to ${request.path} within ${LONGEST_MS} ms`);
    });
    await text(stream);
    return status;
  }

  return {
    async send(request) {
      if (request.method === 'GET' && Math.random() < CANCELLED) await cancel(request).catch(() => undefined);
      return receive(request).catch(() => 0);
    },
  };
}

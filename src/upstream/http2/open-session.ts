/** Opens connections of HTTP/2. */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connecting } from '../connect/attempts.ts';
import type { Connect } from '../connect/connect.ts';
import { closedEarly, protocolError } from '../http/fault.ts';

export interface SessionEvents {
  /** The upstream has said how many streams it allows. */
  onOpen(client: ClientHttp2Session): void;
  /** No connection; without an error when the upstream closed it. May be called again, and after `cancel`. */
  onFailed(error?: Error): void;
}

export interface SessionOptions {
  readonly connect: Connect;
  readonly origin: string;
  /** Maximum size of the head of a response. */
  readonly maxHeadBytes: number;
}

/** Bytes of a response that wait for a slow client, and of all responses of a connection. */
const STREAM_WINDOW = 256 * 1024;
const SESSION_WINDOW = 4 * 1024 * 1024;

/** A field that a client repeats reaches the upstream as it does over HTTP/1.1; the types know this option for servers only. */
const REPEATED_FIELDS = { strictSingleValueFields: false };

const notHttp2 = () => protocolError('the upstream does not speak HTTP/2: it selected no h2 in TLS (ALPN)');

function startSession(socket: Socket, options: SessionOptions, { onOpen, onFailed }: SessionEvents) {
  const { origin, maxHeadBytes } = options;
  const client = connectHttp2(origin.startsWith('https:') ? origin : 'http://upstream', {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW, maxHeaderListSize: maxHeadBytes },
    maxSessionMemory: 64,
    ...REPEATED_FIELDS,
  });
  // After that, the streams fail with the same error.
  client.on('error', (error) => onFailed(error)).on('close', () => onFailed(closedEarly()));
  // The first frame of every server (RFC 9113 section 3.4).
  client.once('remoteSettings', () => {
    client.setLocalWindowSize(SESSION_WINDOW);
    onOpen(client);
  });
  return client;
}

/** Opens a connection; its owner limits the time. */
export function openSession(options: SessionOptions, events: SessionEvents): Connecting {
  let client: ClientHttp2Session | undefined;
  let cancelled = false;
  const attempt = options.connect({
    onFailed: events.onFailed,
    onConnected(socket) {
      const isHttp2 = !(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2';
      if (!cancelled && isHttp2) client = startSession(socket, options, events);
      else socket.destroy();
      if (!isHttp2) events.onFailed(notHttp2());
    },
  });
  return {
    cancel() {
      cancelled = true;
      attempt.cancel();
      client?.destroy();
    },
  };
}

/** One WebSocket connection through the gateway, from the handshake to the last byte. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../../base/errors.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { endWithResponse, renderErrorOnSocket } from '../../responses/socket-response.ts';
import { upstreamError } from '../../upstream/failures.ts';
import { closeFrame, createFrameTracker } from './frames.ts';
import type { ProxyHooks } from './http-proxy.ts';

/** Close code for a session that ended: of the private range (RFC 6455 section 7.4.2), to be read as "401". */
export const SESSION_ENDED = 4401;

/** What an upstream may say in its answer to a handshake; cookies and the like go no other way than through a response. */
const HANDSHAKE = new Set(['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions']);
/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** How long a side may take to close after it was told so. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface WebSocketTunnelParts {
  context: RequestContext;
  socket: Socket;
  path: string;
  /** Told of each answer of the upstream. */
  onAnswer?(status: number, headers: IncomingMessage['headers']): unknown;
  /** The upstream agreed: bytes flow. */
  onOpen(): void;
}

/** RFC 6455 section 4.2.2: anything else than this is no WebSocket, and no tunnel is opened for it. */
function agrees(response: IncomingMessage, key: string | undefined): boolean {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const { headers } = response;
  return headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-accept'] === accept;
}

function keepHandshake({ headers }: IncomingMessage, requestId: string): void {
  for (const name of Object.keys(headers)) if (!HANDSHAKE.has(name)) delete headers[name];
  Object.assign(headers, { connection: 'Upgrade', upgrade: 'websocket', 'x-request-id': requestId });
}

function endSoon(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** The passage of one handshake, and how to end what comes of it. */
export function createWebSocketTunnel({ context, socket, path, onAnswer, onOpen }: WebSocketTunnelParts) {
  const frames = createFrameTracker();
  let upstream: Socket | undefined;

  function refuse(error: GatewayError): void {
    context.log.warn({ err: error }, 'WebSocket not opened');
    renderErrorOnSocket(socket, error, context.id);
  }
  function onResponse(response: IncomingMessage): void {
    const status = response.statusCode ?? 502;
    onAnswer?.(status, response.headers);
    if (status < 400) refuse(new GatewayError('upstream_failed', { detail: `answered ${status} to a handshake` }));
    else endWithResponse(socket, status, { 'x-request-id': context.id });
  }
  function onAgreement(response: IncomingMessage, opened: Socket): void {
    onAnswer?.(101, response.headers);
    if (!agrees(response, context.req.headers['sec-websocket-key'])) {
      opened.destroy();
      refuse(new GatewayError('upstream_failed', { detail: 'switched to something that is no WebSocket' }));
      return;
    }
    keepHandshake(response, context.id);
    upstream = opened;
    // Not before the proxy has put back what came with the agreement: a reader of its own would swallow it.
    socket.once('pipe', () => opened.on('data', frames.follow));
    opened.once('close', () => endSoon(socket));
    socket.once('close', () => endSoon(opened));
    onOpen();
  }

  const passage: ProxyHooks = {
    path,
    onHandshake(sent) {
      if (socket.destroyed) sent.destroy();
      socket.once('close', () => sent.destroy());
      sent.once('response', onResponse).once('upgrade', onAgreement);
    },
    onError(error) {
      if (!upstream) return refuse(upstreamError(error));
      upstream.destroy();
      socket.destroy();
    },
  };

  /** The session ended: says so, if the conversation is between two frames, and ends both sides. */
  function end(): void {
    if (!upstream) {
      refuse(new GatewayError('unauthenticated', { detail: 'the session ended during the handshake' }));
      return;
    }
    upstream.unpipe(socket);
    socket.unpipe(upstream);
    if (frames.mayInsert()) socket.write(closeFrame(SESSION_ENDED, 'session ended'));
    socket.resume();
    endSoon(socket);
  }

  return { passage, end };
}

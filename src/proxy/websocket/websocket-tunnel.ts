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

/** Close code for a session that ended: private range (RFC 6455 section 7.4.2), modelled on 401. */
export const SESSION_ENDED = 4401;
/** Close code for a gateway that stops (RFC 6455 section 7.4.1). */
export const GOING_AWAY = 1001;

/** Headers of an upstream's handshake response that are passed on; cookies and others need a plain response. */
const HANDSHAKE_HEADERS = new Set(['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions']);
/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** How long a peer may take to close its side after the gateway closed the other. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface WebSocketTunnelParts {
  context: RequestContext;
  socket: Socket;
  /** Path and query for the upstream. */
  path: string;
  /** Called with each response of the upstream to the handshake. */
  onHandshakeResponse?: ((status: number, headers: IncomingMessage['headers']) => unknown) | undefined;
  /** Called with the error of a handshake that is refused. */
  onRefused?: ((error: GatewayError) => void) | undefined;
  /** Called when the upstream has accepted the handshake and bytes flow. */
  onOpen(): void;
}

/** Returns whether the upstream accepted this handshake; anything else is not a WebSocket (RFC 6455 section 4.2.2). */
function accepts(response: IncomingMessage, key: string | undefined): boolean {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const { headers } = response;
  return headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-accept'] === accept;
}

function keepHandshakeHeaders({ headers }: IncomingMessage, requestId: string): void {
  for (const name of Object.keys(headers)) if (!HANDSHAKE_HEADERS.has(name)) delete headers[name];
  Object.assign(headers, { connection: 'Upgrade', upgrade: 'websocket', 'x-request-id': requestId });
}

/** Ends the socket, and destroys it if the peer does not close in time. */
function endWithTimeout(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

function refuseHandshake({ context, socket, onRefused }: WebSocketTunnelParts, error: GatewayError): void {
  const { id, log, access } = context;
  onRefused?.(error);
  log.warn({ err: error }, 'failed to open WebSocket; handshake refused');
  access?.respondedWith(error.status, error.code);
  renderErrorOnSocket(socket, error, id);
}

/** Creates the proxy hooks of one handshake, and `end`, which ends the handshake or the open WebSocket. */
export function createWebSocketTunnel(parts: WebSocketTunnelParts) {
  const { context, socket, path, onHandshakeResponse, onOpen } = parts;
  const frames = createFrameTracker();
  let upstream: Socket | undefined;

  const refuse = (error: GatewayError) => refuseHandshake(parts, error);
  function onResponse(response: IncomingMessage): void {
    const status = response.statusCode ?? 502;
    onHandshakeResponse?.(status, response.headers);
    if (status < 400) refuse(new GatewayError('upstream_failed', { detail: `status ${status} for a handshake` }));
    else {
      context.access?.respondedWith(status);
      endWithResponse(socket, status, { 'x-request-id': context.id });
    }
  }
  function onUpgrade(response: IncomingMessage, upgraded: Socket): void {
    onHandshakeResponse?.(101, response.headers);
    if (!accepts(response, context.req.headers['sec-websocket-key'])) {
      upgraded.destroy();
      refuse(new GatewayError('upstream_failed', { detail: 'the upstream switched to another protocol' }));
      return;
    }
    keepHandshakeHeaders(response, context.id);
    upstream = upgraded;
    context.access?.respondedWith(101);
    // Wait for the pipe: before it, the proxy puts back the bytes that arrived with the 101, and a listener would take them.
    socket.once('pipe', () => upgraded.on('data', frames.follow));
    upgraded.once('close', () => endWithTimeout(socket));
    socket.once('close', () => endWithTimeout(upgraded));
    onOpen();
  }

  const hooks: ProxyHooks = {
    path,
    onHandshake(request) {
      if (socket.destroyed) request.destroy();
      socket.once('close', () => request.destroy());
      request.once('response', onResponse).once('upgrade', onUpgrade);
    },
    onError(error) {
      if (!upstream) return refuse(upstreamError(error));
      upstream.destroy();
      socket.destroy();
    },
  };

  const close = (code: number, reason: string) => {
    if (frames.mayInsert()) socket.write(closeFrame(code, reason));
    socket.resume();
    endWithTimeout(socket);
  };

  /** Ends both sides because the session ended; sends a Close frame if the stream is between two frames. */
  function end(): void {
    if (!upstream) {
      refuse(new GatewayError('unauthenticated', { detail: 'the session ended during the handshake' }));
      return;
    }
    upstream.unpipe(socket);
    socket.unpipe(upstream);
    close(SESSION_ENDED, 'session ended');
  }

  /** Ends both sides because the gateway stops, with a Close frame after the current frame of the upstream. */
  function endAfterFrame(): void {
    if (!upstream) return;
    upstream.unpipe(socket).off('data', frames.follow);
    socket.unpipe(upstream);
    const timer = setTimeout(finish, CLOSE_TIMEOUT_MS).unref();
    function finish(): void {
      clearTimeout(timer);
      upstream?.off('data', passFrame);
      close(GOING_AWAY, 'going away');
    }
    function passFrame(chunk: Buffer): void {
      socket.write(chunk.subarray(0, frames.followFrame(chunk)));
      if (frames.mayInsert()) finish();
    }
    if (frames.mayInsert()) finish();
    else upstream.on('data', passFrame).resume();
  }

  return { hooks, end, endAfterFrame };
}

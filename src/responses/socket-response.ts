/** Responses to an upgrade that opens no tunnel, on a socket for which Node has no response object. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type GatewayError, problemOf } from '../base/errors.ts';
import { GATEWAY_HEADER } from '../client/gateway-header.ts';

/** Writes a complete response and closes the connection. Does nothing if the socket is no longer writable. */
export function endWithResponse(socket: Duplex, status: number, headers: Record<string, string>, body = ''): void {
  if (!socket.writable) return;
  const allHeaders = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(allHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  // Nothing else reads this socket. Data of the client is discarded; unread, it would hide the end of the connection.
  socket.resume();
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
}

/** Responds with an error as a problem document (RFC 9457) and closes the connection. */
export function renderErrorOnSocket(socket: Duplex, error: GatewayError, requestId: string): void {
  const { status, retryAfter } = error;
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...error.headers,
    [GATEWAY_HEADER]: error.code,
  };
  endWithResponse(socket, status, headers, JSON.stringify(problemOf(error, requestId)));
}

/** Answers to a handshake that opens no tunnel, on a socket for which Node has no response object. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type GatewayError, problemOf } from '../base/errors.ts';
import { GATEWAY_HEADER } from '../client/gateway-header.ts';

/** Writes a whole answer and closes the connection. Does nothing on a socket that cannot be written any more. */
export function endWith(socket: Duplex, status: number, headers: Record<string, string>, body = ''): void {
  if (!socket.writable) return;
  const all = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // Nobody else reads this socket: what the client sent already is thrown away, its end would never be seen.
  socket.resume();
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
}

/** Answers with an error as a problem document (RFC 9457) and closes the connection. */
export function answerOnSocket(socket: Duplex, error: GatewayError, requestId: string): void {
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
  endWith(socket, status, headers, JSON.stringify(problemOf(error, requestId)));
}

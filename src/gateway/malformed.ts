/** Responds to bytes that are not an HTTP request: Node's parser reports them without a request. */
import { IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../base/error-table.ts';
import { GatewayError } from '../base/errors.ts';
import { responseOn } from '../edge/in-turn.ts';
import type { FailureResponder } from './failures.ts';

/** Handles the `clientError` event of a server. */
export type RejectMalformed = (error: Error, socket: Duplex) => void;

/** The errors of Node's parser that are not a malformed request. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_INVALID_VERSION: 'version_not_supported',
  HPE_PAUSED_H2_UPGRADE: 'version_not_supported',
};

const codeOf = (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Whether it is a socket, or the stream of HTTP/2 that has the methods of one. */
const isSocket = (socket: Duplex): socket is Socket => 'bytesRead' in socket;

/** Completes the response, then closes the connection before the next response of the connection gets its turn. */
function closeAfter(response: ServerResponse, socket: Socket): void {
  if (!response.headersSent) response.shouldKeepAlive = false;
  else response.prependOnceListener('finish', () => socket.destroySoon());
}

/**
 * Creates the handler. It responds under the id of the request whose body is malformed, or of a new one, unless a response is
 * being sent; then it closes the connection. Malformed bytes behind a complete request do not concern its response (RFC 9112
 * section 9.3.2): it is delivered first.
 */
export function createRejectMalformed(failures: Pick<FailureResponder, 'respondOnSocket'>): RejectMalformed {
  /** Connections that close after their response: each further chunk of bytes is reported again. */
  const closing = new WeakSet<Duplex>();

  return function rejectMalformed(error, socket) {
    const response = responseOn(socket);
    const code = codeOf(error);
    // Bytes after the last request are ignored, and its response is completed (RFC 9112 section 9.6).
    if (socket.writableEnded || (code === 'HPE_CLOSED_CONNECTION' && response)) return;
    // A connection without a byte is one that a browser opened for later.
    const unused = !isSocket(socket) || socket.bytesRead === 0;
    if (unused || !socket.writable) return void socket.destroy();
    // A client that ends its side no longer waits for the response, as after well-formed bytes.
    const isBehind = response?.req.complete && !socket.readableEnded;
    if (isBehind) {
      if (!closing.has(socket)) closeAfter(response, socket);
      closing.add(socket);
      return;
    }
    if (response?.headersSent || response?.req.complete) return void socket.destroy();
    const req = response?.req ?? new IncomingMessage(socket);
    failures.respondOnSocket(req, socket, new GatewayError(CODES[code] ?? 'bad_request', { detail: code }));
  };
}

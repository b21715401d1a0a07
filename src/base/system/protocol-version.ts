/** The version of HTTP in which a request was received. */
import type { IncomingMessage } from 'node:http';

/** Whether a connection, or the stream of a request, is one of HTTP/2. */
export const isHttp2 = (socket: object): boolean => 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';

/** `1.0`, `1.1` or `2`: node:http sees each stream of HTTP/2 as a connection with one request of HTTP/1.1. */
export const receivedVersion = ({ socket, httpVersion }: Pick<IncomingMessage, 'socket' | 'httpVersion'>): string =>
  isHttp2(socket) ? '2' : httpVersion;

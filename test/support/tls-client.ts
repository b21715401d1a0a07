/** An HTTPS client of one connection each, with the certificate that the server presented. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { within } from './wait.ts';

export interface TlsResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request on a connection of its own. */
export async function requestOverTls(port: number, options: RequestOptions): Promise<TlsResponse> {
  const req = requestHttps({ host: '127.0.0.1', port, agent: false, ...options });
  const [res] = await within(once(req.end(), 'response'), 'a response over TLS');
  return { status: res.statusCode, headers: res.headers, body: await text(res) };
}

/** Completes a handshake; rejects if it fails. */
export async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  await within(once(socket, 'secureConnect'), 'a TLS handshake');
  return socket.on('error', () => {});
}

/** The common name of the certificate that the server presents for a host name. */
export async function presentedTo(port: number, servername: string): Promise<string | undefined> {
  const socket = await handshake(port, { servername });
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return typeof CN === 'string' ? CN : undefined;
}

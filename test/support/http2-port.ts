/** A port with HTTP/2 in front of a handler of node:http, and what it measured. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { createHttp2, type Http2, type Http2Options } from '../../src/server/http2/http2.ts';
import { LOOPBACK_CERTIFICATE, TEST_KEY } from './certificates.ts';

export interface Http2Port {
  readonly port: number;
  readonly http2: Http2;
  /** What was reported, in order: `request`, `reset client`, `goaway idle` and so on. */
  readonly events: readonly string[];
  /** Number of open connections. */
  connections(): number;
  /** Number of open sessions. */
  sessions(): number;
}

/** Starts the port for one test. */
export async function startHttp2Port(
  t: TestContext,
  handle: RequestListener,
  { limits, ...options }: { limits?: Partial<Http2Options['limits']>; maxConcurrentStreams?: number } = {},
): Promise<Http2Port> {
  const events: string[] = [];
  let sessions = () => 0;
  const http = createServer({ maxHeaderSize: 16_384, keepAliveTimeout: 0, requestTimeout: 0 }, handle);
  http.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return;
    socket.end(
      `HTTP/1.1 ${code === 'HPE_HEADER_OVERFLOW' ? 431 : 400} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    );
  });
  const http2 = createHttp2({
    http,
    maxConcurrentStreams: 128,
    ...options,
    limits: { headerSize: 16_384, headersTimeout: 15_000, keepAliveTimeout: 65_000, sendTimeout: 30_000, ...limits },
    metrics: {
      onRequest: () => void events.push('request'),
      onReset: (by) => void events.push(`reset ${by}`),
      onGoaway: (reason) => void events.push(`goaway ${reason}`),
      watchSessions(read) {
        sessions = read;
      },
    },
  });
  const sockets = new Set<TLSSocket>();
  const server = createTlsServer({ key: TEST_KEY, cert: LOOPBACK_CERTIFICATE, ALPNProtocols: ['h2'] }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    http2.accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    http2.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    http2,
    events,
    connections: () => sockets.size,
    sessions: () => sessions(),
  };
}

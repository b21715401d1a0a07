/** http-proxy-middleware, set up so that it only carries bytes: what goes out was decided before. */
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, type ServerResponse } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { lookup } from '../../upstream/loopback.ts';

/** One request or handshake that is proxied. */
export interface ProxyHooks {
  /** Path and query for the target, whatever `req.url` says. */
  readonly path: string;
  /** The target failed, or the client's socket did. */
  onError(error: Error): void;
  /** The handshake is about to go out; listeners set here come before those of the proxy. */
  onHandshake?(request: ClientRequest): void;
  /** The answer to a request is about to be passed on. */
  onResponse?(response: IncomingMessage): void;
}

export interface HttpProxy {
  /** Proxies a request with the headers that it has; resolves when the response is closed. */
  web(req: IncomingMessage, res: ServerResponse, passage: ProxyHooks): Promise<void>;
  /** Proxies a handshake with the given headers. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, headers: readonly string[], passage: ProxyHooks): void;
}

/** Raw header pairs as an object that node:http takes; repeated names become lists. */
export function headersOf(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const known = headers[name];
    headers[name] = known === undefined ? value : [...[known].flat(), value];
  }
  return headers;
}

/**
 * A proxy to one origin. Headers are never touched in its hooks: those are not called for every request (with `Expect` they
 * are not), and a call that they miss would go out with the client's own cookies and credentials.
 */
export function createHttpProxy(
  target: string,
  options: { ca?: string; cert?: string; key?: string; upgradeTimeout: number },
): HttpProxy {
  const { upgradeTimeout, ...tls } = options;
  const passages = new WeakMap<IncomingMessage, ProxyHooks>();
  const middleware = createProxyMiddleware({
    target,
    upgradeTimeout,
    // Connections are not kept: a handshake takes its own away, and a development server restarts at any time.
    agent: target.startsWith('https:') ? new TlsAgent({ lookup, ...tls }) : new PlainAgent({ lookup }),
    secure: true,
    // The path of a request may be no valid URL, and those are not proxied at all; it is put in after that test.
    pathRewrite: (_path, req) => passages.get(req)?.path,
    ejectPlugins: true,
    plugins: [
      (proxy) => {
        proxy.on('error', (error, req) => req && passages.get(req)?.onError(error));
        proxy.on('proxyReqWs', (request, req) => passages.get(req)?.onHandshake?.(request));
        proxy.on('proxyRes', (response, req) => passages.get(req)?.onResponse?.(response));
      },
    ],
  });
  return {
    web(req, res, passage) {
      passages.set(req, passage);
      req.url = '/';
      return middleware(req, res);
    },
    upgrade(req, socket, head, headers, passage) {
      // A view of the request, so that its own headers and path stay what they are for whoever logs them.
      const view = Object.create(req, {
        url: { value: '/', writable: true },
        headers: { value: headersOf(headers) },
      }) as IncomingMessage;
      passages.set(view, passage);
      middleware.upgrade(view, socket, head);
    },
  };
}

/** Adapter for http-proxy-middleware: it only carries bytes, because headers and path are decided by the caller. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { headersOf } from '../../base/header-names.ts';
import { createAgent } from '../../upstream/connect/agent.ts';
import type { TlsOptions } from '../../upstream/connect/connect.ts';
import { lookup } from '../../upstream/connect/loopback.ts';
import { httpUrlOf } from '../../upstream/connect/target-url.ts';

/** Path and callbacks of one proxied request or handshake. */
export interface ProxyHooks {
  /** Path and query for the target; replaces `req.url`. */
  readonly path: string;
  /** Called when the target or the client's socket fails. */
  onError(error: Error): void;
  /** Called before the handshake is sent; listeners added here run before those of the proxy. */
  onHandshake?(request: ClientRequest): void;
  /** Called before the response to a request is passed on. */
  onResponse?(response: IncomingMessage): void;
}

export interface HttpProxy {
  /** Proxies a request with its own headers; resolves when the response is closed. */
  web(req: IncomingMessage, res: ServerResponse, hooks: ProxyHooks): Promise<void>;
  /** Proxies a handshake with the given headers: names alternate with values. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, headers: readonly string[], hooks: ProxyHooks): void;
}

/**
 * Creates a proxy to one origin or Unix socket. Its hooks never change headers, because the library does not call them for every request
 * (with `Expect` it does not), and a request that they miss would carry the client's own cookies and credentials.
 */
export function createHttpProxy(
  target: string,
  options: TlsOptions & { upgradeTimeout: number; lookup?: LookupFunction },
): HttpProxy {
  const { upgradeTimeout, ...connection } = options;
  const hooksOf = new WeakMap<IncomingMessage, ProxyHooks>();
  const middleware = createProxyMiddleware({
    target: httpUrlOf(target),
    upgradeTimeout,
    // Connections are not kept alive: a handshake consumes its own, and a development server restarts at any time.
    agent: createAgent({ origin: target, lookup, ...connection }, upgradeTimeout),
    secure: true,
    // The library rejects a path that is not a valid URL, so the real path is set after that check.
    pathRewrite: (_path, req) => hooksOf.get(req)?.path,
    ejectPlugins: true,
    plugins: [
      (proxy) => {
        proxy.on('error', (error, req) => req && hooksOf.get(req)?.onError(error));
        proxy.on('proxyReqWs', (request, req) => hooksOf.get(req)?.onHandshake?.(request));
        proxy.on('proxyRes', (response, req) => hooksOf.get(req)?.onResponse?.(response));
      },
    ],
  });
  return {
    web(req, res, hooks) {
      hooksOf.set(req, hooks);
      req.url = '/';
      return middleware(req, res);
    },
    upgrade(req, socket, head, headers, hooks) {
      // A view of the request: log lines still need its own headers and path.
      const view = Object.create(req, {
        url: { value: '/', writable: true },
        headers: { value: headersOf(headers) },
      }) as IncomingMessage;
      hooksOf.set(view, hooks);
      middleware.upgrade(view, socket, head);
    },
  };
}

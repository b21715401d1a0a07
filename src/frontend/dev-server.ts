/** Proxies pages, modules and the hot-update WebSocket of the front end's development server. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../base/errors.ts';
import { headersOf } from '../base/header-names.ts';
import { isEventStream } from '../base/media-type.ts';
import type { Config } from '../config/schema/schema.ts';
import { hasBody } from '../edge/request-body.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { checkUpgradeOrigin } from '../policy/csrf.ts';
import type { OpenStreams } from '../proxy/forwarding/open-streams.ts';
import { expectsContinue } from '../proxy/forwarding/upload.ts';
import { createRequestHeaderRewriter } from '../proxy/headers/request-headers.ts';
import { createHttpProxy } from '../proxy/websocket/http-proxy.ts';
import { createWebSocketTunnel } from '../proxy/websocket/websocket-tunnel.ts';
import { upstreamError } from '../upstream/failures.ts';
import { createResponseCleaner } from './dev-server-response.ts';

export interface DevServer {
  /** Resolves when the response is closed; rejects with `GatewayError` if the server fails before anything was sent. */
  handle(context: RequestContext, res: ServerResponse): Promise<void>;
  /** Resolves when the tunnel is closed; rejects with `GatewayError` while nothing has been sent. */
  upgrade(context: RequestContext, socket: Duplex, head: Buffer): Promise<void>;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;

function checkHandshake({ publicUrl }: Config, { req }: RequestContext): void {
  if (req.method !== 'GET' || req.headers.upgrade?.toLowerCase() !== 'websocket' || hasBody(req)) {
    throw new GatewayError('upgrade_refused');
  }
  const outcome = checkUpgradeOrigin({ headers: req.headers, publicOrigin: publicUrl, allowedOrigins: [] });
  if (outcome.kind === 'refused') throw new GatewayError(outcome.code, { detail: outcome.reason });
}

/** Creates the proxy to the development server at `origin`. */
export function createDevServer(config: Config, origin: string, streams: Pick<OpenStreams, 'lasting'>): DevServer {
  const { host } = new URL(origin);
  const rewriteHeaders = createRequestHeaderRewriter(config);
  const proxy = createHttpProxy(origin, { upgradeTimeout: HANDSHAKE_TIMEOUT_MS });
  const cleanResponse = createResponseCleaner(config, origin);

  return {
    async handle(context, res) {
      const { req } = context;
      const headers = headersOf(rewriteHeaders(context, { host, requestCookies: 'forward' }));
      // A body without a length needs chunked framing on this connection too, or the server reads it as the next request.
      if (req.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
      if (expectsContinue(req)) res.writeContinue();
      // The headers are replaced before the proxy sees the request: it does not call its hooks for every request.
      req.headers = headers as typeof req.headers;
      const onResponse = (response: IncomingMessage) => {
        cleanResponse(response);
        response.headers['x-request-id'] = context.id;
        if (isEventStream(response.headers['content-type']))
          res.once(
            'close',
            streams.lasting.add(() => res.destroy()),
          );
      };
      await new Promise<void>((resolve, reject) => {
        // Once the response has begun, the proxy itself closes the connection of the client.
        const onError = (error: Error) => {
          if (!res.headersSent) reject(upstreamError(error));
        };
        proxy.web(req, res, { path: context.target.raw, onError, onResponse }).then(resolve, reject);
      });
    },
    async upgrade(context, duplex, head) {
      checkHandshake(config, context);
      const socket = duplex as Socket;
      if (socket.destroyed) return;
      const headers = rewriteHeaders(context, { host, requestCookies: 'forward', upgrade: true });
      let leave = () => {};
      const onOpen = () => {
        leave = streams.lasting.add(endAfterFrame);
      };
      const { hooks, endAfterFrame } = createWebSocketTunnel({ context, socket, path: context.target.raw, onOpen });
      await new Promise<void>((resolve) => {
        socket.once('close', resolve);
        proxy.upgrade(context.req, socket, head, headers, hooks);
      });
      leave();
    },
  };
}

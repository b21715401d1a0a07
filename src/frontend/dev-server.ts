/** The development server of the front end behind the gateway: pages, modules, and its WebSocket for hot updates. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { hasBody } from '../edge/request-body.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { checkUpgradeOrigin } from '../policy/csrf.ts';
import { expectsContinue } from '../proxy/forwarding/upload.ts';
import { createOwnCookie, setsOwnCookie } from '../proxy/headers/own-cookies.ts';
import { createRequestHeaderRewriter } from '../proxy/headers/request-headers.ts';
import { HOP_BY_HOP } from '../proxy/headers/request-names.ts';
import { isGatewayHeader } from '../proxy/headers/response-names.ts';
import { createHttpProxy, headersOf } from '../proxy/websocket/http-proxy.ts';
import { createWebSocketTunnel } from '../proxy/websocket/websocket-tunnel.ts';
import { cookieSettings } from '../session/cookies.ts';
import { upstreamError } from '../upstream/failures.ts';

export interface DevServer {
  /** Resolves when the response is closed; rejects with `GatewayError` when the server failed before anything was sent. */
  handle(context: RequestContext, res: ServerResponse): Promise<void>;
  /** Resolves when the conversation is over; rejects with `GatewayError` while nothing has been sent. */
  upgrade(context: RequestContext, socket: Duplex, head: Buffer): Promise<void>;
}

/** How long it may take to answer a handshake. */
const HANDSHAKE_MS = 10_000;

/**
 * Drops what is not for the browser: hop-by-hop headers (RFC 9110 section 7.6.1), the server's own address in Location,
 * the mark of the gateway, and cookies named like those of the gateway.
 */
function createCleaner(config: Config, origin: string): (response: IncomingMessage) => void {
  const isOwn = createOwnCookie(cookieSettings(config));
  return function clean({ headers }) {
    const named = (headers.connection ?? '').toLowerCase().split(',');
    for (const name of [...HOP_BY_HOP, 'connection', ...named.map((option) => option.trim())]) delete headers[name];
    for (const name of Object.keys(headers)) if (isGatewayHeader(name)) delete headers[name];
    const { location } = headers;
    if (location?.startsWith(`${origin}/`)) headers.location = location.slice(origin.length);
    const cookies = headers['set-cookie']?.filter((cookie) => !setsOwnCookie(cookie, isOwn));
    if (cookies?.length) headers['set-cookie'] = cookies;
    else delete headers['set-cookie'];
  };
}

/** Builds the way to the development server at `origin`. */
export function createDevServer(config: Config, origin: string): DevServer {
  const { host } = new URL(origin);
  const outgoing = createRequestHeaderRewriter(config);
  const proxy = createHttpProxy(origin, { upgradeTimeout: HANDSHAKE_MS });
  const onResponse = createCleaner(config, origin);

  function refuseHandshake({ req }: RequestContext): void {
    if (req.method !== 'GET' || req.headers.upgrade?.toLowerCase() !== 'websocket' || hasBody(req)) {
      throw new GatewayError('upgrade_refused');
    }
    const check = { headers: req.headers, publicOrigin: config.publicUrl, allowedOrigins: [] };
    const outcome = checkUpgradeOrigin(check);
    if (outcome.kind === 'refused') throw new GatewayError(outcome.code, { detail: outcome.reason });
  }

  return {
    async handle(context, res) {
      const { req } = context;
      const headers = headersOf(outgoing(context, { host, requestCookies: 'forward' }));
      // A body without a length needs chunks of its own on this connection, or the server takes it for a request.
      if (req.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
      if (expectsContinue(req)) res.writeContinue();
      // The request is changed before the proxy sees it: its hooks are not called for every request.
      req.headers = headers as typeof req.headers;
      await new Promise<void>((resolve, reject) => {
        // Once the answer has begun, the proxy itself cuts the client off.
        const onError = (error: Error) => {
          if (!res.headersSent) reject(upstreamError(error));
        };
        proxy.web(req, res, { path: context.target.raw, onError, onResponse }).then(resolve, reject);
      });
    },
    async upgrade(context, duplex, head) {
      refuseHandshake(context);
      const socket = duplex as Socket;
      if (socket.destroyed) return;
      const headers = outgoing(context, { host, requestCookies: 'forward', upgrade: true });
      const { passage } = createWebSocketTunnel({ context, socket, path: context.target.raw, onOpen: () => {} });
      await new Promise<void>((resolve) => {
        socket.once('close', resolve);
        proxy.upgrade(context.req, socket, head, headers, passage);
      });
    },
  };
}

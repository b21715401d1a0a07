/** Starts a plain HTTP server in front of the forwarder, to observe its behaviour from both sides. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../../src/base/errors.ts';
import type { RouteConfig } from '../../src/config/schema/schema.ts';
import { baseUrl } from '../../src/config/traffic/upstream-targets.ts';
import type { RequestContext } from '../../src/edge/request-context.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createForwarder } from '../../src/proxy/forwarding/forward.ts';
import type { ForwardOptions, ForwardRoute } from '../../src/proxy/forwarding/forward-options.ts';
import { createOpenStreams, type OpenStreams } from '../../src/proxy/forwarding/open-streams.ts';
import type { Shares } from '../../src/upstream/fair-slots.ts';
import { createUpstreams, type UpstreamParts } from '../../src/upstream/upstreams.ts';
import { upstreamClient } from './upstream-client.ts';

const HOP_BY_HOP = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host)$/i;

/** A route with the defaults of the configuration schema. */
export function route(upstream: RouteConfig['upstream'], changes: Partial<RouteConfig> = {}): RouteConfig {
  return {
    path: '/**',
    upstream,
    kind: 'api',
    crossSiteNavigation: 'allow',
    logoutPaths: [],
    hostHeader: 'upstream',
    claimsFrom: 'accessToken',
    claimEncoding: 'percent',
    rules: [{ token: 'none' }],
    introspect: false,
    upstreamToken: 'forward',
    csrf: 'header',
    websocket: true,
    allowedOrigins: [],
    claimHeaders: {},
    requestCookies: 'forward',
    requestHeaders: { pass: [], set: {}, add: {}, remove: [] },
    responseHeaders: { pass: [], set: {}, add: {}, remove: [] },
    setCookie: 'drop',
    cors: 'gateway',
    authorization: 'drop',
    documents: 'sandbox',
    cache: 'private',
    timeouts: { connect: 5_000, headers: 60_000, idle: 300_000 },
    connections: 128,
    maxQueue: 4096,
    maxStreams: 4096,
    websocketIdleTimeout: 0,
    bodies: 'forward',
    maintenance: false,
    ...changes,
  };
}

/** The defaults of the configuration schema. */
export const SHARES: Shares = { caller: 80, address: 90 };

export const quiet = createLogger('silent');

/** The request context that the edge creates for a request. */
export function contextOf(req: IncomingMessage): RequestContext {
  const raw = req.url ?? '/';
  const target = { raw, path: raw, query: '', segments: [], lenient: [] };
  return { req, id: 'test', target, clientIp: '127.0.0.1', secure: false, log: quiet };
}

/** Removes the hop-by-hop headers. */
export function withoutHopByHop(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!HOP_BY_HOP.test(raw[i] ?? '')) kept.push(raw[i] ?? '', raw[i + 1] ?? '');
  }
  return kept;
}

export interface Edge {
  readonly port: number;
  readonly streams: OpenStreams;
  /** How each request ended, in order: `over`, or the error code. */
  readonly outcomes: string[];
  /** Number of requests received so far. */
  requests(): number;
  /** Number of open client connections. */
  openConnections(): Promise<number>;
  close(): Promise<void>;
}

export interface EdgeOptions {
  /** Further options with which a request is forwarded. */
  options?: (req: IncomingMessage) => Partial<ForwardOptions>;
  /** Chooses the index of the route. */
  choose?: (req: IncomingMessage) => number;
  streams?: OpenStreams;
  headersTimeout?: number;
  shares?: Shares;
  /** Further parts of the upstreams, such as a clock. */
  upstreamParts?: Partial<UpstreamParts>;
  /** Runs before a request is forwarded; a thrown error becomes the response. */
  check?: (req: IncomingMessage) => void;
}

function respondWithError(res: ServerResponse, error: unknown): string {
  const gatewayError = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
  const body = JSON.stringify({ code: gatewayError.code, title: gatewayError.title, detail: gatewayError.hint });
  res.writeHead(gatewayError.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
  });
  res.end(body);
  return gatewayError.code;
}

/** Starts the server on a free port. */
export async function startEdge(
  routes: ForwardRoute | readonly ForwardRoute[],
  options: EdgeOptions = {},
): Promise<Edge> {
  const all = [routes].flat() as ForwardRoute[];
  const streams =
    options.streams ?? createOpenStreams({ store: { missing: async () => [] }, log: quiet, clock: Date.now });
  const upstreams = createUpstreams(all, {
    client: upstreamClient,
    shares: options.shares ?? SHARES,
    ...options.upstreamParts,
  });
  const forwarder = createForwarder({ routes: all, upstreams, streams });
  const outcomes: string[] = [];
  let received = 0;
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    received += 1;
    try {
      options.check?.(req);
      const chosen = all[options.choose?.(req) ?? 0] as ForwardRoute;
      await forwarder.forward(contextOf(req), res, chosen, {
        headers: ['host', new URL(baseUrl(chosen.upstream)).host, ...withoutHopByHop(req.rawHeaders)],
        path: req.url ?? '/',
        rewriteHeaders: (raw) => withoutHopByHop([...raw]),
        ...options.options?.(req),
      });
      outcomes.push('over');
    } catch (error) {
      outcomes.push(respondWithError(res, error));
    }
  };
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: options.headersTimeout ?? 15_000,
    connectionsCheckingInterval: 100,
  });
  server.on('request', handle).on('checkContinue', handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    streams,
    outcomes,
    requests: () => received,
    openConnections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      streams.close();
      await upstreams.close();
    },
  };
}

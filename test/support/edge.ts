/** A bare HTTP server in front of the forwarder, so that its behaviour can be seen from both ends. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../../src/base/errors.ts';
import type { RouteConfig } from '../../src/config/schema/schema.ts';
import type { RequestContext } from '../../src/edge/request-context.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createForwarder } from '../../src/proxy/forwarding/forward.ts';
import type { ForwardOptions, ForwardRoute } from '../../src/proxy/forwarding/forward-options.ts';
import { createOpenStreams, type OpenStreams } from '../../src/proxy/forwarding/open-streams.ts';

const HOP_BY_HOP = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host)$/i;

/** A route with the defaults of the configuration schema. */
export function route(upstream: string, changes: Partial<RouteConfig> = {}): RouteConfig {
  return {
    path: '/**',
    upstream,
    rules: [{ token: 'none' }],
    introspect: false,
    upstreamToken: 'forward',
    csrf: 'header',
    websocket: true,
    allowedOrigins: [],
    claimHeaders: {},
    requestCookies: 'forward',
    setCookie: 'drop',
    documents: 'sandbox',
    cache: 'private',
    timeouts: { connect: 5_000, headers: 60_000, idle: 300_000 },
    connections: 128,
    maxQueue: 4096,
    ...changes,
  };
}

export const quiet = createLogger('silent');

/** The exchange that the edge would make of a request. */
export function contextOf(req: IncomingMessage): RequestContext {
  const raw = req.url ?? '/';
  const target = { raw, path: raw, query: '', segments: [], lenient: [] };
  return { req, id: 'test', target, clientIp: '127.0.0.1', secure: false, log: quiet };
}

/** The request's own headers without the hop-by-hop ones. */
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
  /** How each call ended, in order: `over`, or the code of the error. */
  readonly outcomes: string[];
  /** Calls that arrived so far. */
  requests(): number;
  /** Client connections open now. */
  openConnections(): Promise<number>;
  close(): Promise<void>;
}

export interface EdgeOptions {
  /** Adds to what the call is forwarded with. */
  options?: (req: IncomingMessage) => Partial<ForwardOptions>;
  /** Chooses among several routes. */
  choose?: (req: IncomingMessage) => number;
  streams?: OpenStreams;
  headersTimeout?: number;
  /** Before the call is forwarded; an error is answered instead. */
  check?: (req: IncomingMessage) => void;
}

function answer(res: ServerResponse, error: unknown): string {
  const known = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
  const body = JSON.stringify({ code: known.code, title: known.title, detail: known.hint });
  res.writeHead(known.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
  });
  res.end(body);
  return known.code;
}

/** Starts it on a free port. */
export async function startEdge(
  routes: ForwardRoute | readonly ForwardRoute[],
  options: EdgeOptions = {},
): Promise<Edge> {
  const all = [routes].flat() as ForwardRoute[];
  const streams =
    options.streams ?? createOpenStreams({ store: { missing: async () => [] }, log: quiet, clock: Date.now });
  const forwarder = createForwarder({ routes: all, streams });
  const outcomes: string[] = [];
  let calls = 0;
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    calls += 1;
    try {
      options.check?.(req);
      const chosen = all[options.choose?.(req) ?? 0] as ForwardRoute;
      await forwarder.forward(contextOf(req), res, chosen, {
        headers: ['host', new URL(chosen.upstream).host, ...withoutHopByHop(req.rawHeaders)],
        path: req.url ?? '/',
        rewriteHeaders: (raw) => withoutHopByHop([...raw]),
        ...options.options?.(req),
      });
      outcomes.push('over');
    } catch (error) {
      outcomes.push(answer(res, error));
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
    requests: () => calls,
    openConnections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      streams.close();
      await forwarder.close();
    },
  };
}

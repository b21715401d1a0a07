/** Starts an HTTP server with the real data plane; only sessions and refreshes are simulated. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../../src/base/errors.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { createArrive } from '../../src/edge/arrival.ts';
import { createEdge } from '../../src/edge/edge.ts';
import { createDataPlane, type DataPlaneParts } from '../../src/gateway/data-plane.ts';
import type { AuditDetails, AuditEvent } from '../../src/observe/audit.ts';
import type { EnsureUsableToken, RefreshResult } from '../../src/oidc/refresh/refresh-result.ts';
import { createForwarder } from '../../src/proxy/forwarding/forward.ts';
import { createOpenStreams } from '../../src/proxy/forwarding/open-streams.ts';
import { createTunnel } from '../../src/proxy/websocket/tunnel.ts';
import type { Tunnel } from '../../src/proxy/websocket/upgrade.ts';
import { compileRoutes } from '../../src/routing/routes.ts';
import { singleCookie } from '../../src/session/cookies.ts';
import type { ActiveSession, RequestSession } from '../../src/session/session-types.ts';
import { createUpstreams } from '../../src/upstream/upstreams.ts';
import { silent } from './route-fixtures.ts';
import { upstreamClient } from './upstream-client.ts';

/** The session of a user as the store returns it. */
export function sessionOf(sub: string, tokens: Partial<ActiveSession['tokens']> = {}): ActiveSession {
  return {
    key: `key-of-${sub}`,
    data: { issuer: 'https://id.example.com', sub, createdAt: 0, expiresAt: Number.MAX_SAFE_INTEGER },
    tokens: {
      accessToken: `access-of-${sub}`,
      accessTokenExpiresAt: Number.MAX_SAFE_INTEGER,
      obtainedAt: 0,
      idToken: `id-token-of-${sub}`,
      refreshToken: `refresh-of-${sub}`,
      scope: 'openid read:orders',
      ...tokens,
    },
    version: 1,
    refreshable: true,
  };
}

export interface TestResponse {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}
export interface TestRequest {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string;
}

export interface FakeState {
  /** Active sessions by cookie value. */
  sessions: Map<string, ActiveSession>;
  usable: EnsureUsableToken;
  /** Events in order: `load`, `usable`, `touch`. */
  events: string[];
  audits: [AuditEvent, AuditDetails][];
}

/** Cookie and CSRF header of a request of the application for a user. */
export const signedIn = (user: string): OutgoingHttpHeaders => ({ cookie: `app=1; __Host-bff=${user}`, 'x-csrf': '1' });

function createFakeState(): FakeState {
  const usable = (session: RequestSession): RefreshResult => ({ kind: 'active', session });
  return { sessions: new Map([['alice', sessionOf('alice')]]), usable, events: [], audits: [] };
}

function createFakeSessions(state: FakeState) {
  return {
    identify: (cookie: string | undefined) => singleCookie(cookie, '__Host-bff'),
    getCached: () => undefined,
    async load(key: string) {
      state.events.push('load');
      return state.sessions.get(key);
    },
    touch: () => void state.events.push('touch'),
  };
}

/** Responds with an error as the gateway does: status, headers and code. */
function refuse(res: ServerResponse, error: unknown): void {
  const gatewayError = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
  res.writeHead(gatewayError.status, { 'content-type': 'application/problem+json', ...gatewayError.headers });
  res.end(JSON.stringify({ code: gatewayError.code, ...gatewayError.extensions }));
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const gatewayError = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
  const headers = Object.entries(gatewayError.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const body = JSON.stringify({ code: gatewayError.code });
  socket.end(
    `HTTP/1.1 ${gatewayError.status} x\r\n${headers.join('')}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Starts the server on a free port. `tunnel` replaces the real WebSocket tunnel. */
export async function startDataPlane(
  config: Config,
  tunnel?: Tunnel,
  overrides: Partial<Pick<DataPlaneParts, 'tokens' | 'upstreamTokens' | 'clock'>> = {},
) {
  const state = createFakeState();
  const edge = createEdge({ apps: [{ config }], arrive: createArrive({ config, log: silent }) });
  const streams = createOpenStreams({ store: { missing: async () => [] }, log: silent, clock: Date.now });
  const { limits, routes } = config;
  const shares = { caller: limits.callerShare, address: limits.addressShare };
  const upstreams = createUpstreams(routes, { client: upstreamClient, shares });
  const forwarder = createForwarder({ routes, upstreams, streams });
  const plane = createDataPlane({
    config,
    keyring: createKeyring([{ id: 'k1', value: 'x'.repeat(48) }], 'test'),
    routes: compileRoutes(config.routes, config.accessTokens?.audience, config.publicUrl),
    sessions: createFakeSessions(state),
    ensureUsable(session) {
      state.events.push('usable');
      return state.usable(session);
    },
    forceRefresh: async (session) => ({ kind: 'active', session }),
    forwarder,
    tunnel: tunnel ?? createTunnel({ routes, upstreams, streams }),
    arrivals: { isRecent: () => false },
    checkProof: async () => {},
    audit: (event, details) => void state.audits.push([event, details]),
    clock: Date.now,
    ...overrides,
  });

  const server = createServer((req, res) => {
    const run = async () => {
      const context = edge(req);
      const route = plane.match(context.target);
      if (!route) throw new GatewayError('not_found');
      await plane.handle(context, res, route);
    };
    run().catch((error: unknown) => refuse(res, error));
  });
  server.on('upgrade', (req, socket, head) => {
    const run = async () => {
      const context = edge(req);
      const route = plane.match(context.target);
      if (!route) throw new GatewayError('not_found');
      await plane.upgrade(context, socket, head, route);
    };
    run().catch((error: unknown) => refuseUpgrade(socket, error));
  });
  // The server does not close upgraded sockets, so that a failed test would leave them open.
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    ...state,
    state,
    port,
    streams,
    /** Sends a request as a browser does, with the public Host header. */
    call: (path: string, options: TestRequest = {}) => call(port, path, options),
    async close() {
      streams.close();
      await upstreams.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function call(port: number, path: string, { method = 'GET', headers = {}, body }: TestRequest): Promise<TestResponse> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path,
      method,
      headers: { host: 'shop.example.com', ...headers },
      agent: false,
    };
    const req = request(options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks).toString() }),
      );
      res.on('error', reject);
    });
    req.on('error', reject).end(body);
  });
}

/** Puts the gateway together: edge first, then data plane or control plane, and one place where errors are answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createApp } from './app.ts';
import { endpointPaths } from './config/endpoints.ts';
import type { Config } from './config/schema.ts';
import { createKeyring } from './crypto/keyring.ts';
import { createEdge } from './edge/edge.ts';
import type { Exchange } from './edge/exchange.ts';
import { attachExchange } from './endpoints/context.ts';
import { GatewayError } from './errors.ts';
import { createAudit } from './observe/audit.ts';
import type { Logger } from './observe/log.ts';
import { createAuthorizer } from './oidc/authorize.ts';
import { createProvider } from './oidc/provider.ts';
import { createRefresher } from './oidc/refresh.ts';
import { createRevoker } from './oidc/revoke.ts';
import { createTokenServices } from './oidc/token-services.ts';
import { createPages } from './pages/pages.ts';
import { asGatewayError, logProblem, renderError } from './problem.ts';
import { createDevServer } from './proxy/dev-server.ts';
import { createForwarder } from './proxy/forward.ts';
import { createDataPlane } from './proxy/handler.ts';
import { createOpenStreams } from './proxy/open-streams.ts';
import { compileRoutes } from './proxy/routes.ts';
import { answerOnSocket } from './proxy/socket-answer.ts';
import { createTunnel } from './proxy/websocket.ts';
import { cookieSettings } from './session/cookies.ts';
import { createPendingLogins } from './session/pending-login.ts';
import { createSessions } from './session/session.ts';
import type { Store } from './store/store.ts';

export interface GatewayDeps {
  store: Store;
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

export interface Gateway {
  handle(req: IncomingMessage, res: ServerResponse): void;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Why this instance should get no traffic; empty when it is ready. */
  notReady(): Promise<string[]>;
  /** Begins discovery; resolves after the first attempt. */
  start(): Promise<void>;
  /** Stops timers and cuts upstream connections. The store stays open: it belongs to the caller. */
  close(): Promise<void>;
}

function createPlanes(config: Config, { store, log, clock = Date.now }: GatewayDeps) {
  const application = `${config.publicUrl} ${config.provider.issuer} ${config.provider.clientId}`;
  const keyring = createKeyring(config.secrets.keys, application);
  const cookies = cookieSettings(config);
  const audit = createAudit(log);
  const sessions = createSessions({ config, store, keyring, log, clock });
  const provider = createProvider({
    config: config.provider,
    allowInsecureHttp: config.development.allowInsecureHttp,
    log,
    clock,
  });
  const revoker = createRevoker({ provider, log, audit });
  const redirectUri = config.publicUrl + endpointPaths(config.endpoints).callback;
  const services = createTokenServices({ config, provider, store, log, clock });
  const { checkSessionToken } = services;
  const streams = createOpenStreams({ store, log, clock });
  const forwarder = createForwarder({ routes: config.routes, streams });
  const ensureUsable = createRefresher({
    config: config.provider,
    provider,
    sessions,
    checkSessionToken,
    revoker,
    store,
    log,
    audit,
    clock,
  });
  const dataPlane = createDataPlane({
    config,
    routes: compileRoutes(config.routes, config.accessTokens?.audience),
    sessions,
    ensureUsable,
    ...services,
    forwarder,
    tunnel: createTunnel({ routes: config.routes, streams }),
    audit,
    clock,
  });
  const pages = createPages();
  const app = createApp({
    config,
    cookies,
    keyring,
    store,
    sessions,
    provider,
    authorizer: createAuthorizer({
      config,
      provider,
      redirectUri,
      checkSessionToken,
      discard: (tokens) => void revoker.revoke(tokens, 0),
      clock,
    }),
    pending: createPendingLogins({ config, cookies, keyring, store, clock }),
    revoker,
    pages,
    closeStreams: (key) => streams.closeAll(key),
    audit,
    clock,
  });
  return { app, dataPlane, provider, services, revoker, streams, forwarder, pages };
}

/** Builds a gateway from a parsed configuration. */
export function createGateway(config: Config, deps: GatewayDeps): Gateway {
  const { app, dataPlane, provider, services, revoker, streams, forwarder, pages } = createPlanes(config, deps);
  const edge = createEdge({ config, log: deps.log });
  const devServer =
    config.frontend?.devServer === undefined ? undefined : createDevServer(config, config.frontend.devServer);
  const { login: loginUrl, ...own } = endpointPaths(config.endpoints);
  const ownPaths = new Set<string>([loginUrl, ...Object.values(own)]);
  const hsts = config.publicUrl.startsWith('https:');

  function fail(req: IncomingMessage, res: ServerResponse, thrown: unknown, mayBePage: boolean): void {
    const error = asGatewayError(thrown);
    const { id: requestId, log } = edge.arrive(req);
    logProblem(log, error);
    const asPage = mayBePage && /text\/html/i.test(req.headers.accept ?? '');
    renderError(res, error, { requestId, pages, asPage, loginUrl, hsts });
  }

  function control(exchange: Exchange, res: ServerResponse): void {
    const { req } = exchange;
    if (devServer && !ownPaths.has(exchange.target.path)) {
      devServer.handle(exchange, res).catch((error: unknown) => fail(req, res, error, true));
      return;
    }
    if (req.headers.expect !== undefined) res.writeContinue();
    attachExchange(exchange);
    // Express sees the target that was judged, never an absolute form.
    req.url = exchange.target.raw;
    app(req as Parameters<typeof app>[0], res as Parameters<typeof app>[1], (error?: unknown) =>
      fail(req, res, error, true),
    );
  }

  return {
    handle(req, res) {
      try {
        const exchange = edge(req);
        const route = dataPlane.match(exchange.target);
        if (route) dataPlane.handle(exchange, res, route).catch((error: unknown) => fail(req, res, error, false));
        else control(exchange, res);
      } catch (error) {
        fail(req, res, error, true);
      }
    },
    upgrade(req, socket, head) {
      socket.on('error', () => socket.destroy());
      const refuse = (error: unknown) => {
        const { id, log } = edge.arrive(req);
        const problem = asGatewayError(error);
        logProblem(log, problem);
        answerOnSocket(socket, problem, id);
      };
      try {
        const exchange = edge(req);
        const route = dataPlane.match(exchange.target);
        if (route) dataPlane.upgrade(exchange, socket, head, route).catch(refuse);
        else if (devServer) devServer.upgrade(exchange, socket, head).catch(refuse);
        else refuse(new GatewayError('upgrade_refused'));
      } catch (error) {
        refuse(error);
      }
    },
    async notReady() {
      const state = provider.state();
      const reasons = state.ready ? [] : [`provider: ${state.reason}`];
      await deps.store.ping().catch(() => reasons.push('store: does not answer'));
      return reasons;
    },
    async start() {
      services.start();
      await provider.start();
    },
    async close() {
      provider.stop();
      services.stop();
      revoker.stop();
      streams.close();
      await forwarder.close();
    },
  };
}

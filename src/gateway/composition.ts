/** Builds both planes and the parts that they share. */

import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { createKeyring } from '../crypto/keyring.ts';
import { hiddenFiles } from '../frontend/static-files.ts';
import { type AuditLog, createAudit, createLogAudit } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics, type Metrics } from '../observe/metrics/metrics.ts';
import { createTracer } from '../observe/trace.ts';
import { createAuthorizationCodeFlow } from '../oidc/login/authorization-code-flow.ts';
import { createPendingLogins } from '../oidc/login/pending-login.ts';
import { createEndSessions } from '../oidc/logout/end-sessions.ts';
import { createLogoutTokenVerifier } from '../oidc/logout/logout-token.ts';
import { createRevoker } from '../oidc/logout/revoker.ts';
import { createProvider } from '../oidc/provider/provider.ts';
import { createRefresher } from '../oidc/refresh/refresher.ts';
import { createTokenServices } from '../oidc/tokens/token-services.ts';
import { createReturnPath } from '../policy/return-url.ts';
import { createForwarder } from '../proxy/forwarding/forward.ts';
import { createOpenStreams } from '../proxy/forwarding/open-streams.ts';
import { createTunnel } from '../proxy/websocket/tunnel.ts';
import { createPages } from '../responses/pages.ts';
import { type CompiledRoute, compileRoutes } from '../routing/routes.ts';
import { cookieSettings } from '../session/cookies.ts';
import { createSessionDirectory } from '../session/session-directory.ts';
import { createSessions } from '../session/session-service.ts';
import { measureStore } from '../store/measured.ts';
import type { Store } from '../store/port/store.ts';
import { createControlPlane } from './control-plane.ts';
import { createDataPlane } from './data-plane.ts';

export interface GatewayDeps {
  store: Store;
  log: Logger;
  /** Where the audit log goes; among the lines of the log when left out. */
  auditLog?: AuditLog;
  /** Where everything is counted; a registry of its own when left out. */
  metrics?: Metrics;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

/** Everything but the listeners; nothing is asked of anybody yet. */
export function composePlanes(config: Config, deps: GatewayDeps) {
  const { log, metrics = createMetrics(), clock = Date.now } = deps;
  const store = measureStore(deps.store, metrics);
  const application = `${config.publicUrl} ${config.provider.issuer} ${config.provider.clientId}`;
  const keyring = createKeyring(config.secrets.keys, application);
  const cookies = cookieSettings(config);
  const audit = createAudit(deps.auditLog ?? createLogAudit(log), metrics.countAuditEvent);
  const sessions = createSessions({ config, store, keyring, log, metrics, clock });
  const provider = createProvider({
    config: config.provider,
    allowInsecureHttp: config.development.allowInsecureHttp,
    log,
    metrics,
    clock,
  });
  const revoker = createRevoker({ provider, store, keyring, log, audit, clock });
  const redirectUri = config.publicUrl + endpointPaths(config.endpoints).callback;
  const services = createTokenServices({ config, provider, store, log, metrics, clock });
  const { checkSessionToken } = services;
  const streams = createOpenStreams({ store, log, clock });
  const forwarder = createForwarder({
    routes: config.routes,
    streams,
    certificate: provider.certificate,
    metrics,
    log,
  });
  const refresher = createRefresher({
    config: config.provider,
    provider,
    sessions,
    checkSessionToken,
    revoker,
    store,
    log,
    audit,
    metrics,
    clock,
  });
  const routes = compileRoutes(config.routes, config.accessTokens?.audience);
  const meters = routes.routes.map(({ pattern }) => metrics.routeMeter(pattern));
  const meterOf = ({ index, pattern }: CompiledRoute) => meters[index] ?? metrics.routeMeter(pattern);
  const dataPlane = createDataPlane({
    config,
    routes,
    meterOf,
    sessions,
    ensureUsable: refresher.ensureUsable,
    forceRefresh: refresher.forceRefresh,
    ...services,
    forwarder,
    tunnel: createTunnel({ routes: config.routes, streams, certificate: provider.certificate }),
    audit,
    clock,
  });
  const tracer = createTracer(config.tracing, log);
  const pages = createPages();
  for (const path of hiddenFiles(config))
    log.warn({ path }, 'a file of the front end is hidden by an endpoint: rename it, or set endpoints.prefix');
  const closeStreams = (key: string) => streams.closeAll(key);
  const directory = createSessionDirectory({ store, sessions });
  const endSessions = createEndSessions({ sessions, revoker, closeStreams, audit });
  const app = createControlPlane({
    config,
    cookies,
    keyring,
    store,
    sessions,
    provider,
    codeFlow: createAuthorizationCodeFlow({
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
    closeStreams,
    directory,
    endSessions,
    returnPath: createReturnPath(config, routes.mayServe),
    checkLogoutToken: createLogoutTokenVerifier({ config, provider, clock }),
    audit,
    clock,
  });
  return {
    app,
    dataPlane,
    provider,
    services,
    refresher,
    revoker,
    streams,
    forwarder,
    pages,
    sessions,
    directory,
    endSessions,
    audit,
    metrics,
    tracer,
    meterOf,
  };
}

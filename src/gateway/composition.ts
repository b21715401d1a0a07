/** Composes the two planes of an app from its configuration and the parts that they share. */
import { forwardedRoutes } from '../config/schema/asked-routes.ts';
import type { Config } from '../config/schema/schema.ts';
import { createPageOf } from '../frontend/remote-frontend.ts';
import type { RemotePage } from '../frontend/remote-page.ts';
import { createPendingLogins } from '../oidc/login/pending-login.ts';
import { createReturnPath } from '../policy/return-url.ts';
import { createForwarder } from '../proxy/forwarding/forward.ts';
import { createTunnel } from '../proxy/websocket/tunnel.ts';
import { createUpstreams, type SharedUpstreams } from '../upstream/upstreams.ts';
import { type AppParts, createAppParts } from './app-parts.ts';
import { createControlPlane } from './control-plane.ts';
import { createDataPlane } from './data-plane.ts';
import type { SharedClients, SharedParts } from './shared-parts.ts';

/** Composes an app; no request is sent before its parts are started. */
export function composeApp(config: Config, shared: SharedParts, clients: SharedClients) {
  const parts = createAppParts(config, shared, clients);
  const page = createPageOf(config, { ...parts, pageCopies: shared.pageCopies });
  return {
    ...parts,
    ...composeDataPlane(config, parts, clients.upstreams),
    page,
    controlPlane: composeControlPlane(config, { ...parts, page }),
  };
}

export type AppComposition = ReturnType<typeof composeApp>;

function composeDataPlane(config: Config, parts: AppParts, shared: SharedUpstreams) {
  const { providers, refresher, services, streams, metrics, log, audit } = parts;
  const { limits } = config;
  const routes = forwardedRoutes(config);
  // Upstreams know one identity of the gateway: that of its first provider.
  const certificate = providers.all[0]?.provider.certificate;
  const shares = { caller: limits.callerShare, address: limits.addressShare };
  const { countUpstreamSurplus: onSurplus, countRetry, countEjection } = metrics;
  const reports = { log, audit, onSurplus, countRetry, countEjection };
  const client = config.upstreamClient;
  const upstreams = createUpstreams(routes, { client, shares, certificate, shared, ...reports });
  const forwarder = createForwarder({ routes, upstreams, streams, metrics });
  const dataPlane = createDataPlane({
    ...parts,
    ...services,
    config,
    ensureUsable: refresher.ensureUsable,
    forceRefresh: refresher.forceRefresh,
    forwarder,
    tunnel: createTunnel({ routes, upstreams, streams, certificate }),
  });
  return { upstreams, dataPlane };
}

function composeControlPlane(config: Config, parts: AppParts & { page: RemotePage | undefined }) {
  return createControlPlane({
    ...parts,
    config,
    pending: createPendingLogins({ ...parts, config }),
    returnPath: createReturnPath(config, parts.routes.mayServe),
  });
}

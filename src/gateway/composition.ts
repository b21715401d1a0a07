/** Composes both planes from the configuration and the parts that they share. */
import { forwardedRoutes } from '../config/schema/asked-routes.ts';
import type { Config } from '../config/schema/schema.ts';
import { createPendingLogins } from '../oidc/login/pending-login.ts';
import { createReturnPath } from '../policy/return-url.ts';
import { createForwarder } from '../proxy/forwarding/forward.ts';
import { createTunnel } from '../proxy/websocket/tunnel.ts';
import { createUpstreams } from '../upstream/upstreams.ts';
import { createControlPlane } from './control-plane.ts';
import { createDataPlane } from './data-plane.ts';
import { createSharedParts, type GatewayDeps, type SharedParts } from './shared-parts.ts';

/** Everything but the listeners; no request is sent before the parts are started. */
export function composeGateway(config: Config, deps: GatewayDeps) {
  const shared = createSharedParts(config, deps);
  return { ...shared, ...composeDataPlane(config, shared), app: composeControlPlane(config, shared) };
}

export type GatewayParts = ReturnType<typeof composeGateway>;

function composeDataPlane(config: Config, shared: SharedParts) {
  const { providers, refresher, services, streams, metrics, log } = shared;
  const { limits } = config;
  const routes = forwardedRoutes(config);
  // Upstreams know one identity of the gateway: that of its first provider.
  const certificate = providers.all[0]?.provider.certificate;
  const shares = { caller: limits.callerShare, address: limits.addressShare };
  const onSurplus = metrics.countUpstreamSurplus;
  const upstreams = createUpstreams(routes, { client: config.upstreamClient, shares, certificate, log, onSurplus });
  const forwarder = createForwarder({ routes, upstreams, streams, metrics });
  const dataPlane = createDataPlane({
    ...shared,
    ...services,
    config,
    ensureUsable: refresher.ensureUsable,
    forceRefresh: refresher.forceRefresh,
    forwarder,
    tunnel: createTunnel({ routes, upstreams, streams, certificate }),
  });
  return { upstreams, dataPlane };
}

function composeControlPlane(config: Config, shared: SharedParts) {
  return createControlPlane({
    ...shared,
    config,
    pending: createPendingLogins({ ...shared, config }),
    returnPath: createReturnPath(config, shared.routes.mayServe),
  });
}

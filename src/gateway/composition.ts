/** Composes both planes from the configuration and the parts that they share. */
import type { Config } from '../config/schema/schema.ts';
import { createAuthorizationCodeFlow } from '../oidc/login/authorization-code-flow.ts';
import { createPendingLogins } from '../oidc/login/pending-login.ts';
import { createLogoutTokenVerifier } from '../oidc/logout/logout-token.ts';
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
  const { provider, refresher, services, streams, metrics, log } = shared;
  const { routes, limits } = config;
  const { certificate } = provider;
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
  const { provider, revoker, services, routes, redirectUri, clock } = shared;
  return createControlPlane({
    ...shared,
    config,
    codeFlow: createAuthorizationCodeFlow({
      config,
      provider,
      redirectUri,
      checkSessionToken: services.checkSessionToken,
      discard: (tokens) => void revoker.revoke(tokens, 0),
      clock,
    }),
    pending: createPendingLogins({ ...shared, config }),
    returnPath: createReturnPath(config, routes.mayServe),
    checkLogoutToken: createLogoutTokenVerifier({ config, provider, clock }),
  });
}

/** Handles WebSocket handshakes: the same steps as for a plain request, then the tunnel to the upstream. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../../base/errors.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { checkUpgradeOrigin } from '../../policy/csrf.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { Admit } from '../admission/admit.ts';
import type { ForwardOptions } from '../forwarding/forward-options.ts';
import type { PrepareRequest } from '../forwarding/prepare-request.ts';

/** Carries admitted handshakes to the upstream. */
export interface Tunnel {
  open(
    context: RequestContext,
    socket: Duplex,
    head: Buffer,
    route: RouteConfig,
    options: ForwardOptions,
  ): Promise<void>;
}

interface UpgradeParts {
  config: Config;
  admit: Admit;
  prepareFor: (route: CompiledRoute) => PrepareRequest;
  tunnel: Tunnel;
}

/** Returns why the request is not a WebSocket handshake (RFC 6455 section 4.2.1); undefined when it is one. */
function handshakeFault({ method, headers, httpVersion }: IncomingMessage): string | undefined {
  if (method !== 'GET' || httpVersion !== '1.1') return 'not an HTTP/1.1 GET';
  // The whole value: from a list of protocols the upstream might choose another one, such as h2c (RFC 9110 section 7.8).
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Upgrade is not websocket';
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) return 'has a body';
  if (headers['sec-websocket-version'] !== '13') return 'Sec-WebSocket-Version is not 13';
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')) return 'no valid Sec-WebSocket-Key';
  return undefined;
}

/** Creates the handler of upgrades; it rejects before the upstream is contacted. */
export function createUpgrade({ config, admit, prepareFor, tunnel }: UpgradeParts) {
  return async function upgrade(
    context: RequestContext,
    socket: Duplex,
    head: Buffer,
    route: CompiledRoute,
  ): Promise<void> {
    if (!route.config.websocket)
      throw new GatewayError('upgrade_refused', { detail: `websocket is off for ${route.pattern}` });
    const fault = handshakeFault(context.req);
    if (fault !== undefined) throw new GatewayError('upgrade_refused', { detail: fault });
    // A browser cannot add the CSRF header to a handshake, so its Origin must be allowed (RFC 6455 section 10.2).
    const admission = await admit(context, route, ({ req }) =>
      checkUpgradeOrigin({
        headers: req.headers,
        publicOrigin: config.publicUrl,
        allowedOrigins: route.config.allowedOrigins,
      }),
    );
    const options = await prepareFor(route)(context, admission, { cors: {}, upgrade: true });
    await tunnel.open(context, socket, head, route.config, options);
  };
}

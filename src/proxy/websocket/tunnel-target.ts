/** Chooses the server that a WebSocket handshake goes to: the upstream of the route, or one of its targets. */
import type { LookupFunction } from 'node:net';
import type { GatewayError } from '../../base/errors.ts';
import { firstServer } from '../../config/traffic/upstream-targets.ts';
import type { Assignment } from '../../upstream/balance/assignment.ts';
import { type BalancedPool, withHost } from '../../upstream/balance/balanced-pool.ts';
import type { Endpoint } from '../../upstream/balance/endpoint.ts';
import type { TlsOptions } from '../../upstream/connect/connect.ts';
import { upstreamError } from '../../upstream/failures.ts';
import type { TargetChoice } from '../../upstream/http/request-port.ts';
import { type ClientCertificate, readTls } from '../../upstream/read-tls.ts';
import type { UpstreamOptions } from '../../upstream/route-pool.ts';
import type { Upstream } from '../../upstream/upstreams.ts';
import type { ForwardOptions } from '../forwarding/forward-options.ts';
import { targetChoice } from '../forwarding/proxy-request-parts.ts';
import { createHttpProxy, type HttpProxy } from './http-proxy.ts';

/** Where one handshake goes, and who is notified of its course. */
export interface TunnelTarget {
  readonly proxy: HttpProxy;
  readonly headers: readonly string[];
  onResponse(status: number): void;
  onRefused(error: GatewayError): void;
  /** The WebSocket is closed, or was never opened. */
  onEnd(): void;
}

export type ChooseTunnelTarget = (options: ForwardOptions) => TunnelTarget;

function proxyTo(
  { origin, lookup }: { origin: string; lookup?: LookupFunction },
  { timeouts }: UpstreamOptions,
  tls: TlsOptions,
): HttpProxy {
  const upgradeTimeout = timeouts.connect + timeouts.headers;
  return createHttpProxy(origin, { upgradeTimeout, ...(lookup ? { lookup } : {}), ...tls });
}

const ignore = () => {};

function assignTo(balanced: BalancedPool, choice: TargetChoice): Assignment {
  try {
    return balanced.assign(choice);
  } catch (error) {
    throw upstreamError(error);
  }
}

/** Creates the choice for a route. Throws when a file of its TLS options cannot be read. */
export function createTunnelTargets(
  route: UpstreamOptions,
  { balanced }: Upstream,
  certificate: ClientCertificate | undefined,
): ChooseTunnelTarget {
  const tls = readTls(route, certificate);
  if (!balanced) {
    const proxy = proxyTo({ origin: firstServer(route.upstream) }, route, tls);
    return ({ headers }) => ({ proxy, headers, onResponse: ignore, onRefused: ignore, onEnd: ignore });
  }
  const proxies = new WeakMap<Endpoint, HttpProxy>();
  return function chooseTarget(options) {
    const choice = targetChoice(route, options);
    const assigned = assignTo(balanced, choice);
    const { endpoint } = assigned;
    const proxy = proxies.get(endpoint) ?? proxyTo(endpoint, route, tls);
    proxies.set(endpoint, proxy);
    return {
      proxy,
      headers: choice.ownHost ? withHost(options.headers, endpoint.authority) : options.headers,
      onResponse: (status) => assigned.report({ kind: 'response', status }),
      onRefused: ({ code, detail }) =>
        assigned.report(
          code.startsWith('upstream_') ? { kind: 'failed', code: detail ?? code, sent: true } : { kind: 'aborted' },
        ),
      onEnd: () => assigned.end(),
    };
  };
}

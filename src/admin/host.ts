/** Checks the Host of requests to the private listener: a page in an operator's browser must not reach it by DNS rebinding. */
import { isIP } from 'node:net';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';

/** Suffixes of names that no public DNS server can answer for (RFC 6761, RFC 6762, RFC 9476 and Kubernetes Services). */
const PRIVATE_SUFFIX = /\.(?:localhost|local|internal|svc|home\.arpa)$/;

/** The host in lower case, without port and brackets. */
const hostnameOf = (host: string) =>
  host
    .trim()
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');

/**
 * Creates the check. Accepted are addresses, which probes and balancers use, names without a dot, names of private networks,
 * and the hosts of the configuration. A request without Host (HTTP/1.0) comes from no browser.
 */
export function createAdminHostCheck({
  publicUrl,
  allowedHosts,
  admin,
}: Pick<Config, 'publicUrl' | 'allowedHosts' | 'admin'>) {
  const listed = new Set([new URL(publicUrl).host, ...allowedHosts, admin.host].map(hostnameOf));
  return function checkAdminHost(host: string | undefined): void {
    if (host === undefined) return;
    const name = hostnameOf(host);
    const accepted = isIP(name) !== 0 || !name.includes('.') || PRIVATE_SUFFIX.test(name) || listed.has(name);
    if (accepted) return;
    throw new GatewayError('misdirected', {
      detail: 'Host of a request to the private listener is neither an address nor a private name nor in allowedHosts',
    });
  };
}

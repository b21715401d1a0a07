/** Checks that a request is for a host that this gateway serves. */
import { isIPv4, isIPv6 } from 'node:net';
import { GatewayError } from '../base/errors.ts';
import { normalizeAuthority } from '../routing/target.ts';

/**
 * Throws unless the host is accepted. With an absolute-form target, Host must also agree with the public URL. A health check of a
 * load balancer (`isProbe`) may name an IP address, which no other site can make a browser do for a name of its own.
 */
export type CheckHost = (hosts: readonly string[], absoluteForm: boolean, isProbe?: boolean) => void;

/**
 * Creates the check. Host must be sent exactly once and be an accepted host exactly: no suffix, no trailing dot, no other port.
 * RFC 9112 section 3.2: 400 when missing, repeated or malformed; RFC 9110 section 15.5.20: 421 for another host.
 */
export function createHostCheck(publicUrl: string, allowedHosts: readonly string[]): CheckHost {
  const { protocol, host } = new URL(publicUrl);
  const scheme = protocol.slice(0, -1);
  const accepted = new Set([host, ...allowedHosts].map((entry) => normalizeAuthority(entry, scheme)));
  return function checkHost(hosts, absoluteForm, isProbe = false) {
    const [value] = hosts;
    if (value === undefined || hosts.length > 1) throw refused('bad_request', `${hosts.length} Host fields`);
    if (!/^[A-Za-z0-9._:[\]-]+$/.test(value)) throw refused('bad_request', 'malformed Host');
    const authority = normalizeAuthority(value, scheme);
    if (!accepted.has(authority) && !(isProbe && isAddress(value)))
      throw refused('misdirected', 'Host is neither publicUrl nor in allowedHosts');
    // The target is compared with the public URL, so another Host contradicts it (RFC 9112 section 3.2.2).
    if (absoluteForm && authority !== host) throw refused('bad_request', 'Host contradicts the absolute-form target');
  };
}

/** Whether a Host is an IP address, with or without a port. */
function isAddress(host: string): boolean {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(host)?.[1];
  return bracketed === undefined ? isIPv4(host.replace(/:\d{1,5}$/, '')) : isIPv6(bracketed);
}

function refused(code: 'bad_request' | 'misdirected', detail: string): GatewayError {
  return new GatewayError(code, { detail, headers: { connection: 'close' } });
}

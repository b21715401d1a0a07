/** Whether a request is for a host that this gateway serves. */
import { GatewayError } from '../base/errors.ts';
import { normalizeAuthority } from '../routing/target.ts';

/** Throws unless the host is ours. `named` is what an absolute-form target names, which Host must then agree with. */
export type CheckHost = (hosts: readonly string[], absoluteForm: boolean) => void;

/**
 * Host must come exactly once and be one of ours, letter for letter: no suffix, no trailing dot, no other port.
 * RFC 9112 section 3.2: 400 when missing, repeated or malformed; RFC 9110 section 15.5.20: 421 for another host.
 */
export function createHostCheck(publicUrl: string, allowedHosts: readonly string[]): CheckHost {
  const { protocol, host } = new URL(publicUrl);
  const scheme = protocol.slice(0, -1);
  const accepted = new Set([host, ...allowedHosts].map((entry) => normalizeAuthority(entry, scheme)));
  return function checkHost(hosts, absoluteForm) {
    const [given] = hosts;
    if (given === undefined || hosts.length > 1) throw refused('bad_request', `${hosts.length} Host fields`);
    if (!/^[A-Za-z0-9._:[\]-]+$/.test(given)) throw refused('bad_request', 'malformed Host');
    const normal = normalizeAuthority(given, scheme);
    if (!accepted.has(normal)) throw refused('misdirected', 'Host is not ours');
    // The target itself was compared with the public URL; a Host that says otherwise contradicts it (RFC 9112 section 3.2.2).
    if (absoluteForm && normal !== host) throw refused('bad_request', 'Host contradicts the absolute-form target');
  };
}

function refused(code: 'bad_request' | 'misdirected', detail: string): GatewayError {
  return new GatewayError(code, { detail, headers: { connection: 'close' } });
}

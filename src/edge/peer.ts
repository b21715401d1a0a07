/** Determines the client's address and scheme from the socket and the headers of trusted proxies. */
import type { IncomingMessage } from 'node:http';
import { createAddressMatcher, normalizeAddress } from '../base/address.ts';
import { forwardedHops, type Hop, xForwardedHops } from './forwarded.ts';

export interface Peer {
  /** Address of the client, or `unknown`. */
  readonly clientIp: string;
  /** Whether the client's own hop was HTTPS. */
  readonly secure: boolean;
  /** Whether the other end of the socket is a trusted proxy. */
  readonly trusted: boolean;
}

export type PeerReader = (req: Pick<IncomingMessage, 'headers' | 'socket'>) => Peer;

/**
 * Creates the reader. It accepts forwarded headers from trusted proxies only (RFC 7239 section 8.1), and reads nothing but
 * address and scheme: host, prefix and rewritten URLs come from the configuration. Throws on an invalid range in the list.
 */
export function createPeerReader(trustedProxies: readonly string[]): PeerReader {
  const isTrusted = createAddressMatcher(trustedProxies, 'trusted proxy');
  return function readPeer(req) {
    const { remoteAddress } = req.socket;
    const address = remoteAddress === undefined ? undefined : normalizeAddress(remoteAddress);
    const encrypted = 'encrypted' in req.socket && req.socket.encrypted === true;
    // A closed socket has no address (`unknown` is defined in RFC 7239 section 6.2).
    if (address === undefined) return { clientIp: 'unknown', secure: encrypted, trusted: false };
    if (!isTrusted(address)) return { clientIp: address, secure: encrypted, trusted: false };
    return {
      ...resolveClient(hopsOf(req.headers), { clientIp: address, secure: encrypted }, isTrusted),
      trusted: true,
    };
  };
}

/**
 * X-Forwarded-* take precedence. Nearly every proxy sets those and passes on a client's own `Forwarded`, so reading both, or
 * the standard header first, would let the client choose its address.
 */
function hopsOf(headers: IncomingMessage['headers']): Hop[] {
  const forwardedFor = text(headers['x-forwarded-for']);
  const forwardedProto = text(headers['x-forwarded-proto']);
  if (forwardedFor !== '' || forwardedProto !== '') return xForwardedHops(forwardedFor, forwardedProto);
  const forwarded = text(headers.forwarded);
  return forwarded === '' ? [] : forwardedHops(forwarded);
}

/** Walks from the nearest hop outward, as long as each hop is reported by a trusted proxy and is well-formed. */
function resolveClient(
  hops: readonly Hop[],
  nearest: Pick<Peer, 'clientIp' | 'secure'>,
  isTrusted: (ip: string) => boolean,
): Pick<Peer, 'clientIp' | 'secure'> {
  let { clientIp, secure } = nearest;
  for (const hop of hops.toReversed()) {
    if (hop.proto === 'https' || hop.proto === 'http') secure = hop.proto === 'https';
    const address = hop.address === undefined ? undefined : normalizeAddress(hop.address);
    if (address === undefined) break;
    clientIp = address;
    if (!isTrusted(address)) break;
  }
  return { clientIp, secure };
}

function text(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

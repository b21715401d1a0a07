/** Who is at the other end, as far as the trusted proxies vouch for it. */
import type { IncomingMessage } from 'node:http';
import { createAddressMatcher, normalizeAddress } from '../base/address.ts';
import { forwardedHops, type Hop, xForwardedHops } from './forwarded.ts';

export interface Peer {
  readonly clientIp: string;
  /** Whether the client's own hop was HTTPS. */
  readonly secure: boolean;
  /** Whether the other end of the socket is a trusted proxy. */
  readonly trusted: boolean;
}

export type PeerReader = (req: Pick<IncomingMessage, 'headers' | 'socket'>) => Peer;

/**
 * Believes forwarded headers of trusted proxies only (RFC 7239 section 8.1); throws when an entry of the list is no range.
 * Of these headers nothing but address and scheme is read: host, prefix and rewritten URLs come from the configuration.
 */
export function createPeerReader(trustedProxies: readonly string[]): PeerReader {
  const isTrusted = createAddressMatcher(trustedProxies, 'trusted proxy');
  return function readPeer(req) {
    const { remoteAddress } = req.socket;
    const address = remoteAddress === undefined ? undefined : normalizeAddress(remoteAddress);
    const encrypted = 'encrypted' in req.socket && req.socket.encrypted === true;
    // A socket that is gone already has no address any more (the word of RFC 7239 section 6.2).
    if (address === undefined) return { clientIp: 'unknown', secure: encrypted, trusted: false };
    if (!isTrusted(address)) return { clientIp: address, secure: encrypted, trusted: false };
    return { ...walk(hopsOf(req.headers), { clientIp: address, secure: encrypted }, isTrusted), trusted: true };
  };
}

/**
 * X-Forwarded-* go first: nearly every proxy writes those and lets a client's own `Forwarded` through, so that to read
 * both, or the standard one first, would let the client choose its address.
 */
function hopsOf(headers: IncomingMessage['headers']): Hop[] {
  const forwardedFor = text(headers['x-forwarded-for']);
  const forwardedProto = text(headers['x-forwarded-proto']);
  if (forwardedFor !== '' || forwardedProto !== '') return xForwardedHops(forwardedFor, forwardedProto);
  const forwarded = text(headers.forwarded);
  return forwarded === '' ? [] : forwardedHops(forwarded);
}

/** From the nearest hop outward, as long as the one who speaks is trusted and what is said makes sense. */
function walk(hops: readonly Hop[], nearest: Pick<Peer, 'clientIp' | 'secure'>, isTrusted: (ip: string) => boolean) {
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

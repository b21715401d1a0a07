/** Builds the `X-Forwarded-For` header of an upstream request from the hops that are trusted. */
import { normalizeAddress } from '../../base/address.ts';
import { xForwardedHops } from '../../edge/forwarded.ts';
import type { RequestContext } from '../../edge/request-context.ts';

/**
 * Returns the client address and the trusted proxies after it. Addresses before the client's in a trusted proxy's header
 * were written by the client itself, and are dropped; without a trusted proxy the whole header is (RFC 7239 section 8.1).
 */
export function trustedChain({ req, clientIp }: Pick<RequestContext, 'req' | 'clientIp'>): string {
  const { remoteAddress } = req.socket;
  if (remoteAddress === undefined || remoteAddress === clientIp) return clientIp;
  const peer = normalizeAddress(remoteAddress);
  if (peer === undefined || peer === clientIp) return clientIp;
  const header = req.headers['x-forwarded-for'];
  const hops = xForwardedHops(typeof header === 'string' ? header : '', '').map(({ address }) =>
    address === undefined ? undefined : normalizeAddress(address),
  );
  const client = hops.lastIndexOf(clientIp);
  const proxies = client < 0 ? [] : hops.slice(client + 1).filter((hop) => hop !== undefined);
  return [clientIp, ...proxies, peer].join(', ');
}

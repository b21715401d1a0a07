/** The part of the way to us that can be believed, as the `X-Forwarded-For` of an upstream call. */
import { normalizeAddress } from '../../edge/address.ts';
import { xForwardedHops } from '../../edge/forwarded.ts';
import type { RequestContext } from '../../edge/request-context.ts';

/**
 * The client and the trusted proxies after it. What stands before the believed client in the header of a trusted proxy is
 * what the client itself wrote, and goes no further; without a trusted proxy the whole header is the client's (RFC 7239 8.1).
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

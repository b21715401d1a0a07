/** Name resolution for upstreams: `localhost` resolves to both loopback addresses, independent of the hosts file. */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
] as const;

/**
 * RFC 6761 section 6.3: `localhost` means both loopback addresses. Many hosts files contain only one of them, and many
 * development servers listen on only one. The connection tries both in turn.
 */
export const lookup: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    systemLookup(hostname, options, callback);
    return;
  }
  const addresses = LOOPBACK.filter(({ family }) => !options.family || options.family === family);
  if (options.all) callback(null, [...addresses]);
  else callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 0);
};

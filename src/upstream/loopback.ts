/** Name resolution for upstreams: `localhost` is both loopback addresses, whatever the hosts file of the machine says. */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
] as const;

/**
 * A hosts file often knows only one of the two, and development servers listen on only one of the two (RFC 6761 section
 * 6.3: both are meant). The connection then tries them in turn.
 */
export const lookup: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    systemLookup(hostname, options, callback);
    return;
  }
  const wanted = LOOPBACK.filter(({ family }) => !options.family || options.family === family);
  if (options.all) callback(null, [...wanted]);
  else callback(null, wanted[0]?.address ?? '', wanted[0]?.family ?? 0);
};

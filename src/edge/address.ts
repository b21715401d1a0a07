/** IP addresses in one spelling, and the list of those whose word counts. */
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';

export type IsTrusted = (address: string) => boolean;

/** One spelling per address: IPv4 inside IPv6 as IPv4, IPv6 shortened and without zone. Undefined when it is none. */
export function normalizeAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : '';
  return isIPv4(mapped) ? mapped : address;
}

/** Compiles addresses and CIDR ranges; throws on an entry that is neither. An empty list trusts nobody. */
export function createTrustCheck(entries: readonly string[]): IsTrusted {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [text = '', bits, ...more] = entry.split('/');
    const address = normalizeAddress(text);
    if (address === undefined || more.length > 0)
      throw new Error(`trusted proxy ${entry} is no address and no CIDR range`);
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const widest = family === 'ipv4' ? 32 : 128;
    const length = bits === undefined ? widest : prefixLength(bits, family === 'ipv4' && isIPv6(text) ? 96 : 0);
    if (length === undefined || length > widest) throw new Error(`trusted proxy ${entry} has no valid prefix length`);
    list.addSubnet(address, length, family);
  }
  return (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** `offset` is what the IPv4-in-IPv6 form counts before the IPv4 part. */
function prefixLength(bits: string, offset: number): number | undefined {
  if (!/^\d{1,3}$/.test(bits)) return undefined;
  const length = Number(bits) - offset;
  return length < 0 ? undefined : length;
}

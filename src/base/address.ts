/** IP addresses: one spelling for each, and lists of addresses and CIDR ranges. */
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Whether an address is in the list; false for text that is not an address. */
export type AddressMatcher = (address: string) => boolean;

/** Returns the one spelling of an address: IPv4 inside IPv6 as IPv4, IPv6 shortened and without zone; undefined for other text. */
export function normalizeAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : '';
  return isIPv4(mapped) ? mapped : address;
}

/**
 * Returns the one spelling of a host: an address normalized and without brackets, a name in lower case and without the dot of
 * the root. Resolvers and URLs read `0`, `127.1` and `0x7f000001` as IPv4 addresses.
 */
export function canonicalHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '');
  const name = bare.toLowerCase().replace(/\.$/, '');
  const address = normalizeAddress(bare);
  if (address !== undefined) return address;
  const hostname = /^[0-9a-fx.]+$/.test(name) ? (URL.parse(`http://${name}`)?.hostname ?? '') : '';
  return isIPv4(hostname) ? hostname : name;
}

/**
 * Compiles a list of addresses and CIDR ranges. An empty list matches no address. Throws an Error for an entry that is
 * neither; `label` names the entry in its message.
 */
export function createAddressMatcher(entries: readonly string[], label = 'entry'): AddressMatcher {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [text = '', bits, ...more] = entry.split('/');
    const address = normalizeAddress(text);
    if (address === undefined || more.length > 0)
      throw new Error(`${label} ${entry} is neither an address nor a CIDR range`);
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const widest = family === 'ipv4' ? 32 : 128;
    const length = bits === undefined ? widest : prefixLength(bits, family === 'ipv4' && isIPv6(text) ? 96 : 0);
    if (length === undefined || length > widest) throw new Error(`${label} ${entry} has an invalid prefix length`);
    list.addSubnet(address, length, family);
  }
  return (address) => (isIPv4(address) ? list.check(address, 'ipv4') : isIPv6(address) && list.check(address, 'ipv6'));
}

/** `offset` is the number of bits before the IPv4 part of an IPv4-mapped IPv6 address. */
function prefixLength(bits: string, offset: number): number | undefined {
  if (!/^\d{1,3}$/.test(bits)) return undefined;
  const length = Number(bits) - offset;
  return length < 0 ? undefined : length;
}

/** The address that counts for the limit: IPv4 as it is, IPv6 cut to its /64, which one household or device owns whole. */
export function limitedAddress(address: string): string {
  if (!address.includes(':') || !isIPv6(address) || /^::ffff:\d+\./i.test(address)) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const tailLength = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - tailLength);
  return [...groups, ...Array.from({ length: zeros }, () => '0')]
    .concat(tail?.split(':') ?? [])
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':');
}

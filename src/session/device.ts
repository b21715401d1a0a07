/** What a person recognises a sign-in by: the kind of browser and system, and the neighbourhood of the address. */
import { isIPv4, isIPv6 } from 'node:net';
import Bowser from 'bowser';

/** No user agent is longer than this in earnest. */
const MAX_USER_AGENT = 512;

/** Such as `Firefox on Linux`; undefined when the user agent tells nothing. */
export function describeDevice(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined || userAgent === '' || userAgent.length > MAX_USER_AGENT) return undefined;
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name === undefined || browser.name === '') return undefined;
  return os.name === undefined || os.name === '' ? browser.name : `${browser.name} on ${os.name}`;
}

/** The network that an address belongs to, coarse enough to be no one's own: /24 of IPv4, /48 of IPv6. */
export function addressRange(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(plain)) return undefined;
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...rest];
  return `${all
    .slice(0, 3)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':')}::/48`;
}

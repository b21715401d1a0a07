/** What a user recognizes a sign-in by: browser and operating system, and the network of the address. */
import { isIPv4, isIPv6 } from 'node:net';
import Bowser from 'bowser';

/** Longer user agents are ignored: no real browser sends one. */
const MAX_USER_AGENT_LENGTH = 512;

/** Returns for example `Firefox on Linux`; undefined if the user agent does not identify a browser. */
export function describeDevice(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined || userAgent === '' || userAgent.length > MAX_USER_AGENT_LENGTH) return undefined;
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name === undefined || browser.name === '') return undefined;
  return os.name === undefined || os.name === '' ? browser.name : `${browser.name} on ${os.name}`;
}

/** Returns the network of an address, coarse enough not to identify a person: /24 for IPv4, /48 for IPv6. */
export function addressRange(address: string): string | undefined {
  const unmapped = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(unmapped)) return `${unmapped.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(unmapped)) return undefined;
  const [head = '', tail] = unmapped.split('%')[0]?.split('::') ?? [];
  const leading = head === '' ? [] : head.split(':');
  const trailing = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - leading.length - trailing.length);
  const groups = [...leading, ...Array.from({ length: missing }, () => '0'), ...trailing];
  return `${groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':')}::/48`;
}

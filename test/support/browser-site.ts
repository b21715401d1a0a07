/** Determines site relations between URLs and the resulting fetch metadata headers. */

export type Relation = 'same-origin' | 'same-site' | 'cross-site';

/** Scheme and registrable domain: the last two labels for test names, the host for `localhost` and addresses. */
export function siteOf(url: URL): string {
  const { hostname, protocol } = url;
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  return `${protocol}//${isAddress ? hostname : hostname.split('.').slice(-2).join('.')}`;
}

/** The relation between two URLs. */
export function relationOf(from: URL, to: URL): Relation {
  if (from.origin === to.origin) return 'same-origin';
  return siteOf(from) === siteOf(to) ? 'same-site' : 'cross-site';
}

const ORDER: Relation[] = ['same-origin', 'same-site', 'cross-site'];

/** `Sec-Fetch-Site`: the most distant relation between the initiator and any URL of the redirect chain; `none` without initiator. */
export function fetchSite(initiator: URL | undefined, chain: readonly URL[]): Relation | 'none' {
  if (!initiator) return 'none';
  const ranks = chain.map((url) => ORDER.indexOf(relationOf(initiator, url)));
  return ORDER[Math.max(0, ...ranks)] ?? 'cross-site';
}

/**
 * Whether a request is same-site for cookies (RFC 6265bis 5.2): its initiator and every URL of the redirect chain are
 * same-site. Some browsers ignore the chain, so this is stricter.
 */
export function isSameSite(initiator: URL | undefined, chain: readonly URL[]): boolean {
  const current = chain.at(-1);
  if (!current) return false;
  const others = initiator ? [initiator, ...chain] : chain;
  return others.every((url) => siteOf(url) === siteOf(current));
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether `Secure` cookies and fetch metadata are sent to a URL (Secure Contexts 3.1: HTTPS or loopback). */
export function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || LOOPBACK.has(url.hostname) || url.hostname.endsWith('.localhost');
}

/** Normal form of an authority: the host and port of a URL or of the Host header. */

const DEFAULT_PORTS: Record<string, string> = { http: ':80', https: ':443' };

/** Returns the authority in lower case, without the default port of the scheme; nothing else is normalized. */
export function normalizeAuthority(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const suffix = DEFAULT_PORTS[scheme];
  if (suffix === undefined || !lower.endsWith(suffix)) return lower;
  const host = lower.slice(0, -suffix.length);
  // After another port the suffix is not a port: `host:8443:443` must not become `host:8443`.
  return /:[^\]]*$/.test(host) ? lower : host;
}

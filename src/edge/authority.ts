/** Host and port as one comparable text. */

const DEFAULT_PORTS: Record<string, string> = { http: ':80', https: ':443' };

/** Lower case, without the default port of the scheme; everything else stays and so compares as different. */
export function normalAuthority(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const suffix = DEFAULT_PORTS[scheme];
  if (suffix === undefined || !lower.endsWith(suffix)) return lower;
  const host = lower.slice(0, -suffix.length);
  // With a port of its own before it the suffix is no port: `host:8443:443` is nobody, not `host:8443`.
  return /:[^\]]*$/.test(host) ? lower : host;
}

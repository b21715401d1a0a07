/** Host and port as one comparable text. */

const DEFAULT_PORTS: Record<string, string> = { http: ':80', https: ':443' };

/** Lower case, without the default port of the scheme; everything else stays and so compares as different. */
export function normalAuthority(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const suffix = DEFAULT_PORTS[scheme];
  return suffix !== undefined && lower.endsWith(suffix) ? lower.slice(0, -suffix.length) : lower;
}

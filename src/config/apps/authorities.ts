/** Hosts at which an app is reached. */
import { normalizeAuthority } from '../../base/authority.ts';
import type { Config } from '../schema/schema.ts';
import type { Path } from '../validate/faults.ts';

/** Every authority at which an app is reached, with the option that names it. */
export function authoritiesOf({ publicUrl, allowedHosts, origins }: Config): { authority: string; path: Path }[] {
  const { host, protocol } = new URL(publicUrl);
  const normalized = (text: string) => normalizeAuthority(text, protocol.slice(0, -1));
  return [
    { authority: normalized(host), path: ['publicUrl'] },
    ...allowedHosts.map((text, index) => ({ authority: normalized(text), path: ['allowedHosts', index] })),
    ...origins.map((origin, index) => ({ authority: new URL(origin).host, path: ['origins', index] })),
  ];
}

/** The host of an authority, without its port. */
export const hostOf = (authority: string): string => authority.replace(/:\d+$/, '');

/** The hosts of an app without their ports: browsers send a cookie to every port of its host (RFC 6265 section 8.5). */
export const cookieHostsOf = (config: Config): ReadonlySet<string> =>
  new Set(authoritiesOf(config).map(({ authority }) => hostOf(authority)));

/** The value of Strict-Transport-Security (RFC 6797). */
import type { Config } from '../config/schema/schema.ts';

/** Returns the value for responses over https; undefined if the public URL is plain HTTP, where browsers ignore it. */
export function hstsValue({ publicUrl, hsts }: Pick<Config, 'publicUrl' | 'hsts'>): string | undefined {
  if (!publicUrl.startsWith('https:')) return undefined;
  return `max-age=${Math.floor(hsts.maxAge / 1000)}${hsts.includeSubDomains ? '; includeSubDomains' : ''}`;
}

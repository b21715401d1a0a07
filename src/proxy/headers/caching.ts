/** Keeps responses to authenticated callers out of shared caches (RFC 9111 sections 3.5 and 5.2.2). */

/** Cache-Control of such a response, unless the upstream's own is as strict. */
export const NEVER_STORED = 'private, no-store';

/** Directives for one type of shared cache that override or accompany Cache-Control (RFC 9213 and its predecessors). */
export const SHARED_CACHE_HEADERS: readonly string[] = [
  'surrogate-control',
  'surrogate-key',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
  'akamai-cache-control',
  'edge-control',
  'fastly-surrogate-control',
  'x-litespeed-cache-control',
  'x-accel-expires',
];

/**
 * Returns whether the upstream's own Cache-Control keeps the response out of shared caches. `private="field"` covers one
 * field only, so a value with quotes never does; neither does one that contradicts itself.
 */
export function forbidsSharedCaching(cacheControl: string): boolean {
  if (cacheControl === '' || cacheControl.includes('"')) return false;
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map((part) => part.trim());
  if (directives.some((part) => part === 'public' || part.startsWith('public=') || part.startsWith('s-maxage')))
    return false;
  return directives.includes('private') || directives.includes('no-store');
}

/** Returns the upstream's Vary with the missing `names` added; `*` covers everything. */
export function mergeVary(upstream: readonly string[], names: readonly string[]): string | undefined {
  if (upstream.length === 0) return names.length === 0 ? undefined : names.join(', ');
  const fields = upstream
    .join(',')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (fields.includes('*')) return '*';
  const known = new Set(fields.map((name) => name.toLowerCase()));
  const merged = [...fields, ...names.filter((name) => !known.has(name.toLowerCase()))];
  return merged.length === 0 ? undefined : merged.join(', ');
}

/**
 * Cache-Control for the browser alone: `public` becomes `private`, directives for shared caches are left out, validators and
 * lifetimes stay. A response without any is revalidated each time.
 */
export function browserCaching(cacheControl: string): string {
  const directives = cacheControl
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !/^(?:public|private|s-maxage|proxy-revalidate)\b/i.test(part));
  if (directives.some((part) => /^no-store\b/i.test(part))) return NEVER_STORED;
  return ['private', ...(directives.length === 0 ? ['no-cache'] : directives)].join(', ');
}

/** Caching headers of an upstream; undefined instead of an empty list. */
export interface CachingHeaders {
  readonly cacheControl: readonly string[] | undefined;
  /** Raw Expires and Pragma headers. */
  readonly expiry: readonly string[] | undefined;
  /** Raw headers for shared caches. */
  readonly sharedCache: readonly string[] | undefined;
}

/** Appends the caching headers. A response that sets a cookie is never stored (RFC 9111 section 7.3). */
export function pushCaching(
  headers: string[],
  upstream: CachingHeaders,
  { isPrivate, forBrowser, setsCookie }: { isPrivate: boolean; forBrowser: boolean; setsCookie: boolean },
): void {
  const { cacheControl, expiry, sharedCache } = upstream;
  const directives = cacheControl?.join(', ') ?? '';
  if (forBrowser && !setsCookie) {
    headers.push('cache-control', browserCaching(directives), ...(expiry ?? []));
    return;
  }
  if (setsCookie || (isPrivate && !forbidsSharedCaching(directives))) {
    headers.push('cache-control', NEVER_STORED);
    return;
  }
  if (directives !== '') headers.push('cache-control', directives);
  headers.push(...(expiry ?? []));
  if (!isPrivate) headers.push(...(sharedCache ?? []));
}

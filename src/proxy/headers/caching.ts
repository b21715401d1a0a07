/** Keeps an answer to a signed-in user out of every cache that others share (RFC 9111 sections 3.5 and 5.2.2). */

/** What such an answer says unless the upstream itself was as careful. */
export const NEVER_STORED = 'private, no-store';

/** Instructions to one kind of shared cache that override or stand beside Cache-Control (RFC 9213, and what came before). */
export const SHARED_CACHE_HEADERS: readonly string[] = [
  'surrogate-control',
  'surrogate-key',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
  'akamai-cache-control',
  'edge-control',
  'x-accel-expires',
];

/**
 * Whether the upstream's own Cache-Control keeps the answer out of shared caches. `private="field"` speaks of one field
 * only, so a value with quotes is never taken for careful; nor is one that says both things.
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

/** The upstream's Vary with `names` added where they are missing; `*` covers everything. */
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

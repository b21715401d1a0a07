/** Maps the location headers of an upstream to the public URL (RFC 9110 sections 10.2.2 and 8.7). */
import type { RouteConfig } from '../../config/schema/schema.ts';
import { baseUrl, targetUrls } from '../../config/traffic/upstream-targets.ts';
import { createRewrite, type Rewrite } from '../../routing/rewrite.ts';
import { httpUrlOf } from '../../upstream/connect/target-url.ts';

/** Scheme and authority, or the authority alone (a network-path reference, RFC 3986 section 4.2). */
const AUTHORITY = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#\\]*/i;

/** What browsers read as a network-path reference: a backslash counts as a slash, and tabs are ignored (URL standard). */
const NETWORK_PATH = /^\/\s*[/\\]/;

function parse(location: string, scheme: string): URL | null {
  return URL.parse(location.startsWith('//') ? `${scheme}${location}` : location);
}

/** Origins of an upstream that builds links with the host of the request. It may not know that browsers use https. */
function originsOf(hostHeader: RouteConfig['hostHeader'] | undefined, publicHost: string): string[] {
  if (hostHeader === undefined || hostHeader === 'upstream') return [];
  if (hostHeader === 'public') return [`http://${publicHost}`];
  return ['http', 'https'].map((scheme) => new URL(`${scheme}://${hostHeader}`).origin);
}

/**
 * Creates the mapping of a route. A location on the upstream's own origin becomes the public URL of the same path, and an
 * absolute path the public path; other relative locations and foreign ones stay as they are. A path outside the upstream's base
 * path still loses the internal origin.
 */
export function createPublicLocation(
  publicUrl: string,
  route: Pick<RouteConfig, 'upstream' | 'stripPrefix'> & Partial<Pick<RouteConfig, 'hostHeader' | 'path' | 'rewrite'>>,
) {
  const upstream = new URL(baseUrl(route.upstream));
  const { host } = new URL(publicUrl);
  const own = targetUrls(route.upstream).map((url) => new URL(httpUrlOf(url)).origin);
  const origins = new Set([...own, ...originsOf(route.hostHeader, host)]);
  const base = upstream.pathname.replace(/\/+$/, '');
  const prefix = route.stripPrefix ?? '';

  const rewrite = createRewrite({ path: route.path ?? '', rewrite: route.rewrite });

  /** A path that the template of the route does not lead to stays. */
  function rewrittenPath(path: string, { invert }: Rewrite): string {
    if (!path.startsWith(`${base}/`)) return path;
    const below = path.slice(base.length);
    const end = below.search(/[?#]/);
    const inverted = invert(end < 0 ? below : below.slice(0, end));
    return inverted === undefined ? path : inverted + (end < 0 ? '' : below.slice(end));
  }

  function publicPath(rest: string): string {
    const path = rest.startsWith('/') ? rest : `/${rest}`;
    if (rewrite) return rewrittenPath(path, rewrite);
    if (base === '') return prefix + path;
    if (!path.startsWith(base)) return path;
    const below = path.slice(base.length);
    if (below !== '' && !/^[/?#]/.test(below)) return path;
    return prefix + (below.startsWith('/') ? below : `/${below}`);
  }

  return function publicLocation(location: string): string {
    if (location.startsWith('/') && !NETWORK_PATH.test(location)) {
      const path = publicPath(location);
      // `/base//host` must not become a reference to a host.
      return NETWORK_PATH.test(path) ? publicUrl + path : path;
    }
    const url = parse(location, upstream.protocol);
    if (url === null || !origins.has(url.origin)) return location;
    const authority = AUTHORITY.exec(location)?.[0];
    // Without a plain authority (`http:\\host`), use the path that a browser would parse.
    return (
      publicUrl +
      publicPath(authority === undefined ? url.pathname + url.search + url.hash : location.slice(authority.length))
    );
  };
}

/** Seconds, a separator, and the URL with or without its name and quotes (HTML standard, shared declarative refresh steps). */
const REFRESH = /^(\s*[\d.]*\s*[;,\s]\s*(?:url\s*=\s*)?)(["']?)/i;

/** Maps the address in a `Refresh` header; a value without one stays as it is. */
export function mapRefresh(value: string, publicLocation: (location: string) => string): string {
  const [start, , quote = ''] = REFRESH.exec(value) ?? [];
  if (start === undefined) return value;
  const end = quote === '' ? -1 : value.indexOf(quote, start.length);
  const url = value.slice(start.length, end < 0 ? undefined : end);
  return start + publicLocation(url) + (end < 0 ? '' : value.slice(end));
}

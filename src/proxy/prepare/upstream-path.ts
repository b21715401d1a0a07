/** The path that an upstream gets for a request target: the bytes received, on the upstream's base path. */

import { GatewayError } from '../../base/errors.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { RequestTarget } from '../../routing/target.ts';

/** The path without its first `count` segments. Raw and decoded segments are in step, since both are split at `/`. */
function withoutSegments(path: string, count: number): string {
  let at = 0;
  for (let index = 0; index < count && at >= 0; index += 1) at = path.indexOf('/', at + 1);
  return at < 0 ? '/' : path.slice(at);
}

/** Builds the mapping of a route. The prefix to strip is compared as the route is: by decoded segments. */
export function createUpstreamPath(route: Pick<RouteConfig, 'upstream' | 'stripPrefix'>) {
  const base = new URL(route.upstream).pathname.replace(/\/+$/, '');
  const prefix = route.stripPrefix?.slice(1).split('/').map(decodeURIComponent) ?? [];

  return function upstreamPath(target: RequestTarget): string {
    const strips = prefix.length > 0 && prefix.every((segment, index) => target.segments[index] === segment);
    const path = strips ? withoutSegments(target.path, prefix.length) : target.path;
    // At the very start two slashes are an authority to many a parser (RFC 3986 section 4.2), so the path is not one path.
    if (path.startsWith('//'))
      throw new GatewayError('ambiguous_path', { detail: 'upstream path starts with two slashes' });
    return base + path + target.query;
  };
}

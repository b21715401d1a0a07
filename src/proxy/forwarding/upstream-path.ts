/** Maps a request target to the path at the upstream: the bytes received, appended to the upstream's base path. */

import { GatewayError } from '../../base/errors.ts';
import type { RouteConfig } from '../../config/schema/schema.ts';
import { baseUrl } from '../../config/traffic/upstream-targets.ts';
import { createRewrite } from '../../routing/rewrite.ts';
import type { RequestTarget } from '../../routing/target.ts';

/** Removes the first `count` segments. Raw and decoded segments correspond, since both are split at `/`. */
function withoutSegments(path: string, count: number): string {
  let at = 0;
  for (let index = 0; index < count && at >= 0; index += 1) at = path.indexOf('/', at + 1);
  return at < 0 ? '/' : path.slice(at);
}

/** Creates the mapping of a route. Like the route, the prefix to strip is compared by decoded segments. */
export function createUpstreamPath(
  route: Pick<RouteConfig, 'upstream' | 'stripPrefix'> & Partial<Pick<RouteConfig, 'path' | 'rewrite'>>,
) {
  const base = new URL(baseUrl(route.upstream)).pathname.replace(/\/+$/, '');
  const prefix = route.stripPrefix?.slice(1).split('/').map(decodeURIComponent) ?? [];

  const rewrite = createRewrite({ path: route.path ?? '', rewrite: route.rewrite });
  if (rewrite) return (target: RequestTarget) => base + rewrite.apply(target) + target.query;

  return function upstreamPath(target: RequestTarget): string {
    const hasPrefix = prefix.length > 0 && prefix.every((segment, index) => target.segments[index] === segment);
    const path = hasPrefix ? withoutSegments(target.path, prefix.length) : target.path;
    // Many parsers read two leading slashes as an authority (RFC 3986 section 4.2), so the path has two meanings.
    if (path.startsWith('//'))
      throw new GatewayError('ambiguous_path', { detail: 'upstream path starts with two slashes' });
    return base + path + target.query;
  };
}

/** What `explain` says of the options of a route besides its rules: maintenance, methods, and the path at the upstream. */
import type { RouteConfig } from '../config/schema/schema.ts';
import { createRewrite } from '../routing/rewrite.ts';
import type { RequestTarget } from '../routing/target.ts';

/** The result for a request that the route does not serve at all; undefined for any other. */
export function unservedResult({ maintenance, methods }: RouteConfig, method: string): string | undefined {
  if (maintenance !== false) return '503 maintenance: the route is under maintenance';
  if (methods === undefined || methods.some((name) => name === method)) return undefined;
  return `405 method_not_allowed: the route has ${methods.join(', ')}`;
}

/** A line with the path at the upstream, if the route rewrites it. */
export function rewrittenLines(route: RouteConfig, target: RequestTarget): string[] {
  const rewrite = createRewrite(route);
  return rewrite === undefined ? [] : [`sends   ${rewrite.apply(target)} below the path of the upstream`];
}

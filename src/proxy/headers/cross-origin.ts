/** Cross-origin access to the responses of a route: decided by the gateway, or by the upstream where the route says so. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { ResponseHeaderAction } from './response-names.ts';

type CrossOriginOptions = Pick<RouteConfig, 'cors' | 'responseHeaders'> & Partial<Pick<RouteConfig, 'kind'>>;

/** Returns the raw headers of the gateway for responses of a route. */
export const resourcePolicy = ({ cors }: CrossOriginOptions): readonly string[] =>
  cors === 'upstream' ? [] : ['cross-origin-resource-policy', 'same-origin'];

/** Creates the test for headers of the upstream that pass because of the options of the route. */
export function createPassTest(route: CrossOriginOptions): (action: ResponseHeaderAction, name: string) => boolean {
  const listed = new Set(route.responseHeaders.pass.map((name) => name.toLowerCase()));
  return (action, name) =>
    ((action === 'origin' || action === 'refresh') && listed.has(name.toLowerCase())) ||
    (action === 'refresh' && route.kind === 'page') ||
    (route.cors === 'upstream' && (action === 'cors' || action === 'exposed'));
}

/** A token of RFC 9110 section 5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

/**
 * Returns the value of a CORS header of the gateway. Access-Control-Expose-Headers gets the names that the upstream exposes as
 * well; `*` is none of them, since it is no wildcard with credentials (Fetch standard).
 */
export function corsValue(name: string, value: string, exposed: readonly string[] | undefined): string {
  if (exposed === undefined || name !== 'access-control-expose-headers') return value;
  const known = new Set(value.toLowerCase().split(', '));
  const names = exposed.flatMap((list) => list.split(',')).map((item) => item.trim());
  const added = names.filter((item) => TOKEN.test(item) && item !== '*' && !known.has(item.toLowerCase()));
  return [value, ...new Set(added)].join(', ');
}

/** Paths of the gateway itself, which no route serves: pages may surround the endpoints. */

import { ownPrefixes } from '../config/schema/endpoints.ts';
import { hasPages } from '../config/schema/page-routes.ts';
import type { Config } from '../config/schema/schema.ts';
import { pathInterpretations } from './path-interpretations.ts';
import { mayBeName } from './short-names.ts';
import type { RequestTarget } from './target.ts';

/**
 * Creates the test whether a path is at or below one of the prefixes in any interpretation, letter case ignored: no spelling of
 * an endpoint may reach an upstream.
 */
export function createOwnPathTest(
  prefixes: readonly string[],
): (target: Pick<RequestTarget, 'path' | 'segments' | 'lenient'>) => boolean {
  const own = prefixes.map((prefix) => prefix.slice(1).toLowerCase().split('/'));
  const isBelow = (segments: readonly string[]) => {
    const named = segments.filter((segment) => segment !== '');
    return own.some((prefix) => prefix.every((name, index) => mayBeName(named[index] ?? '', name)));
  };
  return ({ path, segments, lenient }) =>
    isBelow(segments) || (lenient !== segments && pathInterpretations(path).some(isBelow));
}

/**
 * Returns the test whether a path belongs to the gateway whatever routes cover it; undefined where none can: pages may cover the
 * prefix, APIs may not, so their requests pay nothing for it.
 */
export const ownPathTestOf = (config: Config) =>
  hasPages(config) && config.endpoints.prefix !== '' ? createOwnPathTest(ownPrefixes(config)) : undefined;

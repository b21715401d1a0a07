/** Paths below the prefix of the gateway, which no route serves: pages may surround the endpoints. */
import { pathInterpretations } from './path-interpretations.ts';
import type { RequestTarget } from './target.ts';

/**
 * Creates the test whether a path is below the prefix in any interpretation, letter case ignored: no spelling of an endpoint may
 * reach an upstream.
 */
export function createOwnPathTest(
  prefix: string,
): (target: Pick<RequestTarget, 'path' | 'segments' | 'lenient'>) => boolean {
  const own = prefix.slice(1).toLowerCase().split('/');
  const isBelow = (segments: readonly string[]) => {
    const named = segments.filter((segment) => segment !== '');
    return own.every((segment, index) => named[index]?.toLowerCase() === segment);
  };
  return ({ path, segments, lenient }) =>
    isBelow(segments) || (lenient !== segments && pathInterpretations(path).some(isBelow));
}

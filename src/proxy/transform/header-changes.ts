/** Applies the header changes of a route to raw headers. */
import { canonicalName } from '../../base/header-names.ts';
import { memoizeBounded } from '../headers/name-cache.ts';
import type { CompiledChanges, RequestFacts } from './route-values.ts';

/** Maximum number of cached names. */
const CACHE_CAPACITY = 512;

/** Returns raw headers with the changes. */
export type ChangeHeaders = (headers: readonly string[], facts: RequestFacts) => string[];

/** Creates the function. What was sent under a removed name goes in any spelling, as an upstream may take one for another. */
export function createHeaderChange({ removed, values }: CompiledChanges): ChangeHeaders {
  const names = new Set(removed.map(canonicalName));
  const classify = memoizeBounded<'keep' | 'remove'>(
    (name) => (names.has(canonicalName(name)) ? 'remove' : 'keep'),
    CACHE_CAPACITY,
  );

  return function changeHeaders(headers, facts) {
    const changed: string[] = [];
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] ?? '';
      if (classify(name) === 'keep') changed.push(name, headers[index + 1] ?? '');
    }
    for (const [name, compiled] of values) {
      const value = compiled(facts);
      if (value !== undefined) changed.push(name, value);
    }
    return changed;
  };
}

/** Applies the query changes of a route to a path with its query. */
import { canonicalName } from '../../base/header-names.ts';
import type { ClaimEncoder, CompiledChanges, RequestFacts } from './route-values.ts';

/** Returns the path with another query. */
export type ChangeQuery = (pathAndQuery: string, facts: RequestFacts) => string;

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Encodes text as part of a query (RFC 3986 section 3.4). */
export const encodeParameter = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Encodes a claim as part of a query; the elements of a list are joined by commas. */
export const encodeClaimParameter: ClaimEncoder = (value) => {
  if (value === undefined || value === null) return undefined;
  const texts = (Array.isArray(value) ? value : [value]).map(textOf);
  return texts.map(encodeParameter).join(',');
};

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  }
}

/**
 * Returns the name of a parameter as the most lenient upstream reads it: without case, `tenant[]`, `tenant[x]`, `[tenant]` and
 * `tenant]` as `tenant` (as Rack and Express do), cut at a null character, and every other sign as the same one, as PHP reads
 * `a.b` and `a b`.
 */
function lenientName(name: string): string {
  const decoded = decode(decode(name.replaceAll('+', ' ')));
  const [plain = ''] = decoded.replace(/^[\s[\]]+/, '').split(/[\0[\]]/, 1);
  return canonicalName(plain === '' ? decoded : plain);
}

const nameOf = (pair: string) => pair.split('=', 1)[0] ?? '';

/** Creates the function. What the client sent under a removed name goes in any spelling; `;` separates as well (HTML 4.01 B.2.2). */
export function createQueryChange({ removed, values }: CompiledChanges): ChangeQuery {
  const names = new Set(removed.map(lenientName));
  const isKept = (pair: string) => !pair.split(';').some((part) => names.has(lenientName(nameOf(part))));
  const encoded = values.map(([name, compiled]) => [encodeParameter(name), compiled] as const);

  return function changeQuery(pathAndQuery, facts) {
    const start = pathAndQuery.indexOf('?');
    const path = start < 0 ? pathAndQuery : pathAndQuery.slice(0, start);
    const query = start < 0 ? '' : pathAndQuery.slice(start + 1);
    const pairs = query === '' ? [] : query.split('&').filter(isKept);
    for (const [name, compiled] of encoded) {
      const value = compiled(facts);
      if (value !== undefined) pairs.push(`${name}=${value}`);
    }
    return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
  };
}

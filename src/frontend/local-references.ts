/** Finds files that an index page loads from its own origin, where a gateway that only has the page does not serve them. */

import { reservedPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { covers } from '../config/validate/routes.ts';

/** Scripts and style sheets stand near the start of a page. */
const SEARCHED_BYTES = 64 * 1024;
const MAX_FOUND = 5;
const REFERENCE = /<(?:script|link)\s[^>]{0,1000}?\b(?:src|href)\s*=\s*["']?([^"'\s>]+\.(?:m?js|css))(?=["'\s>?#])/gi;

/** Creates the search; it leaves out files that a route or an endpoint serves. */
export function createLocalReferences(config: Config) {
  const reserved = reservedPaths(config);
  const isServed = (path: string) => reserved.includes(path) || config.routes.some((route) => covers(route.path, path));
  return function localReferences(body: Buffer): string[] {
    const text = body.toString('latin1', 0, SEARCHED_BYTES);
    const paths = [...text.matchAll(REFERENCE)].flatMap(([, reference = '']) => {
      const url = URL.parse(reference, config.publicUrl);
      return url?.origin === config.publicUrl && !isServed(url.pathname) ? [url.pathname] : [];
    });
    return [...new Set(paths)].slice(0, MAX_FOUND);
  };
}

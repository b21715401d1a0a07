/** Checks that no name of the configuration was lost while it was read: a lost condition would open a route. */
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding, Path } from './faults.ts';

type Tree = Record<string, unknown>;

/** Keys are read from files or variables, so their options change on purpose. */
const isReplaced = (path: Path) => path.length === 3 && path[0] === 'secrets' && path[1] === 'keys';

/** The names that an object inherits from a literal with `__proto__`, such as `{ __proto__: { ... } }` in a program. */
function inheritedNames(tree: Tree): string[] {
  const prototype: unknown = Object.getPrototypeOf(tree);
  return isRecord(prototype) ? Object.keys(prototype) : [];
}

/** Names in the input that the parsed value does not have. */
export function lostNames(input: unknown, parsed: unknown, path: Path = []): Finding[] {
  if (Array.isArray(input) && Array.isArray(parsed))
    return input.flatMap((item, index) => lostNames(item, parsed[index], [...path, index]));
  if (!isRecord(input) || !isRecord(parsed) || isReplaced(path)) return [];
  const inherited = inheritedNames(input).map((name) => ({ path: [...path, '__proto__', name], message: LOST }));
  const own = Object.keys(input).flatMap((name) => {
    if (input[name] === undefined) return [];
    return Object.hasOwn(parsed, name)
      ? lostNames(input[name], parsed[name], [...path, name])
      : [{ path: [...path, name], message: LOST }];
  });
  return [...inherited, ...own];
}

const LOST = 'this name cannot be used here: it would be lost';

/** Claim headers that are set twice: the case of a name does not count (RFC 9110 section 5.1). */
export function repeatedHeaderFindings({ routes }: Config): Finding[] {
  return routes.flatMap(({ claimHeaders }, index) => {
    const names = Object.keys(claimHeaders);
    const canonical = names.map((name) => name.toLowerCase());
    return names
      .filter((_, at) => canonical.indexOf(canonical[at] ?? '') < at)
      .map((name) => ({ path: ['routes', index, 'claimHeaders', name], message: 'this header is set twice' }));
  });
}

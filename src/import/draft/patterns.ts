/** Path patterns of the gateway: comparison, order, and conversion from prefixes and regular expressions. */

const segmentsOf = (pattern: string): string[] => pattern.split('/').slice(1);

/** Whether a path exists that matches both patterns. */
export function overlaps(a: string, b: string): boolean {
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  for (let at = 0; ; at += 1) {
    const one = left[at];
    const other = right[at];
    if (one === '**' || other === '**') return true;
    if (one === undefined || other === undefined) return one === other;
    if (one !== '*' && other !== '*' && one !== other) return false;
  }
}

/** Whether `a` matches every path that `b` matches. */
export function covers(a: string, b: string): boolean {
  const right = segmentsOf(b);
  const left = segmentsOf(a);
  for (const [at, segment] of left.entries()) {
    if (segment === '**') return true;
    const other = right[at];
    if (other === undefined || other === '**' || (segment !== '*' && segment !== other)) return false;
  }
  return left.length === right.length;
}

/** Sorts literals before `*` and the end before `**`, so that a pattern sorts before the patterns that cover it. */
const weight = (segment: string | undefined) =>
  segment === undefined ? 1 : segment === '**' ? 3 : segment === '*' ? 2 : 0;

/** Sort order in which the narrower pattern comes first. */
export function byPrecision(a: string, b: string): number {
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = weight(left[at]) - weight(right[at]);
    if (difference !== 0) return difference;
    const [one = '', other = ''] = [left[at], right[at]];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/**
 * Whether a path matches `pattern` that the original matches as a string prefix only: its segment starts with the last
 * literal of `prefix` and is longer.
 */
export function matchesLetterPrefix(pattern: string, prefix: string): boolean {
  const prefixSegments = segmentsOf(prefix).filter((segment) => segment !== '**');
  const last = prefixSegments.length - 1;
  const segments = segmentsOf(pattern);
  for (const [at, segment] of prefixSegments.entries()) {
    const other = segments[at];
    if (other === '**') return true;
    if (other === undefined) return false;
    if (at === last) return other === '*' || (other !== segment && other.startsWith(segment));
    if (segment !== '*' && other !== '*' && segment !== other) return false;
  }
  return false;
}

const LITERAL = /^[A-Za-z0-9\-._~!$&'()+,;=:@]+$/;

/** Whether all segments are literals for the gateway: no percent-encoding, dot segments or wildcards. */
export function isLiteralPath(path: string): boolean {
  return path
    .split('/')
    .slice(1)
    .every((segment) => LITERAL.test(segment) && segment !== '.' && segment !== '..');
}

/** A pattern, and how it differs from the original; see `DraftRoute`. */
export interface Pattern {
  path: string;
  letterPrefix?: boolean;
  widened?: boolean;
}

/** Patterns for a string prefix; undefined when no pattern can express it. */
export function patternsForPrefix(prefix: string): Pattern[] | undefined {
  if (prefix === '/') return [{ path: '/**' }];
  const hasSlash = prefix.endsWith('/');
  const base = hasSlash ? prefix.slice(0, -1) : prefix;
  if (!isLiteralPath(base)) return undefined;
  // A prefix with a trailing slash matches no longer segments, but not the path without the slash optionalSlash.
  return hasSlash
    ? [{ path: `${base}/**` }, { path: base, widened: true }]
    : [{ path: `${base}/**`, letterPrefix: true }];
}

/** A part of a regular expression that matches any single segment. */
const ANY_SEGMENT = /^(?:\((?:\?:|\?<\w+>|\?P<\w+>)?)?\[\^\/\](?:\+|\{1,\})\)?$/;

function literalSegment(segment: string): string | undefined {
  if (ANY_SEGMENT.test(segment)) return '*';
  const ESCAPE = /\\([-._~!$&'()+,;=:@])/g;
  // Any unescaped metacharacter makes the segment more than a literal.
  if (/[.^$*+?()[\]{}|\\]/.test(segment.replace(ESCAPE, ''))) return undefined;
  const literal = segment.replace(ESCAPE, '$1');
  return isLiteralPath(`/${literal}`) ? literal : undefined;
}

/** Splits at slashes outside of brackets. */
function splitSegments(expression: string): string[] {
  const segments: string[] = [];
  let depth = 0;
  let current = '';
  for (const letter of expression) {
    if (letter === '[' || letter === '(') depth += 1;
    if (letter === ']' || letter === ')') depth -= 1;
    if (letter === '/' && depth === 0) {
      segments.push(current);
      current = '';
    } else current += letter;
  }
  return [...segments, current];
}

/** Ends of expressions that are equivalent to a final `**`. */
const WHOLE_SEGMENTS = /\((?:\?:)?(?:\/\|\$\)|\/\.\*\)\?\$)$/;

/** Patterns for an expression that is anchored at the start; undefined when no pattern is equivalent. */
export function patternsForRegExp(expression: string): Pattern[] | undefined {
  const anchored = expression.replace(/^\^/, '').replaceAll('\\/', '/');
  if (!anchored.startsWith('/')) return undefined;
  const wildcardEnd = WHOLE_SEGMENTS.exec(anchored);
  if (wildcardEnd) {
    const prefix = splitSegments(anchored.slice(0, wildcardEnd.index)).slice(1).map(literalSegment);
    return prefix.some((segment) => segment === undefined) ? undefined : [{ path: `/${[...prefix, '**'].join('/')}` }];
  }
  const optionalSlash = anchored.endsWith('/?$');
  const exact = anchored.endsWith('$') && !anchored.endsWith('\\$');
  const openEnd = /\/(?:\.\*|\(\.\*\))\$?$/.exec(anchored);
  const body = anchored.replace(
    optionalSlash ? /\/\?\$$/ : openEnd ? /(?:\.\*|\(\.\*\))\$?$/ : exact ? /\$$/ : /$^/,
    '',
  );
  const trailingSlash = body.endsWith('/') && body.length > 1;
  const parts = splitSegments(trailingSlash ? body.slice(0, -1) : body).slice(1);
  const segments = parts.map(literalSegment);
  if (body === '/') return exact && !openEnd ? undefined : [{ path: '/**' }];
  if (segments.some((segment) => segment === undefined)) return undefined;
  const path = `/${segments.join('/')}`;
  if (optionalSlash) return [{ path }];
  if (trailingSlash && (openEnd || !exact)) return [{ path: `${path}/**` }, { path, widened: true }];
  if (exact && !openEnd) return [{ path, widened: true }];
  return [{ path: `${path}/**`, letterPrefix: segments.at(-1) !== '*' }];
}

/** Parts that match within one segment and never a slash: `\d+`, `[a-z]{2}`, `(?<id>\w+)`. */
const WITHIN_SEGMENT = /^(?:\((?:\?:|\?<\w+>|\?P<\w+>)?)?(?:\\[dw]|\[[\w\\-]+\])(?:[+?*]|\{\d+(?:,\d*)?\})?\)?$/;

/** The narrowest pattern that is known to cover everything an expression may match. */
export function coveringPattern(expression: string): string {
  const exact = expression.endsWith('$') && !expression.endsWith('\\$');
  const body = expression.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\/', '/');
  const parts = splitSegments(body).slice(1);
  const known: string[] = [];
  for (const [at, part] of parts.entries()) {
    const segment = WITHIN_SEGMENT.test(part) ? '*' : literalSegment(part);
    // Without `$` the last segment may be longer than the literal, so it is replaced by `**`.
    if (segment === undefined || (at === parts.length - 1 && !exact)) return `/${[...known, '**'].join('/')}`;
    known.push(segment);
  }
  return `/${known.join('/')}`;
}

/** Path patterns of the gateway: which covers which, which comes first, and what of a regular expression is one. */

const segmentsOf = (pattern: string): string[] => pattern.split('/').slice(1);

/** Whether some path fits both. */
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

/** Whether every path that `b` fits is one that `a` fits. */
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

/** Literals come before `*`, the end before `**`: what is part of another pattern comes before it. */
const weight = (segment: string | undefined) =>
  segment === undefined ? 1 : segment === '**' ? 3 : segment === '*' ? 2 : 0;

/** The order in which the gateway has to look at patterns so that the narrower one decides. */
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
 * Whether a path fits `pattern` that a prefix compared letter by letter would take as well: the last literal of `prefix`
 * with more letters behind it.
 */
export function matchesLetterPrefix(pattern: string, prefix: string): boolean {
  const wanted = segmentsOf(prefix).filter((segment) => segment !== '**');
  const last = wanted.length - 1;
  const have = segmentsOf(pattern);
  for (const [at, segment] of wanted.entries()) {
    const other = have[at];
    if (other === '**') return true;
    if (other === undefined) return false;
    if (at === last) return other === '*' || (other !== segment && other.startsWith(segment));
    if (segment !== '*' && other !== '*' && segment !== other) return false;
  }
  return false;
}

const LITERAL = /^[A-Za-z0-9\-._~!$&'()+,;=:@]+$/;

/** Whether the gateway takes these segments as they stand: no encoding, no dots alone, nothing that means something else. */
export function isLiteralPath(path: string): boolean {
  return path
    .split('/')
    .slice(1)
    .every((segment) => LITERAL.test(segment) && segment !== '.' && segment !== '..');
}

/** A pattern, and how far what it came from goes beyond it or falls short of it. */
export interface Pattern {
  path: string;
  letterPrefix?: boolean;
  widened?: boolean;
}

/** Patterns for a literal prefix that the original compares letter by letter; undefined for what no pattern can say. */
export function patternsForPrefix(prefix: string): Pattern[] | undefined {
  if (prefix === '/') return [{ path: '/**' }];
  const slash = prefix.endsWith('/');
  const bare = slash ? prefix.slice(0, -1) : prefix;
  if (!isLiteralPath(bare)) return undefined;
  // With the slash the original takes nothing beside it, but not the path without the slash either.
  return slash ? [{ path: `${bare}/**` }, { path: bare, widened: true }] : [{ path: `${bare}/**`, letterPrefix: true }];
}

/** One segment of a regular expression that stands for any segment. */
const ANY_SEGMENT = /^(?:\((?:\?:|\?<\w+>|\?P<\w+>)?)?\[\^\/\](?:\+|\{1,\})\)?$/;

function literalSegment(segment: string): string | undefined {
  if (ANY_SEGMENT.test(segment)) return '*';
  const ESCAPE = /\\([-._~!$&'()+,;=:@])/g;
  // A dot or a bracket that nothing escapes stands for something else than itself.
  if (/[.^$*+?()[\]{}|\\]/.test(segment.replace(ESCAPE, ''))) return undefined;
  const literal = segment.replace(ESCAPE, '$1');
  return isLiteralPath(`/${literal}`) ? literal : undefined;
}

/** Splits at slashes that stand in no bracket. */
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

/** Ends of expressions that say what a final `**` says. */
const WHOLE_SEGMENTS = /\((?:\?:)?(?:\/\|\$\)|\/\.\*\)\?\$)$/;

/** Patterns for an expression that begins at the start of the path; undefined for one that no pattern says exactly. */
export function patternsForRegExp(expression: string): Pattern[] | undefined {
  const anchored = expression.replace(/^\^/, '').replaceAll('\\/', '/');
  if (!anchored.startsWith('/')) return undefined;
  const whole = WHOLE_SEGMENTS.exec(anchored);
  if (whole) {
    const inner = splitSegments(anchored.slice(0, whole.index)).slice(1).map(literalSegment);
    return inner.some((segment) => segment === undefined) ? undefined : [{ path: `/${[...inner, '**'].join('/')}` }];
  }
  const either = anchored.endsWith('/?$');
  const exact = anchored.endsWith('$') && !anchored.endsWith('\\$');
  const open = /\/(?:\.\*|\(\.\*\))\$?$/.exec(anchored);
  const body = anchored.replace(either ? /\/\?\$$/ : open ? /(?:\.\*|\(\.\*\))\$?$/ : exact ? /\$$/ : /$^/, '');
  const slash = body.endsWith('/') && body.length > 1;
  const parts = splitSegments(slash ? body.slice(0, -1) : body).slice(1);
  const segments = parts.map(literalSegment);
  if (body === '/') return exact && !open ? undefined : [{ path: '/**' }];
  if (segments.some((segment) => segment === undefined)) return undefined;
  const path = `/${segments.join('/')}`;
  if (either) return [{ path }];
  if (slash && (open || !exact)) return [{ path: `${path}/**` }, { path, widened: true }];
  if (exact && !open) return [{ path, widened: true }];
  return [{ path: `${path}/**`, letterPrefix: segments.at(-1) !== '*' }];
}

/** Parts that stand for some segments and never for a slash: `\d+`, `[a-z]{2}`, `(?<id>\w+)`. */
const WITHIN_SEGMENT = /^(?:\((?:\?:|\?<\w+>|\?P<\w+>)?)?(?:\\[dw]|\[[\w\\-]+\])(?:[+?*]|\{\d+(?:,\d*)?\})?\)?$/;

/** The narrowest pattern that surely covers everything an expression may match. */
export function coveringPattern(expression: string): string {
  const exact = expression.endsWith('$') && !expression.endsWith('\\$');
  const body = expression.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\/', '/');
  const parts = splitSegments(body).slice(1);
  const known: string[] = [];
  for (const [at, part] of parts.entries()) {
    const segment = WITHIN_SEGMENT.test(part) ? '*' : literalSegment(part);
    // Without its end the last part may go on behind its letters, so it is not taken.
    if (segment === undefined || (at === parts.length - 1 && !exact)) return `/${[...known, '**'].join('/')}`;
    known.push(segment);
  }
  return `/${known.join('/')}`;
}

/** The ways in which upstreams are known to read one and the same path. */

/** What a server may do on its own to a path before it looks for a handler. */
interface Habits {
  /** `;parameters` stay, are cut from the raw segment, or are cut after decoding (RFC 3986 section 3.3). */
  readonly parameters: 'kept' | 'cut raw' | 'cut decoded';
  /** An encoded slash separates. */
  readonly splits: boolean;
  /** An encoded question mark or number sign ends the path. */
  readonly ends: boolean;
  /** Empty segments are dropped. */
  readonly collapses: boolean;
}

const MOST_LENIENT: Habits = { parameters: 'cut decoded', splits: true, ends: true, collapses: true };

/** Whether there is only one way to read the path: no empty segment, no parameter, no encoded delimiter. */
export function readable(path: string): boolean {
  return !path.includes('//') && !path.includes(';') && !/%(?:2f|3b|3f|23)/i.test(path);
}

/** Whether a server could take the decoded segment, or a part of it, for `.` or `..`. */
export function dotted(segment: string): boolean {
  if (!segment.includes('.') && !/[\u0080-\uffff]/.test(segment)) return false;
  // Compatibility forms (fullwidth full stop, two dot leader) are dots to a server that normalises Unicode.
  return segment
    .normalize('NFKC')
    .split(/[/\\]/)
    .some((part) => /^\s*\.{1,2}\s*$/.test(part.split(/[;?#]/, 1)[0] ?? ''));
}

/** The reading of the most lenient server. */
export function lenientReading(path: string): readonly string[] {
  return read(path, MOST_LENIENT);
}

/** Every reading of a path whose escapes are valid. Only habits that make a difference to this path are combined. */
export function* readings(path: string): Generator<readonly string[]> {
  const parameters: Habits['parameters'][] = ['kept'];
  if (path.includes(';')) parameters.push('cut raw');
  if (/;|%3b/i.test(path)) parameters.push('cut decoded');
  const splits = /%2f/i.test(path) ? [false, true] : [false];
  const ends = /%(?:3f|23)/i.test(path) ? [false, true] : [false];
  for (const p of parameters) {
    for (const s of splits) {
      for (const e of ends) {
        for (const collapses of [false, true]) yield read(path, { parameters: p, splits: s, ends: e, collapses });
      }
    }
  }
}

function read(path: string, habits: Habits): readonly string[] {
  let segments = path.slice(1).split('/');
  if (habits.parameters === 'cut raw') segments = segments.map(cutParameters);
  segments = segments.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
  if (habits.splits) segments = segments.flatMap((segment) => segment.split('/'));
  if (habits.ends) segments = cutTail(segments);
  if (habits.parameters === 'cut decoded') segments = segments.map(cutParameters);
  return habits.collapses ? segments.filter((segment) => segment !== '') : segments;
}

function cutParameters(segment: string): string {
  const start = segment.indexOf(';');
  return start < 0 ? segment : segment.slice(0, start);
}

function cutTail(segments: string[]): string[] {
  const last = segments.findIndex((segment) => /[?#]/.test(segment));
  if (last < 0) return segments;
  return [...segments.slice(0, last), (segments[last] ?? '').split(/[?#]/, 1)[0] ?? ''];
}

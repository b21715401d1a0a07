/** The ways in which upstreams are known to read one and the same path. */

/** What a server may do on its own to the segments of a path; returns the same array when it makes no difference. */
type Normalizer = (segments: readonly string[]) => readonly string[];

/** In the order in which a server would, each on top of any of those before it. The first one works on raw segments. */
const BEFORE_DECODING: Normalizer = eachSegment(cutParameters);
const AFTER_DECODING: readonly Normalizer[] = [
  eachSegment(decodedAgain),
  eachSegment(toCompatibilityForm),
  splitAtSlashes,
  cutTail,
  eachSegment(cutParameters),
  dropEmpty,
];

/** Whether there is only one way to read the path: no empty segment, parameter, escaped delimiter or percent sign, other letter. */
export function isUnambiguous(path: string, segments: readonly string[]): boolean {
  if (path.includes('//') || path.includes(';')) return false;
  if (!path.includes('%')) return true;
  return !/%(?:2[35f]|3[bf])/i.test(path) && segments.every((segment) => toCompatibilityForm(segment) === segment);
}

/** One or two dots with nothing else beside them, or what may turn into that: for nearly every segment there is no need to look closer. */
const MAYBE_DOTTED = /[%\u0080-\uffff]|(?:^|[\s/\\])\.{1,2}(?:[\s/\\;?#]|$)/;

/** Whether a server could take the decoded segment, or a part of it, for `.` or `..`. */
export function hasDotSegment(segment: string): boolean {
  if (!MAYBE_DOTTED.test(segment)) return false;
  return hasDots(segment) || (segment.includes('%') && hasDots(decodedAgain(segment)));
}

function hasDots(text: string): boolean {
  return toCompatibilityForm(text)
    .split(/[/\\]/)
    .some((part) => /^\s*\.{1,2}\s*$/.test(part.split(/[;?#]/, 1)[0] ?? ''));
}

/** The reading of the most lenient server. */
export function lenientInterpretation(path: string): readonly string[] {
  return AFTER_DECODING.reduce((segments, habit) => habit(segments), decode(BEFORE_DECODING(path.slice(1).split('/'))));
}

/** Every reading of a path whose escapes are valid; habits that make no difference to this path are left out. */
export function pathInterpretations(path: string): (readonly string[])[] {
  const raw = applyOptionally([path.slice(1).split('/')], BEFORE_DECODING);
  return AFTER_DECODING.reduce(applyOptionally, raw.map(decode));
}

/** What a server that decodes once more than it should makes of text that was decoded; broken escapes stay. */
export function decodedAgain(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function applyOptionally(known: readonly (readonly string[])[], habit: Normalizer): (readonly string[])[] {
  return known.flatMap((segments) => {
    const other = habit(segments);
    return other === segments ? [segments] : [segments, other];
  });
}

function eachSegment(change: (segment: string) => string): Normalizer {
  return (segments) => {
    const changed = segments.map(change);
    return changed.some((segment, at) => segment !== segments[at]) ? changed : segments;
  };
}

function decode(segments: readonly string[]): readonly string[] {
  return segments.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
}

const NOT_ASCII = /[\u0080-\uffff]/;

/** Compatibility forms (fullwidth letters and slashes, two dot leader) are the plain ones to a server that normalises Unicode. */
function toCompatibilityForm(segment: string): string {
  return NOT_ASCII.test(segment) ? segment.normalize('NFKC') : segment;
}

/** A slash that was encoded separates; so does the backslash that a compatibility form of it has become. */
function splitAtSlashes(segments: readonly string[]): readonly string[] {
  return segments.some((segment) => /[/\\]/.test(segment))
    ? segments.flatMap((segment) => segment.split(/[/\\]/))
    : segments;
}

/** A question mark or number sign that was encoded ends the path. */
function cutTail(segments: readonly string[]): readonly string[] {
  const last = segments.findIndex((segment) => /[?#]/.test(segment));
  return last < 0 ? segments : [...segments.slice(0, last), (segments[last] ?? '').split(/[?#]/, 1)[0] ?? ''];
}

/** RFC 3986 section 3.3: what follows a semicolon may be a parameter of the segment. */
function cutParameters(segment: string): string {
  const start = segment.indexOf(';');
  return start < 0 ? segment : segment.slice(0, start);
}

function dropEmpty(segments: readonly string[]): readonly string[] {
  return segments.includes('') ? segments.filter((segment) => segment !== '') : segments;
}

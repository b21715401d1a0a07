/** The ways in which servers are known to interpret the same path. */

/** A normalization that a server may apply to path segments; returns the same array if it changes nothing. */
type Normalizer = (segments: readonly string[]) => readonly string[];

/** In the order in which a server applies them, each after any of those before it. The first works on raw segments. */
const BEFORE_DECODING: Normalizer = eachSegment(removeParameters);
const AFTER_DECODING: readonly Normalizer[] = [
  eachSegment(decodeAgain),
  eachSegment(toPlainText),
  splitAtSlashes,
  removeQuery,
  eachSegment((segment) => trim(removeStream(removeParameters(segment)))),
  dropEmpty,
];

/**
 * Returns whether the path has one interpretation only: no empty segment, parameter, escaped delimiter, special letter, dot or
 * space at an end of a segment, or name that has a meaning of its own on Windows.
 */
export function isUnambiguous(path: string, segments: readonly string[]): boolean {
  if (path.includes('//') || path.includes(';') || path.includes('./') || path.endsWith('.')) return false;
  if (/:\$|~\d/.test(path)) return false;
  if (!path.includes('%')) return true;
  return !/%(?:2[35f]|3[bf])/i.test(path) && segments.every(isPlain);
}

const isPlain = (segment: string) => !/:\$|~\d/.test(segment) && trim(toPlainText(segment)) === segment;

/** One or two dots alone, or text that may become that. A quick check, which nearly every segment passes. */
const MAYBE_DOTTED = /[%\u0080-\uffff]|(?:^|[\s/\\])\.{1,2}(?:[\s/\\;?#]|$)/;

/** Returns whether a server could read the decoded segment, or a part of it, as `.` or `..`. */
export function hasDotSegment(segment: string): boolean {
  if (!MAYBE_DOTTED.test(segment)) return false;
  return hasDots(segment) || (segment.includes('%') && hasDots(decodeAgain(segment)));
}

function hasDots(text: string): boolean {
  return toPlainText(text)
    .split(/[/\\]/)
    .some((part) => /^\s*\.{1,2}\s*$/.test(part.split(/[;?#]/, 1)[0] ?? ''));
}

/** Returns the interpretation of the most lenient server. */
export function lenientInterpretation(path: string): readonly string[] {
  return AFTER_DECODING.reduce(
    (segments, normalize) => normalize(segments),
    decode(BEFORE_DECODING(path.slice(1).split('/'))),
  );
}

/** Returns every interpretation of a path with valid escapes; normalizations that change nothing are left out. */
export function pathInterpretations(path: string): (readonly string[])[] {
  const raw = applyOptionally([path.slice(1).split('/')], BEFORE_DECODING);
  return AFTER_DECODING.reduce(applyOptionally, raw.map(decode));
}

/** Decodes decoded text once more, as some servers do; broken escapes stay. */
export function decodeAgain(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function applyOptionally(
  interpretations: readonly (readonly string[])[],
  normalize: Normalizer,
): (readonly string[])[] {
  return interpretations.flatMap((segments) => {
    const normalized = normalize(segments);
    return normalized === segments ? [segments] : [segments, normalized];
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

/** A server that normalizes Unicode reads compatibility characters (fullwidth letters, two dot leader) as plain ones. */
function toPlainText(segment: string): string {
  return NOT_ASCII.test(segment) ? toPlainLetters(segment.normalize('NFKC')) : segment;
}

/** Characters without a width or a form of their own, which a server may drop: zero-width ones, soft hyphens, variation selectors. */
const IGNORABLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
const ASCII = /^[\0-\x7f]+$/;

/**
 * A server that compares without regard to case may read a letter as the ASCII letters that it folds to: dotless and dotted i,
 * long s, the Kelvin sign, sharp s. Letters that fold to others, such as `Ä`, stay as they are.
 */
function toPlainLetters(segment: string): string {
  return segment.replace(IGNORABLE, '').replace(/[^\0-\x7f]/gu, (letter) => {
    const folded = letter.toLowerCase().toUpperCase().toLowerCase().replace('\u0307', '');
    return ASCII.test(folded) ? folded : letter;
  });
}

/** Windows and some frameworks ignore dots and spaces at the end of a name, and spaces before it. */
function trim(segment: string): string {
  let end = segment.length;
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1]?.trim() === '')) end -= 1;
  return segment.slice(0, end).trimStart();
}

/** An encoded slash separates segments, and so does a backslash that resulted from a compatibility character. */
function splitAtSlashes(segments: readonly string[]): readonly string[] {
  return segments.some((segment) => /[/\\]/.test(segment))
    ? segments.flatMap((segment) => segment.split(/[/\\]/))
    : segments;
}

/** An encoded question mark or number sign ends the path. */
function removeQuery(segments: readonly string[]): readonly string[] {
  const end = segments.findIndex((segment) => /[?#]/.test(segment));
  return end < 0 ? segments : [...segments.slice(0, end), (segments[end] ?? '').split(/[?#]/, 1)[0] ?? ''];
}

/** RFC 3986 section 3.3: the text after a semicolon may be a parameter of the segment. */
function removeParameters(segment: string): string {
  const start = segment.indexOf(';');
  return start < 0 ? segment : segment.slice(0, start);
}

/** NTFS reads `name::$DATA`, `name:stream:$DATA` and `name:$I30:$INDEX_ALLOCATION` as the file or folder `name`. */
function removeStream(segment: string): string {
  const start = segment.indexOf(':');
  return start > 0 && segment.includes(':$', start) ? segment.slice(0, start) : segment;
}

function dropEmpty(segments: readonly string[]): readonly string[] {
  return segments.includes('') ? segments.filter((segment) => segment !== '') : segments;
}

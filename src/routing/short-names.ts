/** The short names (8.3) that Windows generates for long names, such as `ADMINI~1` for `administration`. */

/** Up to six characters of the long name, a number, and up to three characters of its extension. */
const SHORT_NAME = /^([^~.]{1,6})~\d{1,6}(?:\.[^.]{0,3})?$/;
/** After a few names with the same start, Windows takes two characters and a checksum. */
const HASHED = /^(..)[0-9a-f]{4}$/;

/** Returns whether the segment has the form of a short name. */
export const isShortName = (segment: string): boolean => SHORT_NAME.test(segment);

/** Returns whether the segment may be the short name of a name in lower case. */
export function mayBeShortNameOf(segment: string, name: string): boolean {
  const start = SHORT_NAME.exec(segment)?.[1]?.toLowerCase();
  if (start === undefined) return false;
  // Windows drops dots and spaces, and replaces what short names may not contain.
  const plain = name.replace(/[.\s]/g, '').replace(/[+,;=[\]]/g, '_');
  return plain.startsWith(start) || plain.startsWith(HASHED.exec(start)?.[1] ?? start);
}

/** Whether a server may read the segment as the name, which is in lower case. */
export const mayBeName = (segment: string, name: string): boolean =>
  segment.toLowerCase() === name || mayBeShortNameOf(segment, name);

/** Recognizes what some upstreams append to a complete response: a line break, or an end of chunks. */

const LEFTOVERS = ['\r\n', '0\r\n\r\n'];

/** Returns whether the text is a leftover or the start of one; undefined when it is neither. */
export function matchLeftover(text: string): 'whole' | 'start' | undefined {
  if (LEFTOVERS.includes(text)) return 'whole';
  return LEFTOVERS.some((leftover) => leftover.startsWith(text)) ? 'start' : undefined;
}

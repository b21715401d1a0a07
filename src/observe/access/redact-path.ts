/** Removes values from paths: IDs, names of persons, tokens and file names with a hash. */

/** A word of an API or a site, such as `orders`, `line-items` or `favicon.ico`. */
const WORD = /^[a-z]+(?:[-_.][a-z]+)*$/;
const MAX_WORD_LENGTH = 24;
const MAX_LENGTH = 256;

/** Returns the path with `*` in place of every segment that is not a short word in lower case. */
export function redactPath(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment === '' || (segment.length <= MAX_WORD_LENGTH && WORD.test(segment)) ? segment : '*'))
    .join('/')
    .slice(0, MAX_LENGTH);
}

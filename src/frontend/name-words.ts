/** Tells names that people write, such as `DarkMode`, `A11yMenu` or `RTLSTYLE`, from random characters. */

/** Groups of consonants with which an English syllable begins. */
const CLUSTER = '(?:qu|[bcfgps]l|[bcdfgptw]r|[cgpstw]h|s[ckmnptw]|[dt]w|kn|gn|ps|thr|shr|sch|s[cpt]r|spl)';
/** A word without groups of consonants that are hard to pronounce: `style`, `viewer`, `script`, but not `diwrg`. */
const WORD = new RegExp(
  `^(?:[bcdfghjklmnprstvwxyz]|${CLUSTER})?[aeiouy]{1,3}` +
    `(?:(?:[^aeiouy]{1,2}|[^aeiouy]${CLUSTER})[aeiouy]{1,3})*` +
    '(?:[^aeiouy][hkst]?|[lmnrs][^aeiouy]|([^aeiouy])\\1)?s?$',
);

/** Whether text in lower case reads as a word, or as two of them such as `darkmode`. */
function readsAsWord(text: string): boolean {
  if (WORD.test(text)) return true;
  for (let split = 3; split <= text.length - 3; split += 1)
    if (WORD.test(text.slice(0, split)) && WORD.test(text.slice(split))) return true;
  return false;
}

/** Whether text in lower case is a word of 5 letters with abbreviations around it: `rtlstyle`, `loginbtn`. */
function holdsWord(text: string): boolean {
  const [prefix = ''] = /^[^aeiouy]*/.exec(text) ?? [];
  const [suffix = ''] = /[^aeiouy]*$/.exec(text) ?? [];
  for (let start = 0; start < Math.max(prefix.length, 1); start += 1)
    for (let end = text.length; end >= Math.max(start + 5, text.length - suffix.length); end -= 1)
      if (readsAsWord(text.slice(start, end))) return true;
  return false;
}

/** Enough to read the whole as a name. */
const TELLING = 5;

/**
 * How much a token makes its text readable; undefined if it cannot be read. Abbreviations count in `WebGL` and as the unit in
 * `60fps`.
 */
function weightOf(token: string, previous: string): number | undefined {
  if (/^\d/.test(token)) return [0, 0, 3][token.length] ?? TELLING;
  const lower = token.toLowerCase();
  const isCapital = token === token.toUpperCase();
  if (token.length >= 3 && readsAsWord(lower)) return token.length === 3 ? 3 : TELLING;
  if (isCapital && holdsWord(lower)) return TELLING;
  if (token.length < 3) return /^[A-Z]{2}$/.test(token) && /[a-z]$/.test(previous) ? 2 : 0;
  if (isCapital ? token.length > 3 : /[aeiouy]/.test(lower) || token.length > 4) return undefined;
  return /^\d\d/.test(previous) ? token.length : 0;
}

/** The words, abbreviations and numbers of a name: `GLTF` and `Load`, `V`, `2` and `Update`. */
export const tokensOf = (text: string): string[] => text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [];

/**
 * Whether text reads as a name: it holds a word of 4 letters or a number of 3 digits, or nothing but shorter words, numbers
 * and abbreviations.
 */
export function readsAsName(text: string): boolean {
  const weights = text.split(/[-_]/).flatMap((piece) => {
    // A language or a region: en_US.
    if (/^(?:[a-z]{2}|[A-Z]{2})$/.test(piece)) return 3;
    const tokens = tokensOf(piece);
    return tokens.map((token, index) => weightOf(token, tokens[index - 1] ?? ''));
  });
  if (weights.some((weight) => weight !== undefined && weight >= TELLING)) return true;
  return !weights.includes(undefined) && weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0) >= TELLING;
}

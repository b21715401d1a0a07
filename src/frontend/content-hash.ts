/** Recognizes file names with a content hash, as bundlers write them: the content under such a name never changes. */

/** Extensions of documents and data, which bundlers do not name by a base64url or base32 hash. */
const DOCUMENT = /^(?:html?|json5?|md|pdf|txt|webmanifest|xml|ya?ml|csv)$/i;
/** Extensions of bundled code. Only here may a hash consist of letters alone. */
const CODE = /^(?:m?js|css|map)$/i;
/** A date such as 20240115, which would pass for a hash. */
const DATE = /^(?:19|20)\d\d[01]\d[0-3]\d/;
/** The sounds with which an English word begins. */
const ONSET =
  /^(?:[bcdfghjklmnprstvwxyz]|qu|[bcfgps]l|[bcdfgptw]r|[cgpstw]h|s[ckmnptw]|[dt]w|kn|gn|ps|thr|shr|sch|s[cpt]r|spl)?[aeiouy]/i;

/** The words of a camel-case name without its digits, such as `Dark` and `Mode`. */
const wordsOf = (text: string) => text.match(/[A-Z]?[a-z]+|[A-Z]+/g) ?? [];

/** Whether the text reads as a name such as `DarkMode`, `Version2` or `SETTINGS`. */
function readsAsName(text: string): boolean {
  if (/[-_]|^\d|\d[A-Z]+\d*$/.test(text)) return false;
  return wordsOf(text.replace(/^[a-z](?=[A-Z])/, '')).every(
    (word) => word.length > 1 && ONSET.test(word) && !/[^aeiouy]{5}/i.test(word),
  );
}

/** 8 to 64 hexadecimal digits (webpack, Parcel, Rspack, Next.js). */
function isHexHash(text: string): boolean {
  const shape = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{8,64}$/.test(text);
  return shape && !DATE.test(text) && !/^(?:[a-f]{3,}\d+|\d+[a-f]{3,})$/.test(text);
}

/** 8 characters of base64url (Vite, Rollup, SvelteKit, Nuxt, Astro) or of base32 (esbuild, Angular). */
function isShortHash(text: string, extension: string): boolean {
  const base32 = /^[A-Z2-7]{8}$/.test(text);
  const base64 = /^(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{8}$/.test(text);
  if ((!base32 && !base64) || DOCUMENT.test(extension) || readsAsName(text)) return false;
  return /\d/.test(text) || CODE.test(extension);
}

/**
 * Whether a file name holds a content hash: between dots, or behind a hyphen or underscore. In doubt it does not: browsers
 * then revalidate the file, whereas a name that is wrongly taken for a hash would stay stale for a year.
 */
export function hasContentHash(name: string): boolean {
  const [extension = '', ...parts] = name.split('.').reverse();
  if (/^html?$/i.test(extension)) return false;
  return parts.some((part) => {
    const hex = part.split(/[-_]/).at(-1) ?? '';
    const short = part.length === 8 ? part : /[-_](.{8})$/.exec(part)?.[1];
    return isHexHash(hex) || (short !== undefined && isShortHash(short, extension));
  });
}

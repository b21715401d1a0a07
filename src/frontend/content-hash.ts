/** Recognizes file names with a content hash, as bundlers write them: the content under such a name never changes. */

/** Folders that bundlers fill: Vite, Nuxt, Astro, SvelteKit, Next.js, Create React App. */
const BUILD_FOLDER = /(?:^|\/)(?:assets|_nuxt|_astro|_app\/immutable|_next\/static|static\/(?:js|css|media))\//;
/** Extensions of documents and data, which bundlers do not name by a short hash. */
const DOCUMENT = /^(?:html?|json5?|md|pdf|txt|webmanifest|xml|ya?ml|csv)$/i;
/** Extensions of bundled code. Only here may a hash consist of letters alone. */
const CODE = /^(?:m?js|css|map)$/i;
/** A date such as 20240115, which would pass for a hash. */
const DATE = /^(?:19|20)\d\d[01]\d[0-3]\d/;
/** The ID of an object, whose content may change. */
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
/** The files that esbuild and Angular write to the root folder; the hash is of base32. */
const ESBUILD = /^(?:chunk|main|polyfills|scripts|styles)-([A-Z2-7]{8})$/;
/** The sounds with which an English word begins. */
const ONSET =
  /^(?:[bcdfghjklmnprstvwxyz]|qu|[bcfgps]l|[bcdfgptw]r|[cgpstw]h|s[ckmnptw]|[dt]w|kn|gn|ps|thr|shr|sch|s[cpt]r|spl)?[aeiouy]/i;

/** The words, acronyms and numbers of a name: `GLTF` and `Load`, `V`, `2` and `Update`. */
const tokensOf = (text: string) => text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [];

const readsAsWord = (text: string) => text.length > 1 && ONSET.test(text) && !/[^aeiouy]{5}/i.test(text);

/** Whether the text reads as a name such as `DarkMode`, `HTMLView`, `McDonald`, `V2Update` or `en_US_v2`. */
function readsAsName(text: string): boolean {
  return text.split(/[-_]/).every((piece) => {
    if (/^[a-z]{2}$/.test(piece)) return true;
    const tokens = tokensOf(piece.replace(/^[a-z](?=[A-Z\d])/, ''));
    if (tokens.length === 0 || tokens.filter((token) => /\d/.test(token)).length > 1) return false;
    return tokens.every((token) => /^(?:\d+|[A-Z]{1,5}|Ma?c)$/.test(token) || readsAsWord(token));
  });
}

/** 8 to 64 hexadecimal digits (webpack, Parcel, Rspack, Next.js). */
function isHexHash(text: string, extension: string, isBuilt: boolean): boolean {
  if (!/^[0-9a-f]{8,64}$/.test(text) || DATE.test(text)) return false;
  // Digits 0 and 1 alone would also be letters of a word: 0badc0de, 1e10f00d.
  if (!/\d.*\d/.test(text) || !/[a-f].*[a-f]/.test(text) || !/[2-9]/.test(text)) return false;
  if (text.length >= 16) return true;
  const runs = text.match(/\d+|[a-f]+/g)?.length ?? 0;
  return !DOCUMENT.test(extension) && runs >= (isBuilt ? 3 : 5);
}

/** 8 characters of base64url (Vite, Rollup, SvelteKit, Nuxt, Astro). */
function isBase64Hash(text: string, extension: string, isBuilt: boolean): boolean {
  if (!/^(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{8}$/.test(text) || DOCUMENT.test(extension)) return false;
  if (isBuilt) return (/\d/.test(text) || CODE.test(extension)) && !readsAsName(text);
  return /\d/.test(text) && tokensOf(text).length >= 6;
}

/** Base32 of esbuild: not a word, and no number at its end. */
const isBase32Hash = (text: string) => /^\d|\d[A-Z]/.test(text) || !readsAsWord(text.replace(/\d+$/, ''));

/**
 * Whether the name of a file holds a content hash: between dots, or behind a hyphen or underscore. `path` is relative to the
 * folder of the front end. Outside the folders of bundlers only a name that can hardly be anything else counts: browsers
 * revalidate other files, whereas a name that is wrongly taken for a hash would stay stale for a year.
 */
export function hasContentHash(path: string): boolean {
  const isBuilt = BUILD_FOLDER.test(path);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const [extension = '', ...parts] = name.split('.').reverse();
  if (/^html?$/i.test(extension) || UUID.test(name)) return false;
  return parts.some((part) => {
    const hex = part.split(/[-_]/).at(-1) ?? '';
    const base64 = part.length === 8 ? part : /[-_](.{8})$/.exec(part)?.[1];
    const base32 = CODE.test(extension) ? ESBUILD.exec(part)?.[1] : undefined;
    return (
      isHexHash(hex, extension, isBuilt) ||
      (base64 !== undefined && isBase64Hash(base64, extension, isBuilt)) ||
      (base32 !== undefined && isBase32Hash(base32))
    );
  });
}

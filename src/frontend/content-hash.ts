/** Recognizes file names with a content hash, as bundlers write them: the content under such a name never changes. */

import { readsAsName, tokensOf } from './name-words.ts';

/** Folders that hold nothing but the output of a bundler: Nuxt, Astro, SvelteKit, Next.js. */
const OUTPUT_FOLDER = /(?:^|\/)(?:_nuxt|_astro|_app\/immutable|_next\/static)\//;
/** Folders of bundlers in which an app may also keep files under their own names: Vite, Create React App. */
const SHARED_FOLDER = /(?:^|\/)(?:assets|static\/(?:js|css|media))\//;
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
/** Numbers of hexadecimal digits that bundlers write. IDs of objects often have 24. */
const HEX_LENGTHS: readonly number[] = [8, 10, 12, 16, 20, 32, 40, 64];
/** Digits of the hash of webpack, which also writes it without a name. */
const WEBPACK_LENGTH = 20;

/** A part of a file name that may be a hash, and what surrounds it. */
interface Part {
  readonly text: string;
  readonly extension: string;
  /** Whether the folder is one of a bundler. */
  readonly isBuilt: boolean;
}

/** Hexadecimal digits (webpack, Parcel, Rspack, Next.js). */
function isHexHash({ text, extension, isBuilt }: Part): boolean {
  if (!/^[0-9a-f]+$/.test(text) || !HEX_LENGTHS.includes(text.length) || DATE.test(text)) return false;
  // Digits 0 and 1 alone would also be letters of a word: 0badc0de, 1e10f00d.
  if (!/\d.*\d/.test(text) || !/[a-f].*[a-f]/.test(text) || !/[2-9]/.test(text)) return false;
  if (text.length >= 16) return true;
  const runs = text.match(/\d+|[a-f]+/g)?.length ?? 0;
  return !DOCUMENT.test(extension) && runs >= (isBuilt ? 3 : 5);
}

/** 8 characters of base64url (Vite, Rollup, SvelteKit, Nuxt, Astro). */
function isBase64Hash({ text, extension, isBuilt }: Part): boolean {
  if (!/^(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{8}$/.test(text) || DOCUMENT.test(extension)) return false;
  if (!/\d/.test(text) && !(isBuilt && CODE.test(extension))) return false;
  return !readsAsName(text) && (isBuilt || tokensOf(text).length >= 6);
}

/** Whether a part between dots is a hash, or holds one behind a hyphen or underscore. `isFirst` if no name stands before it. */
function holdsHash(part: Part, isFirst: boolean, isOutput: boolean): boolean {
  const { text, extension, isBuilt } = part;
  const last = text.split(/[-_]/).at(-1) ?? '';
  const mayBeBare = isOutput || !isFirst;
  // Behind a hyphen, digits outside the folders of bundlers are rather the ID of an object.
  const isPlaced = last === text ? mayBeBare || text.length === WEBPACK_LENGTH : isBuilt;
  if (isPlaced && isHexHash({ ...part, text: last })) return true;
  const base64 = text.length === 8 && mayBeBare ? text : /.[-_](.{8})$/.exec(text)?.[1];
  if (base64 !== undefined && isBase64Hash({ ...part, text: base64 })) return true;
  const base32 = CODE.test(extension) ? ESBUILD.exec(text)?.[1] : undefined;
  return base32 !== undefined && !readsAsName(base32);
}

/**
 * Whether the name of a file holds a content hash: between dots, or behind a hyphen or underscore. `path` is relative to the
 * folder of the front end. Only a name that can hardly be anything else counts: browsers revalidate other files, whereas a
 * name that is wrongly taken for a hash would stay stale for a year.
 */
export function hasContentHash(path: string): boolean {
  const isOutput = OUTPUT_FOLDER.test(path);
  const isBuilt = isOutput || SHARED_FOLDER.test(path);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const parts = name.split('.');
  const extension = parts.pop() ?? '';
  if (/^html?$/i.test(extension) || UUID.test(name)) return false;
  return parts.some((text, index) => holdsHash({ text, extension, isBuilt }, index === 0, isOutput));
}

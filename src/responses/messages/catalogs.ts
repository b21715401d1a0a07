/** The languages that the pages have, by their BCP 47 tag. */
import { de } from './de.ts';
import { en, type MessageKey, type Messages } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';

export type { MessageKey, Messages };

/** Built-in texts; the first language is the one for a browser that accepts none of them. */
export const CATALOGS: Readonly<Record<string, Messages>> = { en, de, fr, es };

/** Every key of a text. */
export const MESSAGE_KEYS = Object.keys(en) as readonly MessageKey[];

/** The names in braces that a text fills in, in alphabetical order. */
export const placeholdersOf = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();

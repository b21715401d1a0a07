/** Chooses the language of a page by what the browser accepts (RFC 9110 section 12.5.4). */
import type { IncomingMessage } from 'node:http';
import accepts from 'accepts';
import { createLruCache } from '../base/lru.ts';
import { firstRanges } from '../base/media-type.ts';
import { CATALOGS, type Messages } from './messages/catalogs.ts';

export interface Language {
  /** BCP 47 tag, for `lang` and `Content-Language`. */
  readonly tag: string;
  /** Writing direction. */
  readonly dir: 'ltr' | 'rtl';
  readonly messages: Messages;
}

/** Texts of further languages, or other texts of built-in ones; keys that are left out are built-in ones. */
export type OwnMessages = Readonly<Record<string, Readonly<Partial<Messages>>>>;

/** Returns the language for the value of `Accept-Language`. */
export type ChooseLanguage = (acceptLanguage: string | undefined) => Language;

/** Scripts that are written from right to left (Unicode, ISO 15924). */
const RIGHT_TO_LEFT = new Set(['Adlm', 'Arab', 'Hebr', 'Mand', 'Nkoo', 'Rohg', 'Samr', 'Syrc', 'Thaa', 'Yezi']);

const MAX_REMEMBERED = 500;
/** Browsers send far less. The time for a header grows with its ranges, and one as long as the head of a request holds thousands. */
const MAX_LENGTH = 500;

/** The locale with its most likely script and region: `zh-TW` is `zh-Hant-TW`; undefined for text that is no tag. */
function likely(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag).maximize();
  } catch {
    return undefined;
  }
}

/** Names under which a language matches, the most exact first: a reader of one script may not read another. */
function namesOf(tag: string): string[] {
  const { language, script, region } = likely(tag) ?? {};
  return [tag, `${language}-${script}-${region}`, `${language}-${script}`].map((name) => name.toLowerCase());
}

function languageOf(tag: string, own: OwnMessages, fallback: Messages): Language {
  const { language, script = '' } = likely(tag) ?? {};
  const builtIn = CATALOGS[tag] ?? CATALOGS[language ?? ''] ?? fallback;
  return {
    tag,
    dir: RIGHT_TO_LEFT.has(script) ? 'rtl' : 'ltr',
    messages: { ...builtIn, ...own[tag] },
  };
}

/** The built-in languages, and those that have texts of their own. */
export const availableLanguages = (own: OwnMessages = {}): string[] => [
  ...new Set([...Object.keys(CATALOGS), ...Object.keys(own)]),
];

/** Creates the choice among languages. The first tag is the language for a browser that accepts none of them. */
export function createChooseLanguage(own: OwnMessages = {}, tags = availableLanguages(own)): ChooseLanguage {
  const { en } = CATALOGS as { en: Messages };
  const languages = tags.map((tag) => languageOf(tag, own, en));
  const [first = languageOf('en', own, en)] = languages;
  const byName = new Map<string, Language>();
  for (const rank of [0, 1, 2])
    for (const language of languages) {
      const name = namesOf(language.tag)[rank] ?? '';
      if (!byName.has(name)) byName.set(name, language);
    }
  const remembered = createLruCache<Language>(MAX_REMEMBERED);

  function choose(header: string): Language {
    // Only this header is read.
    const accept = accepts({ headers: { 'accept-language': header } } as IncomingMessage);
    // Each range once: a header may repeat the wildcard, which is compared with every language.
    for (const range of new Set(accept.languages())) {
      const found =
        range === '*'
          ? languages.find(({ tag }) => accept.languages([tag]) !== false)
          : namesOf(range)
              .map((name) => byName.get(name))
              .find((language) => language !== undefined);
      if (found) return found;
    }
    return first;
  }

  return function chooseLanguage(acceptLanguage) {
    if (acceptLanguage === undefined) return first;
    const header = firstRanges(acceptLanguage, MAX_LENGTH);
    const known = remembered.get(header);
    if (known) return known;
    const language = choose(header);
    remembered.set(header, language);
    return language;
  };
}

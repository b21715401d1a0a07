/** What templates call for text: sentences of the language of a page, and points in time as a person reads them. */
import type { Language } from './languages.ts';
import type { MessageKey } from './messages/catalogs.ts';

type Values = Readonly<Record<string, string | number>>;

export interface Texts {
  /** The text with its values filled in; templates escape it. */
  t(key: MessageKey, values?: Values): string;
  /** The text before and after a place that the template fills in with elements. */
  around(key: MessageKey, place: string, values?: Values): [before: string, after: string];
  /** Date and time of an ISO 8601 text, with the name of the zone. */
  time(text: string): string;
}

const fill = (text: string, values: Values, [start, end]: readonly [string, string]) =>
  text.replaceAll(/\{(\w+)\}/g, (_placeholder, name: string) => start + String(values[name] ?? '') + end);

/** Around a value in text from right to left, such as an address: it keeps its own direction (Unicode UAX 9, isolates). */
const ISOLATE = { ltr: ['', ''], rtl: ['\u2068', '\u2069'] } as const;

/** Creates the texts of a language; `timeZone` is that of the times, an IANA name. */
export function createTexts({ tag, dir, messages }: Language, timeZone: string): Texts {
  const format = new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  });
  /** The types of keys do not reach own templates. */
  function textOf(key: MessageKey): string {
    const text: string | undefined = messages[key];
    if (text === undefined) throw new Error(`there is no text ${key}`);
    return text;
  }
  return {
    t: (key, values = {}) => fill(textOf(key), values, ISOLATE[dir]),
    around(key, place, values = {}) {
      const [before = '', after = ''] = textOf(key).split(`{${place}}`);
      return [fill(before, values, ISOLATE[dir]), fill(after, values, ISOLATE[dir])];
    },
    time(text) {
      const date = new Date(text);
      return Number.isNaN(date.getTime()) ? text : format.format(date);
    },
  };
}

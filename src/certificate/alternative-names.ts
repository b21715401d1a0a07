/** Parses the subject alternative names of a certificate, as Node prints them. */

/** The names by type; DNS names and the domains of e-mail addresses are in lower case. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly string[];
}

export type NameType = keyof AlternativeNames;

const NONE: AlternativeNames = { dns: [], uri: [], email: [] };
const TYPES: Readonly<Record<string, NameType>> = { DNS: 'dns', URI: 'uri', email: 'email' };

/** One entry: a type, and a value that Node writes as a JSON string if it could be taken for several entries. */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** The one spelling in which names of a type are compared (RFC 5280 sections 4.2.1.6 and 7). */
export function normalizeName(type: NameType, name: string): string {
  if (type === 'dns') return name.toLowerCase();
  if (type === 'uri') return name;
  const at = name.lastIndexOf('@');
  return name.slice(0, at + 1) + name.slice(at + 1).toLowerCase();
}

/** Returns the names; none at all if any part of the text is not understood. */
export function parseAlternativeNames(text: string | undefined): AlternativeNames {
  if (text === undefined) return NONE;
  const names: Record<NameType, string[]> = { dns: [], uri: [], email: [] };
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, label = '', value = ''] = ENTRY.exec(text) ?? [];
    // After a failed match lastIndex is 0, so the loop would start again.
    if (label === '') return NONE;
    const type = TYPES[label];
    if (type !== undefined) names[type].push(normalizeName(type, unquoted(value)));
  }
  return names;
}

const unquoted = (value: string) => (value.startsWith('"') ? String(JSON.parse(value)) : value);

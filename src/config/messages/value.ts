/** Names the values of a configuration in messages, without repeating a secret. */
import { shown, withoutCredentials } from '../fields/value-faults.ts';
import type { Path } from '../validate/faults.ts';

/** Names of options that hold a secret, in any section. */
const SECRETS = new Set(['clientSecret', 'privateKey', 'password', 'sentinelPassword', 'secret', 'value']);

/** Whether the value of an option may be a secret. */
export const isSecretPath = (path: Path) =>
  path[0] === 'secrets' || path.some((part) => typeof part === 'string' && SECRETS.has(part));

/** Whether the name of an entry is free, as that of a header: it may be equal to that of an option with a meaning. */
export const isFreeName = (path: Path) =>
  path.at(-2) === 'claimHeaders' ||
  ((path.at(-2) === 'set' || path.at(-2) === 'add') && CHANGED.some((option) => path.at(-3) === option));

/** Options of a route whose changes have free names. */
const CHANGED = ['requestHeaders', 'responseHeaders', 'query'] as const;

/** Whether an option itself is a secret; `value` is one of a key only. */
export function isSecretOption(path: Path): boolean {
  const name = path.at(-1);
  if (typeof name !== 'string' || isFreeName(path)) return false;
  return name === 'value' ? path.includes('secrets') : SECRETS.has(name);
}

/** `option: value` as a line of the file, for a hint; dots stand for a secret. */
export const lineOf = (path: Path, value: string) =>
  `${path.at(-1)}: ${isSecretPath(path) ? '...' : withoutCredentials(value)}`;

/** An option and its value that were written without a space after the colon, such as `port:3000`; no URL. */
export function unspaced(text: string): { option: string; value: string } | undefined {
  const [, option, value] = /^([A-Za-z]\w*):(\S+)$/.exec(text) ?? [];
  return option === undefined || value === undefined || value.startsWith('//') ? undefined : { option, value };
}

/** Whether a value is text, a number or a boolean. */
export const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A value as the subject of a sentence: itself if it is short and no secret, otherwise its type. */
export function nameOf(value: unknown, path: Path): string {
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (!isScalar(value)) return typeof value === 'object' ? 'a group of options' : `a ${typeof value}`;
  if (!isSecretPath(path)) return shown(value);
  return typeof value === 'string' ? 'this text' : `this ${typeof value}`;
}

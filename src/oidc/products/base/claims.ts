/** Reads claims: paths, strings, numbers and lists, without trusting the shape of any value. */
import type { Claims } from './facts.ts';

/** Whether the value is a JSON object. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value says nothing: null, a blank string or an empty list. */
export function isEmptyValue(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'string') return value.trim() === '';
  return Array.isArray(value) && value.length === 0;
}

/** The claims without empty ones: providers send an optional claim that does not apply as null, as `""` or as `[]`. */
export const presentClaims = (claims: Claims): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => !isEmptyValue(value)));

/**
 * The claim at a path such as `realm_access.roles`. A claim name can contain dots itself
 * (`https://example.com/roles`): the longest name that exists wins.
 */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const inner = Object.hasOwn(claims, name) ? claims[name] : undefined;
    const found = isRecord(inner) ? claimAt(inner, path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value if it is a string, else undefined. */
export const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The value if it is a finite number, else undefined. */
export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** The strings of a string or a list. A list that contains anything else counts as empty, so that it grants nothing. */
export function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : [];
}

/**
 * The words of a space-separated string (RFC 6749 section 3.3), or of a list with one word for each entry, which some
 * providers issue. Empty for any other value, also for a list that contains anything else.
 */
export function wordsOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : stringsOf(value);
}

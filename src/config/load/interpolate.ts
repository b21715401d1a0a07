/** Substitution of `${NAME}` and `${NAME:-default}` in the strings of a configuration. */
import type { Finding, Path } from '../validate/faults.ts';
import { createTextTyper, withoutLineEnd } from './text-value.ts';

export interface Interpolation {
  value: unknown;
  /** Names of the environment variables that the strings refer to. */
  referenced: Set<string>;
  findings: Finding[];
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Replaces the references in every string, and types the result as its option requires; `$${` is a literal `${`. */
export function interpolate(input: unknown, env: Readonly<Record<string, string | undefined>>): Interpolation {
  const referenced = new Set<string>();
  const findings: Finding[] = [];
  const replaceIn = (text: string, path: Path) =>
    text.replace(REFERENCE, (match, name?: string, fallback?: string) => {
      if (match === '$${' || name === undefined) return '${';
      referenced.add(name);
      const text = env[name] === undefined ? undefined : withoutLineEnd(env[name]);
      // As in a shell: the default also replaces an empty value.
      const value = text === undefined || text === '' ? (fallback ?? text) : text;
      if (value === undefined)
        findings.push({
          path,
          message: `the environment variable ${name} is not set`,
          hint: `set it, or write \${${name}:-default}`,
        });
      return value ?? '';
    });
  const typed = createTextTyper();
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return value.includes('${') ? typed(replaceIn(value, path), path) : value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { value: walk(input, []), referenced, findings };
}

/** `${NAME}` and `${NAME:-default}` inside the strings of a configuration. */
import type { Finding, Path } from '../validate/faults.ts';

export interface Interpolated {
  value: unknown;
  /** Names that the text refers to. */
  used: Set<string>;
  findings: Finding[];
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Replaces the references in every string; `$${` stands for a plain `${`. */
export function interpolate(input: unknown, env: Readonly<Record<string, string | undefined>>): Interpolated {
  const used = new Set<string>();
  const findings: Finding[] = [];
  const inText = (text: string, path: Path) =>
    text.replace(REFERENCE, (match, name?: string, fallback?: string) => {
      if (match === '$${' || name === undefined) return '${';
      used.add(name);
      const found = env[name] ?? fallback;
      if (found === undefined) findings.push({ path, message: `the environment variable ${name} is not set` });
      return found ?? '';
    });
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return inText(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { value: walk(input, []), used, findings };
}
